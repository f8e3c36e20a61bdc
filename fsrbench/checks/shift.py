"""SR that is shifted against its input, by whole pixels or fractions of one: from correlation and phase."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from scipy import fft

from fsrbench.checks.finding import Finding, Measured, enough
from fsrbench.checks.view import View, luma

LOW: Final = 0.25
"""Cycles per pixel up to which phases give the fraction of a pixel."""
MEDIAN_ERROR: Final = 1.4826 * 1.2533
"""Standard error of a median of normal values, from their median absolute deviation, times the root of their number."""
ERRORS: Final = 4.0
"""The median must exceed this many of its standard errors: few or blurred pictures are weak evidence."""
LIKE: Final = 0.5
"""Minimum correlation with LR, moved back, for SR to show it at all: an untrained network's output has no position."""
FARTHEST: Final = 0.25
"""Largest shift that is searched for, as a share of the side."""


def measure(view: View) -> dict[str, np.ndarray]:
    """``shift``: 2, how far SR is below and right of LR, in SR pixels; NaN for flat and for deblurred pictures."""
    if view.deblurred:
        return {"shift": np.full(2, np.nan)}
    moved, fixed = view.fine
    return {"shift": displacement(luma(moved), luma(fixed)) * (view.sr.shape[0] / moved.shape[0])}


def displacement(moved: np.ndarray, fixed: np.ndarray) -> np.ndarray:
    """How far one picture is below and to the right of another, in pixels.

    The peak of the cross-correlation gives whole pixels; the slope of the remaining phase over the low frequencies, by
    least squares, gives the rest (Stone et al., IEEE TGRS 39(10), 2001). Frequencies are weighted by magnitude;
    whitening, as in phase correlation (Kuglin & Hines, 1975), would give equal weight to those that a method invents.

    Args:
        moved: float H,H.
        fixed: float H,H.

    Returns:
        float64 2, dy and dx; NaN if a picture is flat, or they are not alike at any shift.

    Example:
        >>> picture = np.random.default_rng(0).normal(size=(32, 32)).cumsum(0).cumsum(1)
        >>> displacement(np.roll(picture, (2, -1), (0, 1)), picture).round().tolist()
        [2.0, -1.0]
    """
    side = len(fixed)
    there, here = _spectrum(moved), _spectrum(fixed)
    spectrum = there * here.conj()
    if np.abs(spectrum).max() < 1e-3 * side**2:
        return np.full(2, np.nan)
    peak = _peak(fft.irfft2(spectrum, s=(side, side)))
    if peak.any():  # moved back, it is seen through the same part of the window
        there = _spectrum(np.roll(moved, -peak, (0, 1)))
        spectrum = there * here.conj()
    if _sum(spectrum, side) < LIKE * (_sum(np.abs(there) ** 2, side) * _sum(np.abs(here) ** 2, side)) ** 0.5:
        return np.full(2, np.nan)
    rows, columns, low = _frequencies(side)
    phase = np.angle(spectrum)
    weight = np.abs(spectrum) * low
    mixed = (weight * rows * columns).sum()
    normal = np.array([[(weight * rows**2).sum(), mixed], [mixed, (weight * columns**2).sum()]])
    slope = np.array([(weight * rows * phase).sum(), (weight * columns * phase).sum()])
    try:
        rest = -np.linalg.solve(normal, slope) / (2 * np.pi)
    except np.linalg.LinAlgError:  # varies along one axis only
        return np.full(2, np.nan)
    return peak + np.clip(rest, -1, 1)


def judge(measured: Measured, side: int, scale: int) -> list[Finding]:
    """A finding if the median shift over images is larger than that of any honest method.

    Args:
        measured: of the images.
        side: of SR in pixels.
        scale: HR side by LR side.
    """
    shifts = enough(measured["shift"])
    if shifts is None:
        return []
    down, right = np.median(shifts, axis=0).tolist()
    distance, most = float(np.hypot(down, right)), threshold(side, scale)
    along = shifts @ (down, right) / max(distance, 1e-9)
    error = MEDIAN_ERROR * float(np.median(np.abs(along - distance))) / len(along) ** 0.5
    if distance <= max(most, ERRORS * error):
        return []
    near = int((along > most / 2).sum())
    where = " and ".join(filter(None, (_way(down, "down", "up"), _way(right, "to the right", "to the left"))))
    text = (
        f"SR is shifted {where} against LR (median; {near} of {len(shifts)} images): "
        "crop or resize it so that it shows what LR shows"
    )
    return [Finding("shift", text, round(distance, 3), most, near, len(shifts))]


def threshold(side: int, scale: int) -> float:
    """The largest shift in SR pixels that is no finding; docs/checks.md says how it was chosen."""
    return max(0.75, 1.5 * side / 512, 0.125 * scale)


def _way(pixels: float, positive: str, negative: str) -> str:
    return f"{abs(pixels):.1f} px {positive if pixels > 0 else negative}" if abs(pixels) >= 0.1 else ""


def _spectrum(picture: np.ndarray) -> np.ndarray:
    window = _window(len(picture))
    spectrum: np.ndarray = fft.rfft2((picture - (picture * window).sum() / window.sum()) * window)
    return spectrum


def _sum(spectrum: np.ndarray, side: int) -> float:
    """Sum over all frequencies of a real picture's spectrum, of which half is stored."""
    twice = 2 * spectrum.real.sum() - spectrum[:, 0].real.sum()
    return float(twice - (spectrum[:, -1].real.sum() if side % 2 == 0 else 0))


def _peak(surface: np.ndarray) -> np.ndarray:
    reach = int(len(surface) * FARTHEST)
    steps = np.r_[0 : reach + 1, -reach:0]
    near = surface[np.ix_(steps, steps)]
    peak: np.ndarray = steps[list(np.unravel_index(near.argmax(), near.shape))]
    return peak


@lru_cache
def _window(side: int) -> np.ndarray:
    line = np.hanning(side + 2)[1:-1].astype(np.float32)
    window: np.ndarray = np.outer(line, line)
    return window


@lru_cache
def _frequencies(side: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Frequency of each row and column in cycles per pixel, and whether the two together are low."""
    rows, columns = fft.fftfreq(side)[:, None], fft.rfftfreq(side)[None]
    distance = rows**2 + columns**2
    return rows, columns, (distance > 0) & (distance < LOW**2)
