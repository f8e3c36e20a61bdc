"""SR that is turned, zoomed or stretched against its input: an affine map fitted to each picture."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import numpy as np
from scipy import ndimage

from fsrbench.checks.finding import Finding, Measured, enough
from fsrbench.checks.shift import ERRORS, MEDIAN_ERROR
from fsrbench.checks.view import FINE, View

STEPS: Final = 2
"""Steps of the fit: the second is for large maps."""
SMOOTH: Final = 32
"""Standard deviation of the Gaussian before the fit, as the side divided by this; 0.7 px at least."""
FLAT: Final = 4.0
"""Minimum range in grey levels of a smoothed picture for the fit."""
FARTHEST: Final = 0.3
"""Largest entry of the map minus identity that a step may find."""
SCATTER: Final = 2.0
"""The median must be at least this multiple of the spread over images: a fault is the same in all, made-up detail is
not."""
TURN: Final = 1.0
"""Largest turn in degrees that is no finding: honest methods have up to 0.3."""


def measure(view: View) -> dict[str, np.ndarray]:
    """``geometry``: N,3, degrees by which SR is turned clockwise, by how much it is larger up and down, and sideways.

    Against LR, at 64 px at most; NaN for flat and for deblurred pictures.
    """
    linear = affine(*view.fine_luma)
    linear[view.deblurred] = np.nan
    turn = np.degrees(np.arctan2(linear[:, 0, 1] - linear[:, 1, 0], linear[:, 0, 0] + linear[:, 1, 1]))
    return {"geometry": np.column_stack([turn, np.hypot(linear[:, 0], linear[:, 1]) - 1])}


def affine(moved: np.ndarray, fixed: np.ndarray) -> np.ndarray:
    """The linear part of the map from places in each picture to places in another, about the middle.

    Least squares on the difference of the smoothed pictures, with a gain and an offset of grey levels, by Gauss-Newton
    steps (Lucas & Kanade, IJCAI 1981) on the mean of both pictures' gradients (Benhimane & Malis, IROS 2004), so that
    noise and detail of one of them have little effect.

    Args:
        moved: float N,H,H.
        fixed: float N,H,H.

    Returns:
        float64 N,2,2: places (row, column) in ``moved`` are this times those in ``fixed``, plus a shift; NaN if a
        picture is flat.

    Example:
        >>> picture = ndimage.gaussian_filter(np.random.default_rng(0).normal(size=(64, 64)), 4) * 2000
        >>> (100 * affine(ndimage.zoom(picture, 1.05)[None, 1:65, 1:65], picture[None])).round().astype(int).tolist()
        [[[105, 0], [0, 105]]]
    """
    side = fixed.shape[1]
    sigma, middle = max(0.7, side / SMOOTH), np.full(2, (side - 1) / 2)
    moved, fixed = (ndimage.gaussian_filter(p, (0, sigma, sigma), mode="nearest") for p in (moved, fixed))
    linear, shift = np.tile(np.eye(2), (len(fixed), 1, 1)), np.zeros((len(fixed), 2))
    linear[np.minimum(np.ptp(moved, axis=(1, 2)), np.ptp(fixed, axis=(1, 2))) < FLAT] = np.nan
    back = moved.copy()
    for step in range(STEPS):
        known = np.flatnonzero(~np.isnan(linear).any(axis=(1, 2)))
        for row in known if step else ():
            offset = middle + shift[row] - linear[row] @ middle
            back[row] = ndimage.affine_transform(moved[row], linear[row], offset, order=1, mode="nearest")
        for row, (inner, by) in zip(known, _steps(back[known], fixed[known]), strict=True):
            shift[row] += linear[row] @ by
            linear[row] = linear[row] @ inner
    return linear


def judge(measured: Measured, lr_side: int) -> list[Finding]:
    """A finding if the median turn, or the median zoom along an axis, is larger than that of any honest method."""
    usable = enough(measured["geometry"])
    if usable is None:
        return []
    most = np.array([TURN, zoom_threshold(lr_side), zoom_threshold(lr_side)])
    median = np.median(usable, axis=0)
    off = np.median(np.abs(usable - median), axis=0)
    least = np.maximum(ERRORS * MEDIAN_ERROR / len(usable) ** 0.5, SCATTER * 1.4826) * off
    excess = np.abs(median) / np.maximum(most, least)
    worst = int(excess.argmax())
    if excess[worst] <= 1:
        return []
    shown = int((usable[:, worst] * np.sign(median[worst]) > most[worst] / 2).sum())
    text = (
        f"SR is {_what(median, most)} against LR (median; {shown} of {len(usable)} images): "
        "was it aligned, cropped or resized (align_corners?) on the way?"
    )
    value, threshold = round(abs(float(median[worst])), 4), round(float(most[worst]), 4)
    return [Finding("geometry", text, value, threshold, shown, len(usable))]


def zoom_threshold(lr_side: int) -> float:
    """The largest zoom that is no finding: 3.5 % at LR of 16 px, 1.6 % from 64 px on; honest ones are up to 2.7 %."""
    return 0.01 + 0.4 / min(lr_side, FINE)


def _what(median: np.ndarray, most: np.ndarray) -> str:
    turn, *zooms = median.tolist()
    parts = [f"turned by {abs(turn):.1f} degrees {'' if turn > 0 else 'anti'}clockwise"] if abs(turn) > most[0] else []
    for zoom, way in zip(zooms, ("up and down", "sideways"), strict=True):
        if abs(zoom) > most[1] / 2:
            parts.append(f"{abs(zoom):.1%} {'larger' if zoom > 0 else 'smaller'} {way}")
    return " and ".join(parts)


def _steps(back: np.ndarray, fixed: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The map by which each picture still differs: linear part and shift; NaN if undetermined."""
    weight, rows, columns = _places(fixed.shape[1])
    slopes = (np.gradient(pictures, axis=(1, 2)) for pictures in (fixed, back))
    down, right = ((a + b) / 2 for a, b in zip(*slopes, strict=True))
    # back(x) = gain * fixed(x - M x - t) + offset, and the gradients are of both
    terms = (down, right, down * rows, down * columns, right * rows, right * columns, -fixed, -np.ones_like(fixed))
    design = -np.stack(terms, axis=1).reshape(len(fixed), len(terms), weight.size)
    weighted = design * weight.ravel()
    normal = weighted @ design.swapaxes(1, 2)
    rest = (weighted @ (back - fixed).reshape(len(fixed), weight.size, 1))[..., 0]
    for each, right_side in zip(normal, rest, strict=True):
        try:
            yield _map(np.linalg.solve(each, right_side), len(weight) / 8)
        except np.linalg.LinAlgError:  # varies along one axis only
            yield np.full((2, 2), np.nan), np.zeros(2)


def _map(found: np.ndarray, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """Linear part and shift from a step's solution."""
    gain = max(0.2, 1 + found[6])
    linear = np.clip(found[2:6].reshape(2, 2) / gain, -FARTHEST, FARTHEST)
    inner: np.ndarray = np.linalg.inv(np.eye(2) - linear)
    return inner, inner @ np.clip(found[:2] / gain, -reach, reach)


@lru_cache
def _places(side: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weight, and row and column from the middle, of each pixel."""
    line = np.arange(side) - (side - 1) / 2
    window = np.hanning(side + 2)[1:-1] ** 0.5
    rows, columns = np.meshgrid(line, line, indexing="ij")
    return np.outer(window, window).astype(np.float32), rows.astype(np.float32), columns.astype(np.float32)
