"""A watermark, logo or anything else that SR has in a corner of all pictures and LR does not."""

from __future__ import annotations

from typing import Final

import numpy as np

from fsrbench.checks.finding import LEAST, Finding, Measured
from fsrbench.checks.view import COARSE, View

CELLS: Final = 3
"""Cells of a corner along each side; there are :data:`fsrbench.checks.view.COARSE` across the picture."""
MOST: Final = 20.0
"""Largest median difference of a cell from LR in grey levels: honest methods have up to 9, in smooth studio walls."""
DECIDED: Final = 0.8
"""On at least this share of the images the difference is at least half as large, in the same direction."""
NAMES: Final = ("top left", "top right", "bottom left", "bottom right")


def measure(view: View) -> dict[str, np.ndarray]:
    """``corners``: N,36, SR minus LR, mean of the channels, in the cells of each corner; about the picture's median."""
    sr, lr = view.coarse[:2]
    if lr.shape[1] < COARSE // 2:
        return {"corners": np.full((len(lr), 4 * CELLS**2), np.nan)}
    apart = sr.astype(np.float32).mean(axis=3) - lr.mean(axis=3)
    apart -= np.median(apart, axis=(1, 2), keepdims=True)
    ends = slice(None, CELLS), slice(-CELLS, None)
    corners = np.stack([apart[:, rows, columns] for rows in ends for columns in ends], axis=1)
    return {"corners": corners.reshape(len(apart), -1)}


def judge(measured: Measured) -> list[Finding]:
    """A finding for the corner that differs most, if it does so alike on nearly all images."""
    cells = measured["corners"]
    cells = cells[~np.isnan(cells).any(axis=1)]
    if len(cells) < LEAST:
        return []
    median = np.median(cells, axis=0)
    alike = (cells * np.sign(median) > MOST / 2).sum(axis=0)
    size = np.where(alike >= DECIDED * len(cells), np.abs(median), 0)
    worst = int(size.argmax())
    if size[worst] <= MOST:
        return []
    where, shown = NAMES[worst // CELLS**2], int(alike[worst])
    text = (
        f"SR has something {'brighter' if median[worst] > 0 else 'darker'} than LR in its {where} corner on {shown} of "
        f"{len(cells)} images: a watermark, logo or mask?"
    )
    return [Finding("corners", text, round(float(size[worst]), 2), MOST, shown, len(cells))]
