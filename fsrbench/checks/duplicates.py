"""One picture under two names, in the data or in SR, also if it was saved anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from fsrbench.checks.finding import Finding, Measured
from fsrbench.checks.view import View, averaged, luma

SIDE: Final = 8
"""Side in pixels at which pictures are compared."""
SAME: Final = 1.0
"""RMS distance in grey levels up to which two pictures are one."""
DIFFERENT: Final = 3.0
"""Least RMS distance of the inputs of two SR pictures that should differ."""
PART: Final = 1024
"""Pictures compared with all others at a time."""
FLAT: Final = 4.0
"""Least standard deviation in grey levels: flat pictures are all alike."""


def measure(view: View) -> dict[str, np.ndarray]:
    """``sr_thumbnail`` and ``data_thumbnail`` (of HR, or else LR): 64, luma averaged to 8 x 8 px, in grey levels."""
    return {"sr_thumbnail": thumbnail(view.sr), "data_thumbnail": thumbnail(view.reference)}


def thumbnail(picture: np.ndarray) -> np.ndarray:
    """Luma averaged down to :data:`SIDE`, float32 64; NaN of a picture that is smaller."""
    if len(picture) < SIDE:
        return np.full(SIDE**2, np.nan, np.float32)
    return luma(averaged(picture, len(picture) // SIDE))[:SIDE, :SIDE].ravel()


def judge_sr(measured: Measured, ids: Sequence[str]) -> list[Finding]:
    """A finding if a method made one picture of several inputs."""
    pairs = same(measured["sr_thumbnail"])
    inputs = measured["data_thumbnail"]
    pairs = [(i, j) for i, j in pairs if np.sqrt(((inputs[i] - inputs[j]) ** 2).mean()) > DIFFERENT]
    return _finding("duplicates", "SR is the same picture", "different inputs", pairs, ids)


def judge_data(measured: Measured, ids: Sequence[str]) -> list[Finding]:
    """A finding if one picture is in the data under two names."""
    pairs = same(measured["data_thumbnail"])
    return _finding("data_duplicates", "the data hold the same picture", "two names", pairs, ids)


def same(thumbnails: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of rows whose pictures are one."""
    rows = np.flatnonzero(thumbnails.std(axis=1) > FLAT)
    known = thumbnails[rows].astype(np.float64)
    square = (known**2).sum(axis=1)
    pairs = []
    for start in range(0, len(rows), PART):
        part = slice(start, start + PART)
        distance = square[part, None] + square - 2 * known[part] @ known.T
        for i, j in zip(*np.nonzero(distance <= SAME**2 * known.shape[1]), strict=True):
            if start + i < j:
                pairs.append((int(rows[start + i]), int(rows[j])))
    return pairs


def _finding(check: str, what: str, how: str, pairs: Sequence[tuple[int, int]], ids: Sequence[str]) -> list[Finding]:
    if not pairs:
        return []
    images, (first, second) = len({row for pair in pairs for row in pair}), pairs[0]
    text = f"{what} under {how}: {images} of {len(ids)} images, e.g. {ids[first]} and {ids[second]}"
    return [Finding(check, text, float(len(pairs)), 0.0, images, len(ids))]
