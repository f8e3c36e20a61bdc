"""HR or SR that was enlarged from something smaller: its spectrum ends before the pixels do."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import fft

from fsrbench.checks.finding import LEAST, Finding, Measured, enough
from fsrbench.checks.view import View, luma

CUTS: Final = (0.125, 0.25, 0.5)
"""Where a spectrum may end, as a share of the highest frequency: enlarged 8, 4 and 2 times."""
BELOW: Final = (0.6, 0.9)
ABOVE: Final = (1.1, 1.6)
"""Bands below and above a cut, as multiples of it."""
MOST: Final = 1.15
"""Largest fall from band to band, in powers of ten, that is no finding: photographs fall by 0.5 to 0.9."""
RICH: Final = 0.8
"""Largest fall of SR at half the cut: interpolated LR falls there and at the cut, SR that was enlarged only at the
cut."""
RICH_RESTORED: Final = 1.02
"""The same for the cut at half the highest frequency if LR has SR's side, as LR is then not interpolated."""
LR_ENDS: Final = 1.0
"""If LR falls by at least this, its spectrum ends there, too, and SR may have that from LR."""
LEAST_SIDE: Final = 128
"""Minimum side of SR in pixels for the check."""
LEAST_POWER: Final = 1.0
"""Minimum power per pixel below a cut, in squared grey levels: rounding alone has 1/12."""


def measure(pictures: np.ndarray, every: int = 1) -> np.ndarray:
    """``spectrum``: N,3, by how many powers of ten power falls across each of :data:`CUTS`; NaN without power.

    Args:
        pictures: uint8 N,H,W,3.
        every: read only every n-th of their lines and columns.
    """
    power = np.stack([_power(luma(picture), every) for picture in pictures])
    frequency = np.arange(power.shape[1]) / (power.shape[1] - 1)
    falls = np.full((len(pictures), len(CUTS)), np.nan)
    for column, cut in enumerate(CUTS):
        below, above = (power[:, (frequency >= a * cut) & (frequency <= b * cut)] for a, b in (BELOW, ABOVE))
        if below.shape[1] >= 2:
            known = below.mean(axis=1) >= LEAST_POWER
            falls[known, column] = np.log10(below[known].mean(axis=1) / above[known].mean(axis=1).clip(1e-6))
    return falls


def measure_sr(view: View) -> dict[str, np.ndarray]:
    """``sr_spectrum``: N,6, :func:`measure` of SR, and of LR if it has SR's side; NaN for pictures below 128 px."""
    falls = np.full((2, len(view.sr), len(CUTS)), np.nan)
    if every := view.side // LEAST_SIDE:
        falls[0] = measure(view.sr, every)
        if view.scale == 1:
            falls[1] = measure(view.lr, every)
    return {"sr_spectrum": np.concatenate([*falls], axis=1)}


def judge_sr(measured: Measured, side: int, scale: int) -> list[Finding]:
    """A finding if most SR pictures have much below half or a quarter of the highest frequency, next to nothing above.

    Images whose LR ends there itself do not count.
    """
    sr, lr = measured["sr_spectrum"].reshape(-1, 2, len(CUTS)).swapaxes(0, 1)
    for cut, rich in ((2, RICH_RESTORED if scale == 1 else RICH), (1, RICH)):
        usable = ~np.isnan(sr[:, cut - 1 : cut + 1]).any(axis=1)
        if usable.sum() < LEAST or 1 < scale <= 1 / CUTS[cut]:
            continue
        before, falls = sr[usable, cut - 1], sr[usable, cut]
        shown = int(((before < rich) & (falls > MOST) & ~(lr[usable, cut] >= LR_ENDS)).sum())
        if 2 * shown > len(falls):
            median = float(np.median(falls))
            text = (
                f"SR has next to nothing above {CUTS[cut]:g} of the highest frequency ({shown} of {len(falls)} images, "
                f"{10**median:.0f}-fold fall): was it made at {round(side * CUTS[cut])} px and enlarged, or blurred?"
            )
            return [Finding("sr_enlarged", text, round(median, 3), MOST, shown, len(falls))]
    return []


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


def _power(picture: np.ndarray, every: int) -> np.ndarray:
    """Mean power per pixel of lines and columns by frequency, from 0 to the highest."""
    window = np.hanning(len(picture) + 2)[1:-1].astype(np.float32)
    lines = np.concatenate([picture[::every], picture.T[::every]])
    lines = (lines - lines.mean(axis=1, keepdims=True)) * window
    power: np.ndarray = (np.abs(fft.rfft(lines, axis=1)) ** 2).mean(axis=0) / (window**2).sum()
    return power
