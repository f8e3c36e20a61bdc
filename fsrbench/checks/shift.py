"""SR that is shifted against its input, by whole pixels or fractions of one: from correlation and phase."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from scipy import fft

from fsrbench.checks.finding import Finding, Measured, enough
from fsrbench.checks.view import View

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
UNKNOWN: Final = np.full(2, np.nan)


def measure(view: View) -> dict[str, np.ndarray]:
    """``shift``: N,2, how far SR is below and right of LR, in SR pixels; NaN for flat and for deblurred pictures."""
    moved, fixed = view.fine_luma
    found = displacement(moved, fixed) * (view.side / moved.shape[1])
    found[view.deblurred] = np.nan
    return {"shift": found}


def displacement(moved: np.ndarray, fixed: np.ndarray) -> np.ndarray:
    """How far each picture is below and to the right of another, in pixels.

    The peak of the cross-correlation gives whole pixels; the slope of the remaining phase over the low frequencies, by
    least squares, gives the rest (Stone et al., IEEE TGRS 39(10), 2001). Frequencies are weighted by magnitude;
    whitening, as in phase correlation (Kuglin & Hines, 1975), would give equal weight to those that a method invents.

    Args:
        moved: float N,H,H.
        fixed: float N,H,H.

    Returns:
        float64 N,2, dy and dx; NaN if a picture is flat, or they are not alike at any shift.

    Example:
        >>> pictures = np.random.default_rng(0).normal(size=(1, 32, 32)).cumsum(1).cumsum(2)
        >>> displacement(np.roll(pictures, (2, -1), (1, 2)), pictures).round().tolist()
        [[2.0, -1.0]]
    """
    side = fixed.shape[1]
    there, here = _spectrum(moved), _spectrum(fixed)
    spectrum = there * here.conj()
    varied = np.abs(spectrum).max(axis=(1, 2)) >= 1e-3 * side**2
    peaks = _peaks(fft.irfft2(spectrum, s=(side, side)))
    again = np.flatnonzero(peaks.any(axis=1))
    if len(again):  # moved back, they are seen through the same part of the window
        back = [np.roll(moved[row], -peaks[row], (0, 1)) for row in again]
        there[again] = _spectrum(np.stack(back))
        spectrum[again] = there[again] * here[again].conj()
    alike = _sum(spectrum, side) >= LIKE * (_sum(np.abs(there) ** 2, side) * _sum(np.abs(here) ** 2, side)) ** 0.5
    rows, columns, low = _frequencies(side)
    phase = np.angle(spectrum)
    weight = np.abs(spectrum) * low
    across = np.stack([weight * rows, weight * columns], axis=1)
    normal = np.stack([(across * place).sum(axis=(2, 3)) for place in (rows, columns)], axis=2)
    slope = (across * phase[:, None]).sum(axis=(2, 3))
    rest = np.stack(
        [_solved(*of) if usable else UNKNOWN for usable, *of in zip(varied & alike, normal, slope, strict=True)]
    )
    shifts: np.ndarray = peaks + np.clip(-rest / (2 * np.pi), -1, 1)
    return shifts


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


def _solved(normal: np.ndarray, slope: np.ndarray) -> np.ndarray:
    try:
        return np.linalg.solve(normal, slope)
    except np.linalg.LinAlgError:  # varies along one axis only
        return UNKNOWN


def _spectrum(pictures: np.ndarray) -> np.ndarray:
    window = _window(pictures.shape[1])
    means = (pictures * window).sum(axis=(1, 2), keepdims=True) / window.sum()
    spectrum: np.ndarray = fft.rfft2((pictures - means) * window)
    return spectrum


def _sum(spectrum: np.ndarray, side: int) -> np.ndarray:
    """Sum over all frequencies of a real picture's spectrum, of which half is stored."""
    columns = spectrum.real.sum(axis=1)
    twice: np.ndarray = 2 * columns.sum(axis=1) - columns[:, 0]
    return twice - columns[:, -1] if side % 2 == 0 else twice


def _peaks(surfaces: np.ndarray) -> np.ndarray:
    reach = int(surfaces.shape[1] * FARTHEST)
    steps = np.r_[0 : reach + 1, -reach:0]
    near = surfaces[:, steps[:, None], steps].reshape(len(surfaces), -1)
    peaks: np.ndarray = np.stack([steps[place] for place in np.divmod(near.argmax(axis=1), len(steps))], axis=1)
    return peaks


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
