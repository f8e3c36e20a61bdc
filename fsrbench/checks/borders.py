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
    """``borders``: 4,3, width in pixels of each of :data:`KINDS` at each of :data:`SIDES`; 0 for none."""
    widths = np.array([_widths(np.rot90(view.sr_luma, -k), view.scale) for k in range(4)], np.float64)
    if widths.any():
        references = [luma(picture) for picture in (view.lr, view.hr) if picture is not None]
        varied = VARIED if view.hr is not None else float(np.hypot(VARIED, NOISE * _noise(references[0])))
        for k, kind in zip(*np.nonzero(widths), strict=True):
            turned = [np.rot90(reference, -k) for reference in references]
            width = widths[k, kind] / len(view.sr)
            widths[k, kind] *= all(_goes_on(of, width * len(of), kind, varied) for of in turned)
    # Turned clockwise by 0, 90, 180, 270 degrees, the top line is the top, left, bottom, right
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


def _widths(sr: np.ndarray, scale: int) -> list[int]:
    """The width of each kind of border at the top, even if LR and HR end like this, as blur makes lines alike."""
    lines = sr[: 2 * (len(sr) // WIDEST) + 1, :: max(1, len(sr) // COLUMNS)]
    found = [_of_one_colour(lines), _repeated(lines, scale), 0]
    found[2] = 0 if any(found) else _mirrored(lines, scale)
    return found


def _goes_on(reference: np.ndarray, lines: float, kind: int, varied: float) -> bool:
    """Whether the reference shows more at its top than padding of this kind would."""
    count = max(1, round(lines))
    if kind == 2:
        strip, beside = reference[:count], reference[count : 2 * count][::-1]
        return len(beside) == count and float(np.abs(strip - beside).mean()) > varied
    strip = reference[: max(2, count)] if kind else reference[:count]
    return float(strip.std(axis=0 if kind else None).mean()) > varied


def _of_one_colour(lines: np.ndarray) -> int:
    """Number of lines from the top that have one colour, the same in all, and end abruptly: a plain wall does not."""
    colour = np.median(lines[0])
    width = _leading(np.abs(lines - colour).max(axis=1) <= SAME)
    beyond = lines[width : width + 2]
    return width if len(beyond) and float(np.median(np.abs(beyond[-1] - colour))) > SAME else 0


def _repeated(lines: np.ndarray, scale: int) -> int:
    """Number of lines from the top that repeat the next one; 0 if enlarging an LR pixel would make as many."""
    if np.ptp(lines[0]) <= 2 * SAME:
        return 0
    same = _leading(np.abs(lines - lines[0]).max(axis=1) <= SAME)
    return same - 1 if len(lines) > same > 2 * scale else 0


def _mirrored(lines: np.ndarray, scale: int) -> int:
    """The largest number of lines at the top that mirror those below, with the edge line once or twice."""
    detail = np.abs(np.diff(lines, axis=0)).mean(axis=1)
    for width in range(len(lines) // 2, max(3, scale), -1):
        if detail[: width - 1].max() <= SAME:
            continue
        for once in (0, 1):
            below = lines[width + once : 2 * width + once]
            if len(below) == width and np.abs(lines[:width] - below[::-1]).mean() <= SAME / 3:
                return width
    return 0


def _noise(picture: np.ndarray) -> float:
    """Standard deviation of the noise (Immerkaer, CVIU 64(2), 1996), by a median, which edges do not move much."""
    lines = picture[:-2] - 2 * picture[1:-1] + picture[2:]
    curved = lines[:, :-2] - 2 * lines[:, 1:-1] + lines[:, 2:]
    return float(np.median(np.abs(curved))) / (6 * 0.6745)


def _leading(true: np.ndarray) -> int:
    return len(true) if true.all() else int(true.argmin())
