"""A sample of pictures with their measures: from a finished run's scores and kept pictures. No torch."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
import pandas as pd
from PIL import Image

from fsrbench.drift.measures import lr_measures, sr_measures
from fsrbench.errors import UserError, counted
from fsrbench.runs.data import RunData
from fsrbench.runs.manifest import section
from fsrbench.runs.names import LR
from fsrbench.runs.pictures import PictureFolder

Blocks = Literal["auto", "person", "day", "image"]
BY_HR: Final = ("detection",)
"""Metrics that mean something else with HR."""
DAY: Final = re.compile(r"(?<!\d)(20\d\d)[-_.]?(0[1-9]|1[0-2])[-_.]?(0[1-9]|[12]\d|3[01])(?!\d)")
"""A date in a picture's name: 2026-11-30, 20261130."""
FOUND: Final = 0.9
"""Minimum confidence at which a detected face counts."""


@dataclass(frozen=True, eq=False)
class Window:
    """Pictures of one method, and the measures of each."""

    name: str
    """Where they are from."""
    method: str
    task: str
    values: pd.DataFrame
    """One row per picture, one column per measure; NaN if missing."""
    blocks: tuple[str, ...]
    """Person or day of each picture, or itself: the unit of permutation."""
    protocols: Mapping[str, str] = field(default_factory=dict)
    """How the metrics among the measures were computed."""
    has_hr: bool = False
    weights: str | None = None
    """sha256 of the method's weights, if known."""
    notes: tuple[str, ...] = ()
    descriptors: Mapping[str, np.ndarray] = field(default_factory=dict)
    """Of ``lr`` and ``sr``, if known: N,D, NaN where a picture has none."""


def of_run(run: RunData, method: str | None, blocks: Blocks, metrics: Sequence[str]) -> Window:
    """The pictures of one method of a run.

    Args:
        run: the run.
        method: one of its methods; by default its first.
        blocks: unit of permutation; ``auto``: people if they are known.
        metrics: those whose scores are outputs.

    Raises:
        UserError: no such method, or nothing to read.
    """
    method = method or run.methods[0]
    if method not in run.methods:
        raise UserError(f"{run.path}: no method {method} in this run; it has {', '.join(run.methods)}")
    scores, (pictures, notes) = _scores(run, method, metrics), _pictures(run, method)
    if pictures.empty and scores.empty:
        raise UserError(
            f"{run.path}: nothing of {method} to compare: neither kept pictures nor scores without HR; run it with "
            f"--metrics {','.join(metrics[:3])}"
        )
    values = scores if pictures.empty else pictures.join(scores, how="left")
    protocols = {name: str(section(run.manifest, "protocols").get(name, "")) for name in scores.columns}
    return Window(
        name=str(run.path),
        method=method,
        task=str(run.manifest.get("task")),
        values=values,
        blocks=labels(values.index, run.identities, {}, blocks),
        protocols=protocols,
        has_hr=bool(section(run.manifest, "dataset").get("has_hr")),
        weights=run.entry("methods", method).get("weights_sha256"),
        notes=notes,
        descriptors=_descriptors(run, method, list(values.index)),
    )


def _descriptors(run: RunData, method: str, images: list[str]) -> dict[str, np.ndarray]:
    kept = run.descriptors
    found = {side: kept.of(row, images) for side, row in (("lr", LR), ("sr", method))} if kept else {}
    return {side: numbers for side, numbers in found.items() if numbers is not None}


def _scores(run: RunData, method: str, metrics: Sequence[str]) -> pd.DataFrame:
    columns = {}
    for metric in metrics:
        if (run.scores["metric"] == metric).any() and method in (scores := run.per_image(metric)):
            columns[metric] = scores[method].astype(float)
    return pd.DataFrame(columns)


def _pictures(run: RunData, method: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Measures of the pictures that the run kept, and what is missing, one line each."""
    folder = PictureFolder(run.path / "images")
    index = folder.read_index()
    if method not in index.rows:
        return pd.DataFrame(), (f"{run.path} keeps no pictures of {method}: inputs are not compared",)
    rows = [row for row in (LR, method) if row in index.rows]
    sizes = section(section(run.manifest, "dataset"), "lr_sizes")
    found = {}
    for image in index.complete(rows):
        sr, lr = (_read(folder, row, image) if row in rows else None for row in (method, LR))
        if sr is not None:
            found[image] = measured(sr, lr, sizes.get(image))
    total, notes = section(run.manifest, "dataset").get("n"), []
    if LR not in rows:
        notes.append(f"{run.path} keeps no LR pictures: inputs are not compared")
    if isinstance(total, int) and 0 < len(found) < total:
        kept = f"only the {len(found)} of {total} images whose pictures it keeps"
        notes.append(f"{run.path}: {kept}; --save-images keeps all")
    return pd.DataFrame.from_dict(found, orient="index"), tuple(notes)


def measured(sr: np.ndarray, lr: np.ndarray | None, size: float | None = None) -> dict[str, float]:
    """All measures of a picture and its input; ``lr_size`` is the input's own side in pixels, before any resizing."""
    if lr is None:
        return sr_measures(sr)
    own = float(size) if isinstance(size, int | float) else float(min(lr.shape[:2]))
    return {"lr_size": own, **lr_measures(lr), **sr_measures(sr, lr)}


def _read(folder: PictureFolder, row: str, image: str) -> np.ndarray | None:
    """A kept picture; ``None`` if its file is gone or damaged."""
    try:
        with Image.open(folder.file(row, image)) as picture:
            return np.asarray(picture.convert("RGB"))
    except (OSError, ValueError, Image.DecompressionBombError):
        return None


def labels(
    images: Iterable[str], identities: Mapping[str, str], days: Mapping[str, str], blocks: Blocks
) -> tuple[str, ...]:
    """The block of each image: its person, its day, or itself.

    Args:
        images: ids.
        identities: who is on an image, where known.
        days: when it was taken, if known; else a date in its name counts.
        blocks: ``auto`` takes people if they are known.

    Raises:
        UserError: people or days are requested but not known.
    """
    names = list(images)
    if blocks == "image":
        return tuple(names)
    if blocks == "day":
        found = {image: days.get(image) or _day(image) for image in names}
        if missing := [image for image, day in found.items() if day is None]:
            raise UserError(
                f"--blocks day: no date in the name of {counted(len(missing), 'picture')}: {missing[0][:80]}"
            )
        return tuple(str(day) for day in found.values())
    if blocks == "person" and not any(image in identities for image in names):
        raise UserError("--blocks person: nobody is known; put the pictures into folders <person>/")
    return tuple(identities.get(image, f"image {image}") for image in names)


def _day(image: str) -> str | None:
    found = DAY.search(image)
    return "-".join(found.groups()) if found else None


def faces_found(window: Window) -> float:
    """Share of the pictures in which a detector found a face; NaN without a detector."""
    for name in ("detection_confidence", "detection"):
        if name in window.values and window.values[name].notna().any():
            return float((window.values[name].dropna() >= FOUND).mean())
    return math.nan
