"""SR whose colours were matched to HR's mean and standard deviation, which a method cannot know."""

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
"""Minimum difference of LR's standard deviation in grey levels: otherwise SR that keeps LR's is near, too."""
NEAR: Final = 8.0
"""RMS distance of SR to HR in grey levels (30 dB) up to which it is not judged: noise of 4 moves no moment by more."""
CLIPPED: Final = 0.02
"""Largest share of a channel of SR that is 0 or 255: if matching had to clip more, the moments are not HR's."""
SHARE: Final = 0.25
"""Minimum share of the images that must show it; 0.05 of honest methods' images do."""


def measure(view: View) -> dict[str, np.ndarray]:
    """``matched``: N,3, evidence of matched colours; NaN without HR.

    The largest difference of a channel's mean or standard deviation, SR from HR; the smallest of a standard deviation,
    LR from HR (both in grey levels); and the largest share of a channel of SR that is 0 or 255.
    """
    if view.hr is None:
        return {"matched": np.full((len(view.sr), 3), np.nan)}
    shares = [_shares(pictures) for pictures in (view.sr, view.lr, view.hr)]
    sr, lr, hr = (_moments(of) for of in shares)
    clipped = shares[0][..., [0, 255]].sum(axis=2).max(axis=1)
    return {"matched": np.column_stack([np.abs(sr - hr).max(axis=(0, 2)), np.abs(lr - hr)[1].min(axis=1), clipped])}


def judge(measured: Measured) -> list[Finding]:
    """A finding if many SR pictures have HR's moments and LR does not; SR near HR has them anyway."""
    of_sr, of_lr, clipped = measured["matched"].T
    usable = (of_lr > FURTHER) & (measured["to_hr"][:, 0] > NEAR) & (clipped <= CLIPPED)
    same = usable & (of_sr <= np.maximum(SAME, SHARE_SAME * of_lr))
    shown = int(same.sum()), int(usable.sum())
    if shown[0] < LEAST or shown[0] <= SHARE * shown[1]:
        return []
    text = (
        f"SR has HR's mean and standard deviation in every channel on {shown[0]} of {shown[1]} images: colours were "
        "matched to HR, as VQFR's script does; use the method's own output"
    )
    return [Finding("matched_to_hr", text, round(float(np.median(of_sr[same])), 3), SAME, *shown)]


def _shares(pictures: np.ndarray) -> np.ndarray:
    """Share of each grey level in each channel, N,3,256."""
    counts = np.array([Image.fromarray(picture).histogram() for picture in pictures], np.float64)
    return counts.reshape(-1, 3, 256) / pictures[0, ..., 0].size


def _moments(shares: np.ndarray) -> np.ndarray:
    """Mean and standard deviation of each channel, 2,N,3, from its histogram: pixels of 512 px would take longer."""
    levels = np.arange(256)
    mean = shares @ levels
    return np.stack([mean, np.sqrt(np.maximum(shares @ levels**2 - mean**2, 0))])
