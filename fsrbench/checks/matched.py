"""SR whose colours were matched to HR's mean and standard deviation, which no method knows."""

from __future__ import annotations

from typing import Final

import numpy as np
from PIL import Image

from fsrbench.checks.finding import LEAST, Finding, Measured
from fsrbench.checks.view import View

SAME: Final = 0.2
"""Difference of means and standard deviations in grey levels that rounding leaves ..."""
SHARE_SAME: Final = 0.02
"""... or, as a share of LR's, that it and a little clipping leave."""
FURTHER: Final = 1.5
"""Least difference of LR's standard deviation in grey levels: else SR that keeps LR's is near, too."""
NEAR: Final = 8.0
"""RMS distance of SR to HR in grey levels (30 dB) up to which nothing is told: noise of 4 moves no moment by more."""
SHARE: Final = 0.25
"""Share of the images that must show it, as bright and dark ones are clipped: of honest methods' 0.05 are so near."""


def measure(view: View) -> dict[str, np.ndarray]:
    """``matched``: 2, largest difference of a channel's mean or deviation, SR from HR, and of a deviation, LR from HR.

    In grey levels; NaN without HR.
    """
    if view.hr is None:
        return {"matched": np.full(2, np.nan)}
    sr, lr, hr = (_moments(picture) for picture in (view.sr, view.lr, view.hr))
    return {"matched": np.array([np.abs(sr - hr).max(), np.abs(lr - hr)[1].min()])}


def judge(measured: Measured) -> list[Finding]:
    """A finding if many SR pictures have HR's moments and LR has not; SR near HR has them anyway."""
    of_sr, of_lr = measured["matched"].T
    usable = (of_lr > FURTHER) & (measured["to_hr"][:, 0] > NEAR)
    same = usable & (of_sr <= np.maximum(SAME, SHARE_SAME * of_lr))
    shown = int(same.sum()), int(usable.sum())
    if shown[0] < LEAST or shown[0] <= SHARE * shown[1]:
        return []
    text = (
        f"SR has HR's mean and standard deviation in every channel on {shown[0]} of {shown[1]} images: colours were "
        "matched to HR, as VQFR's script does; hand in what the method made"
    )
    return [Finding("matched_to_hr", text, round(float(np.median(of_sr[same])), 3), SAME, *shown)]


def _moments(picture: np.ndarray) -> np.ndarray:
    """Mean and standard deviation of each channel, 2,3, from its histogram: pixels of 512 px would take longer."""
    counts = np.array(Image.fromarray(picture).histogram(), np.float64).reshape(3, 256) / (picture.size / 3)
    levels = np.arange(256)
    mean = counts @ levels
    return np.stack([mean, np.sqrt(np.maximum(counts @ levels**2 - mean**2, 0))])
