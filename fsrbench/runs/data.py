"""A finished run: the files of its folder, checked once on loading."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from fsrbench.errors import UserError
from fsrbench.files.labels import GROUPS, Labels, parse_labels
from fsrbench.files.temporary import KeptFolder
from fsrbench.files.text import read_text
from fsrbench.runs.checks import check_frame, check_unique, read_manifest
from fsrbench.runs.columns import (
    BLOCK_COLUMNS,
    COUNTED,
    CURVE_COLUMNS,
    DETAIL_COLUMNS,
    IMAGE_COLUMNS,
    MAX_IMAGES,
    STATUSES,
    SUMMARY_NUMBERS,
    SUMMARY_TEXT,
)
from fsrbench.runs.descriptors import FILE as DESCRIPTORS
from fsrbench.runs.descriptors import Descriptors, read_descriptors
from fsrbench.runs.metric_info import DIRECTIONS, MetricInfo, Result
from fsrbench.runs.names import BOUNDS
from fsrbench.runs.preference import with_preference
from fsrbench.runs.properties import read_properties


@dataclass(frozen=True, eq=False)
class RunData:
    """A finished run: scores per image, summary, manifest and further tables.

    Values are in the metric's unit; rates are fractions in [0, 1].
    """

    path: Path
    """The run's folder."""
    scores: pd.DataFrame
    """One row per method, image and metric: ``method, image, metric, value, status``."""
    summary: pd.DataFrame
    """One row per method and metric: ``method, metric, value, ci_low, ci_high, n, unit, direction, status, note``."""
    manifest: dict[str, Any]
    """What was run on what, with which versions: ``manifest.json``."""
    details: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(DETAIL_COLUMNS)))
    """Secondary numbers such as percentiles of latency: ``method, metric, detail, value``."""
    curves: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(CURVE_COLUMNS)))
    """Points of ROC and other curves: ``method, metric, curve, x, y``."""
    blocks: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(BLOCK_COLUMNS)))
    """Jackknife pseudo-values of metrics of the whole set: ``method, metric, block, value``."""
    images: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(IMAGE_COLUMNS)))
    """``image, identity``; no identity where it is unknown."""
    labels: Labels = field(default_factory=dict)
    """By column of ``groups.csv``: the label of each image that has one."""
    folder: KeptFolder | None = None
    """Keeps a temporary ``path`` alive as long as this object or a copy of it."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """By the name that a layout gives a method: its name in the files."""
    listed: tuple[str, ...] = ()
    """All of the run's methods, by their names in the files, if a layout shows only some; else empty."""

    def __str__(self) -> str:
        """The summary's main columns; the rest is long."""
        return str(
            self.summary[["method", "metric", "value", "ci_low", "ci_high", "unit", "status"]].to_string(index=False)
        )

    __repr__ = __str__

    @classmethod
    def load(cls, path: Path) -> RunData:
        """Read a run's folder.

        Raises:
            UserError: a file is missing or is not what a run writes.
        """
        if not path.is_dir():
            raise UserError(f"{path}: no such run folder")
        files = [path / name for name in ("scores.parquet", "summary.csv", "manifest.json")]
        missing = [file.name for file in files if not file.is_file()]
        if missing:
            raise UserError(f"{path} is not a finished run: no {', '.join(missing)}")
        return cls(
            path,
            _read_scores(files[0]),
            *with_preference(path, _read_summary(files[1]), read_manifest(files[2])),
            _read_more(path / "details.csv", DETAIL_COLUMNS),
            _read_more(path / "curves.csv", CURVE_COLUMNS),
            _read_more(path / "blocks.csv", BLOCK_COLUMNS),
            (images := _read_more(path / "images.csv", IMAGE_COLUMNS)),
            _read_labels(path / GROUPS, images["image"]),
        )

    @property
    def failed(self) -> bool:
        """Whether any method or metric failed."""
        return bool((self.summary["status"] == "failed").any())

    @property
    def methods(self) -> list[str]:
        """The methods of the summary in its order, without floor and ceiling."""
        return [name for name in self._named if name not in BOUNDS]

    @property
    def rows(self) -> list[str]:
        """The methods, and last the floor and the ceiling if the run has them."""
        return self.methods + [row for row in BOUNDS if row in self._named]

    @cached_property
    def _named(self) -> tuple[str, ...]:
        """Every method of the summary, including floor and ceiling."""
        return tuple(self.summary["method"].unique())

    @property
    def metrics(self) -> list[str]:
        """The metrics of the summary in its order."""
        return list(self.summary["metric"].unique())

    def result(self, method: str, metric: str) -> Result | None:
        """The summary's row of one method and metric; None if there is none."""
        return self._results.get((method, metric))

    def shown_result(self, method: str, metric: str) -> Result | None:
        """The summary's row of one method and metric if it has a value to show."""
        result = self.result(method, metric)
        return result if result is not None and result.has_value else None

    @cached_property
    def _results(self) -> dict[tuple[str, str], Result]:
        names = ("method", "metric", "value", "ci_low", "ci_high", "n", "status", "note")
        results = {}
        for method, metric, value, low, high, n, status, note in self.summary[list(names)].itertuples(index=False):
            # A frame that was never a file may hold NaN or None for no note
            results[method, metric] = Result(value, low, high, n, status, note if isinstance(note, str) else "")
        return results

    def per_image(self, metric: str) -> pd.DataFrame:
        """Scores of one metric: one row per image, one column per method; NaN where a method has none.

        For a metric of the whole set, the rows are blocks of images, whose pseudo-values behave as scores do. The frame
        is cached: do not change it, but a copy.
        """
        if metric not in self._pivoted:
            self._pivoted[metric] = self._pivot(metric)
        return self._pivoted[metric]

    @cached_property
    def _pivoted(self) -> dict[str, pd.DataFrame]:
        """Cache of :meth:`per_image`."""
        return {}

    @cached_property
    def scored(self) -> frozenset[str]:
        """The metrics that give each image a score."""
        return frozenset(self.scores["metric"])

    def _pivot(self, metric: str) -> pd.DataFrame:
        if metric in self.scored:
            chosen = self.scores[self.scores["metric"] == metric]
            return chosen.pivot(index="image", columns="method", values="value")
        return self.blocks[self.blocks["metric"] == metric].pivot(index="block", columns="method", values="value")

    @cached_property
    def properties(self) -> pd.DataFrame:
        """Properties of each LR picture and the head's pose, by image: ``properties.csv``.

        Raises:
            UserError: there is no such file, as in runs of earlier versions, or it is not what a run writes.
        """
        return read_properties(self.path / "properties.csv")

    @cached_property
    def descriptors(self) -> Descriptors | None:
        """Face descriptors of the pictures that the run keeps; ``None`` without ``identity_lr``.

        Raises:
            UserError: the file is not what a run writes.
        """
        return read_descriptors(self.path / DESCRIPTORS)

    @cached_property
    def identities(self) -> dict[str, str]:
        """The identity of each image, if known."""
        known = self.images.dropna()
        return dict(zip(known["image"], known["identity"], strict=True))

    def entry(self, section: str, name: str) -> dict[str, Any]:
        """The manifest's entry for ``name`` in ``methods`` or ``metrics``; empty if there is none."""
        entries = self.manifest.get(section)
        entry = entries.get(name) if isinstance(entries, Mapping) else None
        return dict(entry) if isinstance(entry, Mapping) else {}

    def metric(self, name: str) -> MetricInfo:
        """How a metric is shown, by the manifest or else by the summary."""
        if name not in self._infos:
            self._infos[name] = self._info(name)
        return self._infos[name]

    @cached_property
    def _infos(self) -> dict[str, MetricInfo]:
        return {}

    def _info(self, name: str) -> MetricInfo:
        rows = self.summary[self.summary["metric"] == name]
        entry = self.entry("metrics", name)
        unit = str(entry.get("unit", rows["unit"].iloc[0] if len(rows) else "")).strip()
        direction = str(entry.get("direction", rows["direction"].iloc[0] if len(rows) else "none"))
        title, digits = str(entry.get("title", name)), int(entry.get("digits", 2 if unit else 3))
        exact, ceiling = bool(entry.get("exact", name in COUNTED)), bool(entry.get("hr_is_ceiling", True))
        return MetricInfo.declared(name, title, unit, direction, digits, exact, ceiling)


