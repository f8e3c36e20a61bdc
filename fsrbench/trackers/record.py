"""What is logged of a run, the same for every tracker: an overview, and an entry per method."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pandas as pd

from fsrbench.reports.page.render import render
from fsrbench.reports.tables.render import render as table
from fsrbench.runs.data import RunData
from fsrbench.runs.finished import IRRELEVANT
from fsrbench.runs.manifest import protocol_line, section
from fsrbench.runs.names import LR
from fsrbench.runs.pictures import PictureFolder

VOLATILE: Final = ("finished", "seconds", "executor")
"""Parts of the manifest that say when and how a run was computed, not what."""
OVERVIEW: Final = "all methods"
MOST_PICTURES: Final = 8
"""Pictures of each method that are logged; the run's folder has more."""


@dataclass(frozen=True, eq=False)
class Entry:
    """One run in the tracker: a method, or the overview."""

    name: str
    parameters: dict[str, str]
    metrics: dict[str, float] = field(default_factory=dict)
    """``psnr``, ``psnr.ci_low``, ``psnr.ci_high``, ``psnr.n`` and details; finite, in the files' units."""
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    pictures: dict[str, Path] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    """Text files by name."""


@dataclass(frozen=True, eq=False)
class Record:
    """A finished run as trackers get it."""

    name: str
    """Of the run's folder."""
    key: str
    """Hash of the run's results: the same whenever and wherever the run is logged."""
    finished: datetime
    overview: Entry
    """Tables, grid, plots and the page of the run as a whole."""
    methods: list[Entry]

    @property
    def group(self) -> str:
        """The name that groups its entries: the folder's name and the key's first digits."""
        return f"{self.name}-{self.key[:8]}"

    @property
    def entries(self) -> list[Entry]:
        """The overview and the methods."""
        return [self.overview, *self.methods]


def describe(run: RunData) -> Record:
    """What is logged of a run."""
    common = dict(_common(run.manifest))
    return Record(
        run.path.resolve().name,
        content_key(run),
        _finished(run.manifest),
        Entry(
            OVERVIEW,
            common | dict(_protocols(run)),
            tables={"summary": run.summary},
            pictures=_shared_pictures(run.path),
            files={
                "table.md": table(run, "md"),
                "summary.csv": run.summary.to_csv(index=False),
                "manifest.json": json.dumps(run.manifest, indent=1, ensure_ascii=False),
                "report.html": render(run),
            },
        ),
        [_method(run, method, common) for method in run.rows],
    )


def content_key(run: RunData) -> str:
    """Hash of a run's scores, summary and manifest, without when and how it was computed.

    Example:
        >>> import fsrbench
        >>> run = fsrbench.evaluate(["bicubic"], metrics=["psnr"], limit=2, progress=False)
        >>> again = fsrbench.evaluate(["bicubic"], metrics=["psnr"], limit=2, progress=False)
        >>> content_key(run) == content_key(again)
        True
    """
    manifest = {name: value for name, value in run.manifest.items() if name not in VOLATILE}
    spec = {name: value for name, value in section(manifest, "spec").items() if name not in IRRELEVANT}
    digest = hashlib.sha256(json.dumps(manifest | {"spec": spec}, sort_keys=True).encode())
    for frame in (run.summary, run.scores, run.details):
        digest.update(frame.to_csv(index=False).encode("utf-8", "backslashreplace"))
    return digest.hexdigest()


def _method(run: RunData, method: str, common: Mapping[str, str]) -> Entry:
    facts = run.entry("methods", method)
    own = {"method": method} | _texts(
        {name: facts.get(name) for name in ("source", "description", "training", "weights", "weights_sha256")}
    )
    scores = run.scores[run.scores["method"] == method]
    wide = scores.pivot(index="image", columns="metric", values="value").reset_index()
    return Entry(
        method,
        dict(common) | own | dict(_statuses(run, method)),
        dict(_metrics(run, method)),
        {"scores": wide.rename_axis(columns=None)} if len(wide) else {},
        dict(_own_pictures(run.path / "images", method)),
    )


def _metrics(run: RunData, method: str) -> Iterator[tuple[str, float]]:
    for metric in run.metrics:
        result = run.shown_result(method, metric)
        if result is None:
            continue
        parts = {"": result.value, ".ci_low": result.ci_low, ".ci_high": result.ci_high, ".n": result.n}
        yield from ((metric + suffix, float(value)) for suffix, value in parts.items() if math.isfinite(value))
    details = run.details[run.details["method"] == method]
    for metric, detail, value in zip(details["metric"], details["detail"], details["value"], strict=True):
        if math.isfinite(value):
            yield f"{metric}.{detail}", float(value)


def _statuses(run: RunData, method: str) -> Iterator[tuple[str, str]]:
    """Why a metric has no number, or a remark on it."""
    for metric in run.metrics:
        result = run.result(method, metric)
        if result is not None and (result.status != "ok" or result.note):
            yield f"status.{metric}", ": ".join(filter(None, (result.status, result.note)))


def _common(manifest: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Parameters shared by all methods of a run: settings, data and machine."""
    spec, data, degradation = (section(manifest, part) for part in ("spec", "dataset", "degradation"))
    machine, versions = section(manifest, "machine"), section(manifest, "versions")
    protocol = section(manifest, "protocol")
    chosen = ("seed", "limit", "reference", "pairs", "sides", "alignment", "descriptor", "timing", "batch_size")
    yield from _texts(
        {
            "task": manifest.get("task"),
            "data": data.get("name"),
            "data_sha256": data.get("sha256"),
            "images": data.get("n"),
            "people": data.get("identities"),
            "degradation": degradation.get("name"),
            "degradation.strength": degradation.get("strength"),
            "protocol": f"{protocol['id']} {protocol['version']}" if protocol else None,
            **{name: spec.get(name) for name in chosen},
            **{name: machine.get(name) for name in ("device", "cpu")},
            **{f"version.{name}": versions.get(name) for name in ("fsrbench", "python", "torch")},
            "git_commit": section(manifest, "git").get("commit"),
        }
    ).items()


def _protocols(run: RunData) -> Iterator[tuple[str, str]]:
    for metric in run.metrics:
        yield f"protocol.{metric}", protocol_line(run, metric)


def _texts(facts: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in facts.items() if value not in (None, "")}


def _finished(manifest: Mapping[str, Any]) -> datetime:
    """When the run ended; the current time for a run of an earlier version, which does not record it."""
    try:
        return datetime.fromisoformat(str(manifest.get("finished")))
    except ValueError:
        return datetime.now(UTC)


def _shared_pictures(folder: Path) -> dict[str, Path]:
    found = {"grid": folder / "grid.png"} | {path.stem: path for path in sorted((folder / "plots").glob("*.png"))}
    return {name: path for name, path in found.items() if path.is_file()}


def _own_pictures(folder: Path, method: str) -> Iterator[tuple[str, Path]]:
    """The first pictures that a run kept of a method; the same images for every method."""
    kept = PictureFolder(folder)
    index = kept.read_index()
    for image in index.complete([LR])[:MOST_PICTURES]:
        if method in index.rows and (file := kept.file(method, image)).is_file():
            yield image, file
