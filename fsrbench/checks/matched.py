"""SR whose colours were matched to HR's mean and standard deviation, which no method knows."""

from __future__ import annotations

from typing import Final

import numpy as np
from PIL import Image

from fsrbench.checks.finding import Finding, Measured, agreed
from fsrbench.checks.view import View

SAME: Final = 0.3
"""Difference of means and standard deviations in grey levels that rounding and clipping leave."""
FURTHER: Final = 4.0
"""LR's standard deviation is further from HR's, by this factor: else SR that keeps LR's is near, too."""


def measure(view: View) -> dict[str, np.ndarray]:
    """``matched``: 2, largest difference of a channel's mean or deviation, SR from HR, and of a deviation, LR from HR.

    In grey levels; NaN without HR.
    """
    if view.hr is None:
        return {"matched": np.full(2, np.nan)}
    sr, lr, hr = (_moments(picture) for picture in (view.sr, view.lr, view.hr))
    return {"matched": np.array([np.abs(sr - hr).max(), np.abs(lr - hr)[1].min()])}


def judge(measured: Measured) -> list[Finding]:
    """A finding if most SR pictures have HR's moments and LR has not."""
    of_sr, of_lr = measured["matched"].T
    shown = agreed(np.where(np.isnan(of_sr), np.nan, (of_sr <= SAME) & (of_lr > FURTHER * np.maximum(of_sr, SAME))))
    if not shown:
        return []
    text = (
        f"SR has HR's mean and standard deviation in every channel on {shown[0]} of {shown[1]} images: colours were "
        "matched to HR, as VQFR's script does; hand in what the method made"
    )
    return [Finding("matched_to_hr", text, round(float(np.nanmedian(of_sr)), 3), SAME, *shown)]


def _moments(picture: np.ndarray) -> np.ndarray:
    """Mean and standard deviation of each channel, 2,3, from its histogram: pixels of 512 px would take longer."""
    counts = np.array(Image.fromarray(picture).histogram(), np.float64).reshape(3, 256) / (picture.size / 3)
    levels = np.arange(256)
    mean = counts @ levels
    return np.stack([mean, np.sqrt(np.maximum(counts @ levels**2 - mean**2, 0))])
