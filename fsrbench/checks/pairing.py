"""SR pictures under another image's name, or mirrored or turned against their input."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from fsrbench.checks.duplicates import FLAT, SIDE, thumbnails
from fsrbench.checks.finding import LEAST, Finding, Measured, agreed, examples, partly
from fsrbench.checks.view import View

CLEARER: Final = 0.05
"""Another input, or its own input turned, must explain SR better by this much in correlation."""
SURE: Final = 0.1
"""The same for single pictures under others' names: blur that makes faces alike gains up to 0.09. No honest picture is
nearer to its turned input: for single turned pictures :data:`CLEARER` is enough."""
LIKE: Final = 0.75
"""Minimum correlation with another input, or its own input turned, for it to explain SR at all."""
UNLIKE: Final = 0.4
"""Correlation with its own input up to which SR is nothing like it: honest methods have 0.78 or more."""
OWN: Final = 0.95
"""Correlation of SR with its own LR picture above which it shows that picture: honest methods have 0.99 or more."""
MOST: Final = 2048
"""Maximum SR pictures that are compared with all inputs; from more, this many are taken, evenly spread."""
PART: Final = 256
"""SR pictures that are compared at a time."""
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
    """``own_lr``: N,1, correlation of SR's and LR's luma at 8 x 8 px; NaN if one is flat or smaller."""
    sr, lr = thumbnails(view.sr), thumbnails(view.lr)
    varies = np.minimum(sr.std(axis=1), lr.std(axis=1)) > FLAT
    found = np.full((len(sr), 1), np.nan)
    found[varies, 0] = (_normalised(sr[varies]) * _normalised(lr[varies])).sum(axis=1)
    return {"own_lr": found}


def judge(measured: Measured, ids: Sequence[str]) -> list[Finding]:
    """A finding if SR pictures are mirrored or turned, or show the face of another image, or nothing of their own.

    Most of them must, or some beyond doubt. Judged by the correlation of luma at 8 x 8 px with that of HR, or of LR
    without HR. An LR picture may be so blurred that another's HR is nearer: then SR still resembles its own LR.
    """
    sr, inputs = (measured[name] for name in ("sr_thumbnail", "data_thumbnail"))
    of_lr = np.abs(measured["own_lr"][:, 0])  # inverted it is still the same picture
    usable = np.flatnonzero((sr.std(axis=1) > FLAT) & (inputs.std(axis=1) > FLAT) & np.isfinite(of_lr))
    if len(usable) < LEAST:
        return []
    sr, inputs = _normalised(sr[usable]), _normalised(inputs[usable])
    own = np.abs((sr * inputs).sum(axis=1))
    own[of_lr[usable] > OWN] = 1.0
    ids = [ids[row] for row in usable.tolist()]
    how, turned = _turned(sr, inputs)
    rows = np.unique(np.linspace(0, len(sr) - 1, min(len(sr), MOST)).astype(int))
    other, nearest = _others(sr[rows], inputs)
    by_turn = (turned >= LIKE) & (turned - own > CLEARER)
    by_turn[rows] &= turned[rows] > other
    by_other = (other >= LIKE) & (other - own[rows] > CLEARER) & ~by_turn[rows]
    sure = by_other & (other - own[rows] > SURE)
    # Of mixed-up pictures some are by chance like their own input turned
    if shown := agreed(by_turn.astype(float)) or (not sure.any() and partly(by_turn.astype(float), by_turn)) or None:
        text = f"SR is {how} on {shown[0]} of {shown[1]} images{examples(by_turn, ids)}"
        return [Finding("pairing", text, round(float(np.median((turned - own)[by_turn])), 3), CLEARER, *shown)]
    if shown := partly(by_other.astype(float), sure):
        gain = np.where(by_other, other - own[rows], 0)
        worst = int(gain.argmax())
        example = f"that of {ids[rows[worst]]} is nearer to the input {ids[nearest[worst]]}"
        text = f"SR shows another image's face on {shown[0]} of {shown[1]} images ({example}): were names mixed up?"
        return [Finding("pairing", text, round(float(np.median(gain[by_other])), 3), CLEARER, *shown)]
    return _unlike(own)


def _turned(sr: np.ndarray, inputs: np.ndarray) -> tuple[str, np.ndarray]:
    """The turn that explains most pictures better, and their correlation with their input so turned."""
    squares = inputs.reshape(-1, SIDE, SIDE)
    alike = {how: (sr * turn(squares).reshape(sr.shape)).sum(axis=1) for how, turn in TURNS.items()}
    gain = np.stack(list(alike.values())) - (sr * inputs).sum(axis=1)
    how = list(alike)[int(np.where(gain > CLEARER, gain, 0).sum(axis=1).argmax())]
    return how, alike[how]


def _others(sr: np.ndarray, inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each picture's largest correlation with any input, and the row of that input."""
    best, nearest = np.empty(len(sr)), np.empty(len(sr), int)
    for start in range(0, len(sr), PART):
        alike = sr[start : start + PART] @ inputs.T
        nearest[start : start + PART], best[start : start + PART] = alike.argmax(axis=1), alike.max(axis=1)
    return best, nearest


def _unlike(own: np.ndarray) -> list[Finding]:
    if not (shown := agreed((own < UNLIKE).astype(float))):
        return []
    text = f"SR does not resemble its input on {shown[0]} of {shown[1]} images: is it of other data?"
    return [Finding("pairing", text, round(float(np.median(own)), 3), UNLIKE, *shown)]


def _normalised(thumbnails: np.ndarray) -> np.ndarray:
    """Rows with mean 0 and length 1, so that their product is the correlation."""
    centred = thumbnails - thumbnails.mean(axis=1, keepdims=True)
    unit: np.ndarray = centred / np.linalg.norm(centred, axis=1, keepdims=True)
    return unit
