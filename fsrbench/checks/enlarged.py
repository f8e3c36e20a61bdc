"""HR that was enlarged from something smaller: its spectrum ends before the pixels do."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import fft

from fsrbench.checks.finding import Finding, Measured, enough
from fsrbench.checks.view import luma

CUTS: Final = (0.125, 0.25, 0.5)
"""Where a spectrum may end, as a share of the highest frequency: enlarged 8, 4 and 2 times."""
BELOW: Final = (0.6, 0.9)
ABOVE: Final = (1.1, 1.6)
"""Bands below and above a cut, as multiples of it."""
MOST: Final = 1.15
"""Largest fall from band to band, in powers of ten, that is no finding: photographs fall by 0.5 to 0.9."""
LEAST_POWER: Final = 1.0
"""Least power per pixel below a cut, in squared grey levels: rounding alone has 1/12."""


def measure(hr: np.ndarray) -> np.ndarray:
    """``spectrum``: 3, by how many powers of ten power falls across each of :data:`CUTS`; NaN where there is none.

    Args:
        hr: uint8 H,W,3.
    """
    power = _power(luma(hr))
    frequency = np.arange(len(power)) / (len(power) - 1)
    falls = np.full(len(CUTS), np.nan)
    for row, cut in enumerate(CUTS):
        below, above = (power[(frequency >= a * cut) & (frequency <= b * cut)] for a, b in (BELOW, ABOVE))
        if len(below) >= 2 and below.mean() >= LEAST_POWER:
            falls[row] = np.log10(below.mean() / max(above.mean(), 1e-6))
    return falls


def judge(measured: Measured) -> list[Finding]:
    """A finding if most HR images' spectra end early."""
    for cut, falls in zip(CUTS, measured["spectrum"].T, strict=True):
        known = enough(falls)
        if known is not None and (median := float(np.median(known))) > MOST:
            shown, times = int((known > MOST).sum()), 1 / cut
            text = (
                f"HR has next to nothing above {cut:g} of the highest frequency ({shown} of {len(known)} images, power "
                f"falls {10**median:.0f}-fold): was it enlarged about {times:g} times? Judge at a smaller task"
            )
            return [Finding("hr_enlarged", text, round(median, 3), MOST, shown, len(known))]
    return []


def _power(picture: np.ndarray) -> np.ndarray:
    """Mean power per pixel of lines and columns by frequency, from 0 to the highest."""
    window = np.hanning(len(picture) + 2)[1:-1].astype(np.float32)
    lines = np.concatenate([picture, picture.T])
    lines = (lines - lines.mean(axis=1, keepdims=True)) * window
    power: np.ndarray = (np.abs(fft.rfft(lines, axis=1)) ** 2).mean(axis=0) / (window**2).sum()
    return power
