"""The runs of a table: their headings, their rows under a layout's names, and sweeps of a degradation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import pandas as pd

from fsrbench.errors import UserError
from fsrbench.reports.short_names import row_names
from fsrbench.reports.tables.layout import Layout, hint
from fsrbench.reports.tables.notes import declared_methods, degradation_text, display_name
from fsrbench.runs.data import RunData
from fsrbench.runs.manifest import section
from fsrbench.runs.names import BOUNDS
from fsrbench.runs.sweep import sweep


@dataclass(frozen=True)
class Source:
    """A run in a table."""

    run: RunData
    label: str = ""
    """The heading of its columns; empty for a single run."""

    @property
    def methods(self) -> list[str]:
        """All methods that were requested of the run or have rows in it."""
        return list(dict.fromkeys([*self.run.methods, *declared_methods(self.run)]))


def open_runs(texts: Sequence[str], titles: Mapping[str, str] | None = None) -> list[Source]:
    """Read runs.

    Args:
        texts: their folders, each as ``RUN`` or ``NAME=RUN``.
        titles: headings by NAME, or by the folder's name if there is no NAME.

    Returns:
        The runs, headed by title, else NAME, else dataset and degradation, and the task if the runs differ in it. A
        single run without NAME and title has no heading.

    Raises:
        UserError: a folder is no run, two runs have the same heading, or a title fits none of them.
    """
    named_folders = [_named_folder(text) for text in texts]
    titles = titles or {}
    keys = [name or path.resolve().name for name, path in named_folders]
    for title in titles:
        if title not in keys:
            raise UserError(f"runs: no run {title!r}; {hint(title, keys)}")
    runs = [RunData.load(path) for _, path in named_folders]
    own = _own_labels(runs) if len(runs) > 1 else [""]
    labels = [titles.get(key) or name or label for key, (name, _), label in zip(keys, named_folders, own, strict=True)]
    for label in labels:
        if labels.count(label) > 1:
            raise UserError(f"two runs are headed {label!r}: name them, as in NAME=RUN")
    return [Source(run, label) for run, label in zip(runs, labels, strict=True)]


def _named_folder(text: str) -> tuple[str, Path]:
    name, equals, path = text.partition("=")
    if not equals or not name or Path(text).exists():
        return "", Path(text)
    return name, Path(path)


def _own_labels(runs: Sequence[RunData]) -> list[str]:
    """Dataset and degradation; the task if it differs, and the folder's name if the labels are still equal."""
    labels = [f"{display_name(run.manifest.get('dataset'))}, {degradation_text(run)}" for run in runs]
    tasks = [str(run.manifest.get("task")) for run in runs]
    if len(set(tasks)) > 1:
        labels = [f"{label}, {task}" for label, task in zip(labels, tasks, strict=True)]
    return [
        f"{label} ({run.path.resolve().name})" if labels.count(label) > 1 else label
        for label, run in zip(labels, runs, strict=True)
    ]


def names_in(sources: Sequence[Source]) -> dict[str, str]:
    """The name shown for each method of runs side by side, unless a layout names it."""
    return row_names(name for source in sources for name in source.methods)


def arranged(run: RunData, layout: Layout, names: Mapping[str, str] | None = None) -> RunData:
    """The run restricted to the layout's methods, in its order, with its names of methods and metrics, and its digits.

    Everything made from it, notes and protocols included, then uses the table's names.

    Args:
        run: the run.
        layout: what is shown; methods that it does not name are shown by their ``names``.
        names: by default :func:`names_in` of this run.
    """
    manifest = dict(run.manifest)
    metrics = {m.name: {"title": m.title, "digits": m.digits} for m in layout.metrics or () if m.name in run.metrics}
    if metrics:
        manifest["metrics"] = dict(section(manifest, "metrics")) | {
            name: run.entry("metrics", name) | {key: value for key, value in changes.items() if value is not None}
            for name, changes in metrics.items()
        }
    own = names_in([Source(run)]) if names is None else names
    listed = Source(run).methods
    shown = {name: name for name in listed} if layout.methods is None else layout.methods
    named_methods = {n: own.get(n, n) if title == n else title for n, title in shown.items() if n not in BOUNDS}
    if layout.methods is None and len(layout.bounds) == len(BOUNDS) and all(n == t for n, t in named_methods.items()):
        return replace(run, manifest=manifest) if metrics else run
    entries = section(manifest, "methods")
    manifest["methods"] = {title: entries[name] for name, title in named_methods.items() if name in entries}
    kept = named_methods | {row: row for row in layout.bounds}
    frames = {f.name: getattr(run, f.name) for f in fields(run)}
    picked: dict[str, Any] = {  # every frame with rows by method, future ones included
        name: _picked(frame, kept)
        for name, frame in frames.items()
        if isinstance(frame, pd.DataFrame) and "method" in frame
    }
    renamed = {title: run.renamed.get(name, name) for name, title in kept.items()}
    return replace(run, manifest=manifest, renamed=renamed, listed=run.listed or tuple(listed), **picked)


def _picked(frame: pd.DataFrame, kept: Mapping[str, str]) -> pd.DataFrame:
    """The methods' rows in their order and under their names."""
    rows = frame[frame["method"].isin(list(kept))]
    order = {name: place for place, name in enumerate(kept)}
    rows = rows.sort_values("method", key=lambda names: names.map(order), kind="stable")
    return rows.assign(method=rows["method"].map(dict(kept)))


@dataclass(frozen=True)
class Step:
    """One strength of a degradation."""

    source: Source
    degradation: str
    strength: float
    unit: str

    @property
    def text(self) -> str:
        """The strength, in as many digits as it needs."""
        return f"{self.strength:g}"

    @property
    def what(self) -> str:
        """The degradation, and the unit of its strength: ``noise (of 255)``."""
        return f"{self.degradation} ({self.unit})" if self.unit else self.degradation


def steps(sources: Sequence[Source]) -> list[Step]:
    """Runs that differ only in the strength of one degradation, weakest number first.

    Raises:
        UserError: there are fewer than two, or they differ in something else.
    """
    name, unit, by_strength = sweep([source.run for source in sources])
    by_run = {id(source.run): source for source in sources}
    return [Step(by_run[id(run)], name, strength, unit) for strength, run in by_strength.items()]
