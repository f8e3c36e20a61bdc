"""Many runs as one set of data frames, for an analysis across them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import pandas as pd

from fsrbench.errors import UserError, counted
from fsrbench.runs.columns import DETAIL_COLUMNS, SCORE_COLUMNS, SUMMARY_COLUMNS
from fsrbench.runs.data import RunData
from fsrbench.runs.manifest import section
from fsrbench.runs.names import CACHE, MANIFEST

Source: TypeAlias = str | os.PathLike[str] | RunData
RUN_COLUMNS: Final = (
    *("run", "path", "task", "data", "data_sha256", "images", "people", "degradation", "strength", "seed"),
    *("protocol", "device", "cpu", "fsrbench", "torch", "finished", "seconds"),
)
METHOD_COLUMNS: Final = ("run", "method", "source", "training", "weights", "weights_sha256", "status", "note")


@dataclass(frozen=True, eq=False)
class Runs:
    """Finished runs as tidy data frames: a column for each variable, a row for each observation.

    The column ``run`` names the run: its folder, relative to the deepest common one.
    """

    scores: pd.DataFrame
    """One row per run, method, image and metric: ``run, method, image, metric, value, status``."""
    summary: pd.DataFrame
    """One row per run, method and metric: ``run, method, metric, value, ci_low, ci_high, n, unit, direction, status,
    note``; rates are fractions."""
    details: pd.DataFrame
    """Secondary numbers: ``run, method, metric, detail, value``."""
    runs: pd.DataFrame
    """One row per run, from its manifest: ``run, path, task, data, data_sha256, images, people, degradation, strength,
    seed, protocol, device, cpu, fsrbench, torch, finished, seconds``."""
    methods: pd.DataFrame
    """One row per run and method: ``run, method, source, training, weights, weights_sha256, status, note``."""

    def __len__(self) -> int:
        return len(self.runs)

    def __repr__(self) -> str:
        names = self.methods["method"].nunique()
        return f"{counted(len(self), 'run')}, {counted(names, 'method')}, {counted(len(self.scores), 'score')}"


def load(*sources: Source) -> Runs:
    """Read many finished runs into data frames, each run once.

    Args:
        *sources: folders of runs, folders with runs anywhere below them, patterns (``"runs/*"``, ``"runs/**/x8"``) or
            :class:`fsrbench.RunData`. Folders and patterns skip everything that is not a finished run.

    Raises:
        UserError: a source has no run, or a run's file is not what a run writes.

    Example:
        >>> import fsrbench
        >>> run = fsrbench.evaluate(["bicubic"], metrics=["psnr"], limit=2, progress=False)
        >>> loaded = load(run)
        >>> loaded
        1 run, 1 method, 2 scores
        >>> loaded.summary.merge(loaded.runs, on="run")[["task", "degradation", "method", "metric"]].values.tolist()
        [['x4', 'bicubic', 'bicubic', 'psnr']]
    """
    if not sources:
        raise UserError("name at least one run, folder or pattern")
    found = {run.path.resolve(): run for source in sources for run in _runs_of(source)}
    names = _names(list(found))
    runs = dict(zip(names, found.values(), strict=True))
    return Runs(
        _stacked({name: run.scores for name, run in runs.items()}, SCORE_COLUMNS),
        _stacked({name: run.summary for name, run in runs.items()}, SUMMARY_COLUMNS),
        _stacked({name: run.details for name, run in runs.items()}, DETAIL_COLUMNS),
        pd.DataFrame([_facts(name, run) for name, run in runs.items()], columns=list(RUN_COLUMNS)),
        pd.DataFrame([row for item in runs.items() for row in _methods(*item)], columns=list(METHOD_COLUMNS)),
    )


def _runs_of(source: Source) -> Iterator[RunData]:
    if isinstance(source, RunData):
        yield source
        return
    text = os.fspath(source)
    place = Path(text).expanduser()
    if (place / MANIFEST).is_file():
        yield RunData.load(place)
        return
    root = Path(place.anchor)
    matches = [place] if place.is_dir() else sorted(root.glob(str(place.relative_to(root))))
    folders = dict.fromkeys(folder for match in matches for folder in _finished_below(match))
    if not folders:
        raise UserError(f"{text}: no finished run there" if place.is_dir() else f"{text}: no such run folder")
    yield from map(RunData.load, folders)


def _finished_below(place: Path) -> Iterator[Path]:
    """Folders of finished runs at a place and below it; does not look inside runs."""
    if (place / MANIFEST).is_file():
        if (place / "summary.csv").is_file() and (place / "scores.parquet").is_file():
            yield place
    elif place.is_dir():
        for folder in sorted(place.iterdir()):
            if folder.is_dir() and not folder.is_symlink() and folder.name != CACHE:
                yield from _finished_below(folder)


def _names(paths: Iterable[Path]) -> list[str]:
    """The folders' paths relative to the deepest common one; for a single folder its name."""
    paths = list(paths)
    shared = Path(os.path.commonpath(path.parent for path in paths))
    return [path.relative_to(shared).as_posix() for path in paths]


def _stacked(frames: Mapping[str, pd.DataFrame], columns: Iterable[str]) -> pd.DataFrame:
    names = list(columns)
    parts = [frame[names].assign(run=run) for run, frame in frames.items() if len(frame)]
    stacked = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[*names, "run"])
    return stacked[["run", *names]]


def _facts(name: str, run: RunData) -> dict[str, Any]:
    manifest = run.manifest
    data, degradation, machine = (section(manifest, part) for part in ("dataset", "degradation", "machine"))
    versions, seconds = section(manifest, "versions"), section(manifest, "seconds")
    protocol = section(manifest, "protocol")
    return {
        "run": name,
        "path": str(run.path),
        "task": manifest.get("task"),
        "data": data.get("name"),
        "data_sha256": data.get("sha256"),
        "images": data.get("n"),
        "people": data.get("identities"),
        "degradation": degradation.get("name"),
        "strength": degradation.get("strength"),
        "seed": section(manifest, "spec").get("seed"),
        "protocol": f"{protocol['id']} {protocol['version']}" if protocol else None,
        "device": machine.get("device"),
        "cpu": machine.get("cpu"),
        "fsrbench": versions.get("fsrbench"),
        "torch": versions.get("torch"),
        "finished": manifest.get("finished"),
        "seconds": sum(value for value in seconds.values() if isinstance(value, int | float)) or None,
    }


def _methods(name: str, run: RunData) -> Iterator[dict[str, Any]]:
    for method, entry in section(run.manifest, "methods").items():
        facts = entry if isinstance(entry, Mapping) else {}
        yield {"run": name, "method": method} | {column: facts.get(column) for column in METHOD_COLUMNS[2:]}