def _read_scores(path: Path) -> pd.DataFrame:
    try:
        with path.open("rb") as file:
            frame = pd.read_parquet(file)
    except Exception as error:  # pyarrow has many kinds of "this is no parquet file"
        raise UserError(f"{path}: cannot be read as parquet: {_first_line(error)}") from error
    check_frame(path, frame, ("method", "image", "metric", "status"), ("value",))
    _check_status(path, frame)
    check_unique(path, frame, ("method", "image", "metric"))
    return frame


def _check_status(path: Path, frame: pd.DataFrame) -> None:
    unknown = sorted(set(frame["status"]) - set(STATUSES))
    if unknown:
        raise UserError(f"{path}: unknown status {_some(unknown)} (known: {', '.join(STATUSES)})")


def _read_summary(path: Path) -> pd.DataFrame:
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    except Exception as error:  # a parser error, an encoding error, an empty file
        raise UserError(f"{path}: cannot be read as CSV: {_first_line(error)}") from error
    check_frame(path, frame, (*SUMMARY_TEXT, *SUMMARY_NUMBERS), ())
    _check_status(path, frame)
    for column in SUMMARY_NUMBERS:
        try:
            frame[column] = [float(text) if text.strip() else math.nan for text in frame[column]]
        except ValueError as error:
            raise UserError(f"{path}: column {column}: {_first_line(error)}") from error
    if not len(frame):
        raise UserError(f"{path}: no rows")
    check_frame(path, frame, (), SUMMARY_NUMBERS)
    if (frame["n"].abs() > MAX_IMAGES).any():
        raise UserError(f"{path}: column n: more than {MAX_IMAGES:g}")
    unknown = sorted(set(frame["direction"]) - set(DIRECTIONS))
    if unknown:
        raise UserError(f"{path}: unknown direction {_some(unknown)} (known: {', '.join(DIRECTIONS)})")
    check_unique(path, frame, ("method", "metric"))
    return frame


def _read_more(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    """Read a table that runs of earlier versions lack."""
    if not path.is_file():
        return pd.DataFrame(columns=list(columns))
    numbers = [column for column in columns if column in ("value", "x", "y")]
    texts = [column for column in columns if column not in numbers]
    empty = {name: [""] for name in (*numbers, "identity")}  # an image may be called NA
    try:
        types: dict[str, type] = dict.fromkeys(texts, str) | dict.fromkeys(numbers, float)
        frame = pd.read_csv(path, dtype=types, keep_default_na=False, na_values=empty)
    except Exception as error:
        raise UserError(f"{path}: cannot be read as CSV: {_first_line(error)}") from error
    if "identity" in texts and "identity" not in frame:
        raise UserError(f"{path}: no column identity")
    check_frame(path, frame, [column for column in texts if column != "identity"], numbers)
    if "identity" not in texts and "curve" not in texts:
        check_unique(path, frame, texts)
    return frame


def _read_labels(path: Path, images: pd.Series) -> Labels:
    """Labels by column; empty where the data has none."""
    return parse_labels(read_text(path), str(path)).of(images)[0] if path.is_file() else {}


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]


def _some(names: Sequence[str]) -> str:
    return ", ".join(" ".join(name.split())[:40] for name in names[:5])
