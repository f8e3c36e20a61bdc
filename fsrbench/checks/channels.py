"""Colour channels in another order than RGB, or of another colour space."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from typing import Final

import numpy as np

from fsrbench.checks.finding import Finding, Measured, examples, partly
from fsrbench.checks.view import LUMA, View

ORDERS: Final = tuple(permutations(range(3)))
"""Orders of the channels; the first is the right one."""
_YCBCR: Final = np.stack([LUMA, ([0, 0, 1] - LUMA) / (2 - 2 * LUMA[2]), ([1, 0, 0] - LUMA) / (2 - 2 * LUMA[0])])
_CHROMA: Final = np.array([0, 128, 128], np.float32)
_NONE: Final = np.zeros(3, np.float32)
MIXES: Final = {
    **{"".join("RGB"[c] for c in order): (np.eye(3, dtype=np.float32)[list(order)], _NONE) for order in ORDERS},
    "YCbCr": (_YCBCR, _CHROMA),
    "YCrCb": (_YCBCR[[0, 2, 1]], _CHROMA),
}
"""What channels may have been saved as, and how they come from RGB: a matrix and an offset; the first is right."""
EXPLAINED: Final = 0.9
"""A mix's RMS distance to SR must be below this share of its own variation, or any mix would be near a flat SR."""
COLOURED: Final = 6.0
"""Minimum RMS distance in grey levels between LR and its own channels in another order."""
BETTER: Final = 0.8
"""Factor in RMS by which SR must fit mixed LR better than LR as it is; honest methods fit it worse."""
SURE: Final = 0.6
"""The factor at which single pictures are evidence."""


def measure(view: View) -> dict[str, np.ndarray]:
    """``channels``: N,8, RMS distance of SR to LR mixed as in each of :data:`MIXES`.

    NaN if LR is grey; infinite for a mix that does not explain SR.
    """
    sr, lr = (pictures.reshape(len(pictures), 1, -1, 3).astype(np.float32) for pictures in view.coarse[:2])
    mixed = np.concatenate([lr @ mix.T + offset for mix, offset in MIXES.values()], axis=1)
    grey = _apart(mixed[:, 1 : len(ORDERS)] - lr).min(axis=1) < COLOURED
    distances, varied = _apart(sr - mixed), _apart(mixed - mixed.mean(axis=2, keepdims=True))
    explains = distances <= EXPLAINED * varied
    explains[:, 0] = True
    found = np.where(explains, distances, np.inf)
    found[grey] = np.nan
    return {"channels": found}


def judge(measured: Measured, ids: Sequence[str]) -> list[Finding]:
    """A finding if most coloured images fit LR better mixed in one way, or some much better."""
    distances = measured["channels"]
    grey = np.isnan(distances).any(axis=1)
    best = np.where(grey, 0, np.nan_to_num(distances).argmin(axis=1))
    for number, name in enumerate(MIXES):
        factor = distances[:, number] / np.maximum(distances[:, 0], 1e-9)
        sure = (best == number) & (factor < SURE)
        if number and (shown := partly(np.where(grey, np.nan, (best == number) & (factor < BETTER)), sure)):
            what = "red and blue are swapped (BGR)" if name == "BGR" else f"channels are in the order {name}"
            where = f"{shown[0]} of {shown[1]} coloured images{examples(sure, ids)}"
            value = round(float(np.median(factor[sure])) if sure.any() else float(np.nanmedian(factor)), 3)
            return [Finding("channels", f"{what} on {where}: convert to RGB before saving", value, BETTER, *shown)]
    return []


def _apart(differences: np.ndarray) -> np.ndarray:
    """RMS of each difference without its mean, as another check is for brightness."""
    distances: np.ndarray = differences.std(axis=(-2, -1))
    return distances
