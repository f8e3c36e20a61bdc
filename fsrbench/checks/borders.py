"""A border of padding that was not cut off: of one colour, or the picture continued or mirrored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from fsrbench.checks.finding import Finding, Measured, examples, partly
from fsrbench.checks.view import View, luma

SIDES: Final = ("top", "left", "bottom", "right")
KINDS: Final = ("one colour", "repeated edge pixels", "mirrored pixels")
SAME: Final = 3.0
"""Levels by which pixels of padding may differ: it may have been compressed."""
VARIED: Final = 4.0
"""Minimum standard deviation in grey levels of the reference where SR is padded."""
NOISE: Final = 1.5
"""Without HR, LR must vary by this multiple of its noise, as a plain wall in a noisy picture varies, too."""
WIDEST: Final = 6
"""The widest border that is searched for is the side divided by this."""
COLUMNS: Final = 64
"""Pixels read of each line; larger pictures are subsampled to this number or up to twice as many."""


def measure(view: View) -> dict[str, np.ndarray]:
    """``borders``: N,4,3, width in pixels of each of :data:`KINDS` at each of :data:`SIDES`; 0 for none."""
    widths = _widths(view.sr_luma, view.scale).astype(np.float64)
    for row in np.flatnonzero(widths.any(axis=(1, 2))):
        references = [luma(pictures[row]) for pictures in (view.lr, view.hr) if pictures is not None]
        varied = VARIED if view.hr is not None else float(np.hypot(VARIED, NOISE * _noise(references[0])))
        for k, kind in zip(*np.nonzero(widths[row]), strict=True):
            turned = [np.rot90(reference, -k) for reference in references]
            width = widths[row, k, kind] / view.side
            widths[row, k, kind] *= all(_goes_on(of, width * len(of), kind, varied) for of in turned)
    return {"borders": widths}


def judge(measured: Measured, ids: Sequence[str]) -> list[Finding]:
    """A finding if most images have a border of one kind on at least one side; for one colour, some are enough."""
    for number, kind in enumerate(KINDS):
        widths = measured["borders"][:, :, number]
        padded = np.asarray((widths > 0).any(axis=1))
        if shown := partly(padded.astype(float), padded if number == 0 else np.zeros(0, bool)):
            found = [(name, float(np.median(w[w > 0]))) for name, w in zip(SIDES, widths.T, strict=True) if w.any()]
            where = ", ".join(f"{name} {width:.0f} px" for name, width in found)
            text = f"a border of {kind} ({where}) on {shown[0]} of {shown[1]} images{examples(padded, ids)}"
            text += ", where the face goes on: crop it"
            return [Finding("borders", text, max(width for _, width in found), 0.0, *shown)]
    return []


def _widths(sr: np.ndarray, scale: int) -> np.ndarray:
    """int N,4,3, as measured, even if LR and HR end like this, as blur makes lines alike."""
    side = sr.shape[1]
    depth, every = 2 * (side // WIDEST) + 1, max(1, side // COLUMNS)
    # Turned clockwise by 0, 90, 180, 270 degrees, the top line is the top, left, bottom, right
    lines = np.concatenate([np.rot90(sr, -k, (1, 2))[:, :depth, ::every] for k in range(len(SIDES))])
    found = np.stack([_of_one_colour(lines), _repeated(lines, scale), _mirrored(lines, scale)], axis=1)
    found[found[:, :2].any(axis=1), 2] = 0
    return found.reshape(len(SIDES), len(sr), len(KINDS)).swapaxes(0, 1)


def _goes_on(reference: np.ndarray, lines: float, kind: int, varied: float) -> bool:
    """Whether the reference shows more at its top than padding of this kind would."""
    count = max(1, round(lines))
    if kind == 2:
        strip, beside = reference[:count], reference[count : 2 * count][::-1]
        return len(beside) == count and float(np.abs(strip - beside).mean()) > varied
    strip = reference[: max(2, count)] if kind else reference[:count]
    return float(strip.std(axis=0 if kind else None).mean()) > varied


def _of_one_colour(lines: np.ndarray) -> np.ndarray:
    """Number of lines from the top of M,L,C that have one colour, the same in all, and end abruptly: a plain wall does
    not."""
    colour = np.median(lines[:, :1], axis=2, keepdims=True)
    apart = np.abs(lines - colour)
    widths = _leading(apart.max(axis=2) <= SAME)
    for side in np.flatnonzero(widths):
        beyond = apart[side, widths[side] : widths[side] + 2]
        widths[side] *= len(beyond) and float(np.median(beyond[-1])) > SAME
    return widths


def _repeated(lines: np.ndarray, scale: int) -> np.ndarray:
    """Number of lines from the top of M,L,C that repeat the next one; 0 if enlarging an LR pixel would make as many."""
    same = _leading(np.abs(lines - lines[:, :1]).max(axis=2) <= SAME)
    usable = (np.ptp(lines[:, 0], axis=1) > 2 * SAME) & (same > 2 * scale) & (same < lines.shape[1])
    return np.where(usable, same - 1, 0)


def _mirrored(lines: np.ndarray, scale: int) -> np.ndarray:
    """The largest number of lines at the top of M,L,C that mirror those below, with the edge line once or twice."""
    detail = np.maximum.accumulate(np.abs(np.diff(lines, axis=1)).mean(axis=2), axis=1)
    found = np.zeros(len(lines), int)
    for width in range(lines.shape[1] // 2, max(3, scale), -1):
        varied = np.flatnonzero((detail[:, width - 2] > SAME) & (found == 0))
        for once in (0, 1):
            strips = lines[varied, : 2 * width + once]
            if len(varied) and strips.shape[1] == 2 * width + once:
                apart = np.abs(strips[:, :width] - strips[:, : -width - 1 : -1]).reshape(len(varied), -1).mean(axis=1)
                found[varied[apart <= SAME / 3]] = width
    return found


def _noise(picture: np.ndarray) -> float:
    """Standard deviation of the noise (Immerkaer, CVIU 64(2), 1996), by a median, which edges do not move much."""
    lines = picture[:-2] - 2 * picture[1:-1] + picture[2:]
    curved = lines[:, :-2] - 2 * lines[:, 1:-1] + lines[:, 2:]
    return float(np.median(np.abs(curved))) / (6 * 0.6745)


def _leading(true: np.ndarray) -> np.ndarray:
    """How many of the first values of each row are true."""
    count: np.ndarray = np.where(true.all(axis=1), true.shape[1], true.argmin(axis=1))
    return count
