"""Colours that are lost, weaker or stronger than those of the input, or have a cast."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from fsrbench.checks.finding import LEAST, Finding, Measured, enough, examples, partly
from fsrbench.checks.view import View, reduced, rms

SIDE: Final = 4
"""Side in pixels at which colours are read: noise and JPEG colour single pixels of grey LR."""
COLOURED: Final = 4.0
"""Minimum RMS of LR's channels about their mean, in grey levels, for a picture that has colours."""
GREY: Final = 1.0
"""The same of SR, up to which it is grey beyond doubt."""
WEAK: Final = 0.4
"""Minimum of SR's colours as a multiple of LR's: honest methods have 0.6 or more, from noise of 25 levels."""
STRONG: Final = 1.3
"""Maximum of the same: honest methods have up to 1.1."""
CAST: Final = 8.0
"""Largest difference between the channels' offsets from LR in grey levels: honest methods have up to 3."""
DECIDED: Final = 0.9
"""A cast has one sign on at least this share of the images."""


def measure(view: View) -> dict[str, np.ndarray]:
    """``colours``: N,5, multiple of LR's colours by least squares, RMS of SR's, mean R, G and B about grey less LR's.

    The first two are NaN if LR is grey.
    """
    sr, lr = (_about_grey(reduced(pictures, SIDE)) for pictures in view.coarse[:2])
    power = (lr**2).mean(axis=(1, 2, 3))
    shares = np.column_stack([(sr * lr).mean(axis=(1, 2, 3)) / np.maximum(power, COLOURED**2), rms(sr)])
    shares[power < COLOURED**2] = np.nan
    return {"colours": np.column_stack([shares, (sr - lr).mean(axis=(1, 2))])}


def judge(measured: Measured, ids: Sequence[str]) -> list[Finding]:
    """A finding if most pictures lost colours, or some all of them; else if colours are too strong or have a cast."""
    times, left = measured["colours"][:, :2].T
    unknown = np.isnan(times)
    grey = np.nan_to_num(left, nan=np.inf) <= GREY
    if shown := partly(np.where(unknown, np.nan, grey | (times < WEAK)), grey):
        what = "SR has no colours" if 2 * grey.sum() > shown[0] else "SR has lost its colours"
        where = f"{shown[0]} of {shown[1]} coloured images{examples(grey, ids)}"
        text = f"{what} on {where}: was it read or saved as grey, or is it blank?"
        return [Finding("colours", text, round(float(np.median(times[~unknown])), 3), WEAK, *shown)]
    return _cast(measured["colours"][:, 2:]) or _stronger(times)


def _stronger(times: np.ndarray) -> list[Finding]:
    usable = enough(times)
    if usable is None or (median := float(np.median(usable))) <= STRONG:
        return []
    shown = int((usable > STRONG).sum())
    text = f"colours are {median:.1f} times as strong as LR's (median; {shown} of {len(usable)} coloured images)"
    return [Finding("colours", text, round(median, 3), STRONG, shown, len(usable))]


def _cast(offsets: np.ndarray) -> list[Finding]:
    median = np.median(offsets, axis=0)
    size = float(np.ptp(median))
    along = offsets @ median
    shown = int((along > 0).sum())
    if size <= CAST or len(offsets) < LEAST or shown < DECIDED * len(offsets):
        return []
    by = ", ".join(f"{name} {value:+.0f}" for name, value in zip(("red", "green", "blue"), median, strict=True))
    text = (
        f"colours have a cast or another strength ({by} of 255 beside LR's, median; {shown} of {len(offsets)} images): "
        "check the channels' means and factors"
    )
    return [Finding("colours", text, round(size, 2), CAST, shown, len(offsets))]


def _about_grey(pictures: np.ndarray) -> np.ndarray:
    values = pictures.astype(np.float32)
    about: np.ndarray = values - values.mean(axis=3, keepdims=True)
    return about
