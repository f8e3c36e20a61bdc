"""SR pictures under another image's name, or mirrored or turned: they show their input, but not as it lies there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from fsrbench.checks.duplicates import FLAT, SIDE, thumbnail
from fsrbench.checks.finding import LEAST, Finding, Measured, agreed
from fsrbench.checks.view import View

CLEARER: Final = 0.05
"""Another input, or the own turned, explains SR better by so much in correlation."""
OWN: Final = 0.95
"""Correlation of SR with its own LR picture from which on it is that picture: honest methods have 0.99 and more."""
MOST: Final = 2048
"""SR pictures that are compared with all inputs: of more, so many evenly spread."""
PART: Final = 256
"""Of them at a time."""
Turn = Callable[[np.ndarray], np.ndarray]
TURNS: Final[dict[str, Turn]] = {
    "mirrored left to right": lambda x: x[:, :, ::-1],
    "mirrored top to bottom": lambda x: x[:, ::-1],
    "turned by 90 degrees": lambda x: np.rot90(x, 1, (1, 2)),
    "turned by 180 degrees": lambda x: np.rot90(x, 2, (1, 2)),
    "turned by 270 degrees": lambda x: np.rot90(x, 3, (1, 2)),
    "transposed": lambda x: x.swapaxes(1, 2),
}
"""Of N,8,8: what SR would be, from what it should be."""


def measure(view: View) -> dict[str, np.ndarray]:
    """``own_lr``: 1, correlation of SR's and LR's luma at 8 x 8 px; NaN where one is flat or smaller."""
    sr, lr = thumbnail(view.sr), thumbnail(view.lr)
    varies = min(sr.std(), lr.std()) > FLAT
    return {"own_lr": np.array([(_normalised(sr[None]) * _normalised(lr[None])).sum() if varies else np.nan])}


def judge(measured: Measured, ids: Sequence[str]) -> list[Finding]:
    """A finding if most SR pictures are mirrored or turned, and one if most show the face of another image.

    Both by the correlation of luma at 8 x 8 px with that of HR, or of LR where there is no HR. A LR picture may be so
    blurred that another's HR is nearer: then SR is like its own LR still.
    """
    sr, inputs = (measured[name] for name in ("sr_thumbnail", "data_thumbnail"))
    of_lr = np.abs(measured["own_lr"][:, 0])  # inverted it is still the same picture
    usable = np.flatnonzero((sr.std(axis=1) > FLAT) & (inputs.std(axis=1) > FLAT) & np.isfinite(of_lr))
    if len(usable) < LEAST:
        return []
    sr, inputs = _normalised(sr[usable]), _normalised(inputs[usable])
    own = np.abs((sr * inputs).sum(axis=1))
    own[of_lr[usable] > OWN] = 1.0
    return _turned(sr, inputs, own) or _of_others(sr, inputs, own, [ids[row] for row in usable.tolist()])


def _turned(sr: np.ndarray, inputs: np.ndarray, own: np.ndarray) -> list[Finding]:
    squares = inputs.reshape(-1, SIDE, SIDE)
    gains = {how: (sr * turn(squares).reshape(sr.shape)).sum(axis=1) - own for how, turn in TURNS.items()}
    how, gain = max(gains.items(), key=lambda item: float(np.median(item[1])))
    if not (shown := agreed(gain > CLEARER)):
        return []
    text = f"SR is {how} on {shown[0]} of {shown[1]} images"
    return [Finding("pairing", text, round(float(np.median(gain)), 3), CLEARER, *shown)]


def _of_others(sr: np.ndarray, inputs: np.ndarray, own: np.ndarray, ids: Sequence[str]) -> list[Finding]:
    rows = np.unique(np.linspace(0, len(sr) - 1, min(len(sr), MOST)).astype(int))
    best, nearest = np.empty(len(rows)), np.empty(len(rows), int)
    for start in range(0, len(rows), PART):
        alike = sr[rows[start : start + PART]] @ inputs.T
        nearest[start : start + PART], best[start : start + PART] = alike.argmax(axis=1), alike.max(axis=1)
    gain = best - own[rows]
    if not (shown := agreed(gain > CLEARER)):
        return []
    worst = int(gain.argmax())
    example = f"that of {ids[rows[worst]]} is nearer to the input {ids[nearest[worst]]}"
    text = f"SR shows another image's face on {shown[0]} of {shown[1]} images ({example}): were names mixed up?"
    return [Finding("pairing", text, round(float(np.median(gain)), 3), CLEARER, *shown)]


def _normalised(thumbnails: np.ndarray) -> np.ndarray:
    """Rows with mean 0 and length 1, so that their product is the correlation."""
    centred = thumbnails - thumbnails.mean(axis=1, keepdims=True)
    unit: np.ndarray = centred / np.linalg.norm(centred, axis=1, keepdims=True)
    return unit
