"""Colour channels in another order than RGB."""

from __future__ import annotations

from itertools import permutations
from typing import Final

import numpy as np

from fsrbench.checks.finding import Finding, Measured, agreed
from fsrbench.checks.view import View, rms

ORDERS: Final = tuple(permutations(range(3)))
"""Orders of the channels; the first is the right one."""
COLOURED: Final = 6.0
"""Least RMS distance in grey levels between LR and its own channels in another order."""
BETTER: Final = 0.8
"""In the wrong order, SR fits LR better when put right, by this factor in RMS: honest methods by more than 3 worse."""


def measure(view: View) -> dict[str, np.ndarray]:
    """``channels``: 6, RMS distance of SR in each of :data:`ORDERS` to LR; NaN where LR is grey."""
    sr, lr = (picture.reshape(-1, 3).astype(np.float32) for picture in view.coarse[:2])
    apart = [rms(lr[:, order] - lr) for order in ORDERS[1:]]
    if min(apart) < COLOURED:
        return {"channels": np.full(len(ORDERS), np.nan)}
    sr = sr - (sr.mean() - lr.mean())  # brightness is another check's
    return {"channels": np.array([rms(sr[:, order] - lr) for order in ORDERS])}


def judge(measured: Measured) -> list[Finding]:
    """A finding if most coloured images fit LR better in one other order."""
    distances = measured["channels"]
    grey = np.isnan(distances).any(axis=1)
    best = np.where(grey, 0, np.nan_to_num(distances).argmin(axis=1))
    for order in range(1, len(ORDERS)):
        factor = distances[:, order] / np.maximum(distances[:, 0], 1e-9)
        votes = np.where(grey, np.nan, (best == order) & (factor < BETTER))
        if shown := agreed(votes):
            # SR[:, order] is right, so SR's channels are the inverse of that order
            names = "".join("RGB"[list(ORDERS[order]).index(channel)] for channel in range(3))
            what = "red and blue are swapped (BGR)" if names == "BGR" else f"channels are in the order {names}"
            text = f"{what} on {shown[0]} of {shown[1]} coloured images: convert to RGB before saving"
            return [Finding("channels", text, round(float(np.nanmedian(factor)), 3), BETTER, *shown)]
    return []
