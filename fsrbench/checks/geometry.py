"""SR that is turned, zoomed or stretched against its input: an affine map fitted to each picture."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from scipy import ndimage

from fsrbench.checks.finding import Finding, Measured, enough
from fsrbench.checks.shift import ERRORS, MEDIAN_ERROR
from fsrbench.checks.view import FINE, View, luma

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
    """``geometry``: 3, degrees by which SR is turned clockwise, and by how much it is larger up and down, and sideways.

    Against LR, at 64 px at most; NaN for flat and for deblurred pictures.
    """
    if view.deblurred:
        return {"geometry": np.full(3, np.nan)}
    moved, fixed = view.fine
    linear = affine(luma(moved), luma(fixed))
    turn = np.degrees(np.arctan2(linear[0, 1] - linear[1, 0], linear[0, 0] + linear[1, 1]))
    return {"geometry": np.array([turn, *(np.hypot(*linear) - 1)])}


def affine(moved: np.ndarray, fixed: np.ndarray) -> np.ndarray:
    """The linear part of the map from places in one picture to places in another, about the middle.

    Least squares on the difference of the smoothed pictures, with a gain and an offset of grey levels, by Gauss-Newton
    steps (Lucas & Kanade, IJCAI 1981) on the mean of both pictures' gradients (Benhimane & Malis, IROS 2004), so that
    noise and detail of one of them have little effect.

    Args:
        moved: float H,H.
        fixed: float H,H.

    Returns:
        float64 2,2: places (row, column) in ``moved`` are this times those in ``fixed``, plus a shift; NaN if a
        picture is flat.

    Example:
        >>> picture = ndimage.gaussian_filter(np.random.default_rng(0).normal(size=(64, 64)), 4) * 2000
        >>> (100 * affine(ndimage.zoom(picture, 1.05)[1:65, 1:65], picture)).round().astype(int).tolist()
        [[105, 0], [0, 105]]
    """
    side = len(fixed)
    sigma, middle = max(0.7, side / SMOOTH), np.full(2, (side - 1) / 2)
    moved, fixed = (ndimage.gaussian_filter(picture, sigma, mode="nearest") for picture in (moved, fixed))
    if min(np.ptp(moved), np.ptp(fixed)) < FLAT:
        return np.full((2, 2), np.nan)
    linear, shift = np.eye(2), np.zeros(2)
    for step in range(STEPS):
        offset = middle + shift - linear @ middle
        back = ndimage.affine_transform(moved, linear, offset, order=1, mode="nearest") if step else moved
        found = _step(back, fixed)
        if found is None:
            return np.full((2, 2), np.nan)
        inner, by = found
        shift, linear = shift + linear @ by, linear @ inner
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


def _step(back: np.ndarray, fixed: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """The map by which one picture still differs: linear part and shift; ``None`` if undetermined."""
    weight, rows, columns = _places(len(fixed))
    down, right = ((a + b) / 2 for a, b in zip(np.gradient(fixed), np.gradient(back), strict=True))
    # back(x) = gain * fixed(x - M x - t) + offset, and the gradients are of both
    terms = (down, right, down * rows, down * columns, right * rows, right * columns, -fixed, -np.ones_like(fixed))
    design = -np.stack(terms).reshape(len(terms), -1)
    weighted = design * weight.ravel()
    try:
        found = np.linalg.solve(weighted @ design.T, weighted @ (back - fixed).ravel())
    except np.linalg.LinAlgError:  # varies along one axis only
        return None
    gain, reach = max(0.2, 1 + found[6]), len(fixed) / 8
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
