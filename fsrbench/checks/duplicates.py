"""One picture under two names, in the data or in SR, even if it was saved again."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
from scipy.spatial import cKDTree

from fsrbench.checks.finding import Finding, Measured
from fsrbench.checks.view import View, averaged, luma

SIDE: Final = 8
"""Side in pixels at which pictures are compared."""
SAME: Final = 1.0
"""RMS distance in grey levels up to which two pictures are one."""
DIFFERENT: Final = 3.0
"""Minimum RMS distance of the inputs of two SR pictures that should differ."""
NEAREST: Final = 8
"""If more pictures are equal, not every pair is listed, so that the list stays short if all are alike."""
FLAT: Final = 4.0
"""Minimum standard deviation in grey levels: flat pictures are all alike."""


def measure(view: View) -> dict[str, np.ndarray]:
    """``sr_thumbnail`` and ``data_thumbnail`` (of HR, or else LR): N,64, luma averaged to 8 x 8 px, in grey levels."""
    return {"sr_thumbnail": thumbnails(view.sr), "data_thumbnail": thumbnails(view.reference)}


def thumbnails(pictures: np.ndarray) -> np.ndarray:
    """Luma averaged down to :data:`SIDE`, float32 N,64; NaN for smaller pictures.

    It covers the whole picture, whatever its side, so that thumbnails of LR and SR show the same.
    """
    side = pictures.shape[1]
    if side < SIDE:
        return np.full((len(pictures), SIDE**2), np.nan, np.float32)
    whole = luma(averaged(pictures, math.gcd(side, side // SIDE)))
    shares = _shares(whole.shape[1])
    small: np.ndarray = shares @ whole @ shares.T
    return small.reshape(len(pictures), SIDE**2)


@lru_cache
def _shares(side: int) -> np.ndarray:
    """SIDE,side: the share of each pixel of a line in each of :data:`SIDE` equal parts."""
    ends = np.arange(SIDE + 1) * side / SIDE
    pixels = np.arange(side)
    within = np.minimum(pixels + 1, ends[1:, None]) - np.maximum(pixels, ends[:-1, None])
    return np.asarray(within.clip(0) * SIDE / side, np.float32)


def judge_sr(measured: Measured, ids: Sequence[str]) -> list[Finding]:
    """A finding if a method made one picture of several inputs."""
    pairs = same(measured["sr_thumbnail"])
    inputs = measured["data_thumbnail"]
    pairs = [(i, j) for i, j in pairs if np.sqrt(((inputs[i] - inputs[j]) ** 2).mean()) > DIFFERENT]
    what = "SR is one picture for different inputs", "was a file copied, or does the method not read LR?"
    return _finding("duplicates", *what, pairs, ids)


def judge_data(measured: Measured, ids: Sequence[str]) -> list[Finding]:
    """A finding if one picture is in the data under two names."""
    pairs = same(measured["data_thumbnail"])
    what = "the data hold one picture under several names", "keep one, or intervals are too narrow"
    return _finding("data_duplicates", *what, pairs, ids)


def same(small: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of rows with the same picture, in order; each row is compared with its :data:`NEAREST` nearest rows.

    A k-d tree finds them: 70,000 pictures take seconds, where all pairs would take minutes.
    """
    rows = np.flatnonzero(small.std(axis=1) > FLAT)
    if len(rows) < 2:
        return []
    # Equal rows first: a tree cannot separate them
    distinct, first, group = np.unique(small[rows], axis=0, return_index=True, return_inverse=True)
    pairs = {(int(first[number]), row) for row, number in enumerate(group.ravel()) if first[number] != row}
    found, near = cKDTree(distinct).query(distinct, NEAREST + 1, distance_upper_bound=np.nextafter(SAME * SIDE, np.inf))
    for number, place in zip(*np.nonzero(np.isfinite(found)), strict=True):
        one, other = sorted((int(first[number]), int(first[near[number, place]])))
        if one != other:
            pairs.add((one, other))
    return sorted((int(rows[one]), int(rows[other])) for one, other in pairs)


def _finding(check: str, what: str, then: str, pairs: Sequence[tuple[int, int]], ids: Sequence[str]) -> list[Finding]:
    if not pairs:
        return []
    images, (first, second) = len({row for pair in pairs for row in pair}), pairs[0]
    text = f"{what} ({images} of {len(ids)} images, e.g. {ids[first]} and {ids[second]}): {then}"
    return [Finding(check, text, float(images), 0.0, images, len(ids))]
