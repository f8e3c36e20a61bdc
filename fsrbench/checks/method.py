"""All checks of a method: measured picture by picture, judged over all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from fsrbench.checks import (
    borders,
    channels,
    colours,
    corners,
    duplicates,
    enlarged,
    equality,
    geometry,
    jpeg,
    matched,
    pairing,
    shift,
    tones,
)
from fsrbench.checks.finding import Finding, Measured
from fsrbench.checks.view import View

MEASURES: Final[tuple[Callable[[View], dict[str, np.ndarray]], ...]] = (
    shift.measure,
    geometry.measure,
    channels.measure,
    colours.measure,
    tones.measure,
    borders.measure,
    equality.measure,
    jpeg.measure,
    duplicates.measure,
    pairing.measure,
    enlarged.measure_sr,
    matched.measure,
    corners.measure,
)

FRAME: Final = 3.0
"""A narrow frame changes the tones, too: up to so many times what is a finding of its own."""


def measure(sr: np.ndarray, lr: np.ndarray, hr: np.ndarray | None) -> dict[str, np.ndarray]:
    """What the checks read of some images: about 300 numbers each, whatever the size.

    Args:
        sr: uint8 N,H,W,3, of one method.
        lr: uint8 N,h,w,3, of the same images.
        hr: uint8 N,H,W,3, where there is HR.

    Returns:
        Arrays with a row for each image; see the checks.
    """
    rows: list[dict[str, np.ndarray]] = []
    for row in range(len(sr)):
        view = View(sr[row], lr[row], None if hr is None else hr[row])
        rows.append({name: values for check in MEASURES for name, values in check(view).items()})
    return {name: np.stack([row[name] for row in rows]).astype(np.float32) for name in rows[0]} if rows else {}


def judge(measured: Measured, ids: Sequence[str], side: int, scale: int) -> list[Finding]:
    """What is wrong with a method's pictures.

    Args:
        measured: by :func:`measure`.
        ids: of the images.
        side: of SR in pixels.
        scale: HR side by LR side.
    """
    if not ids:
        return []
    padded, toned = borders.judge(measured, ids), tones.judge(measured)
    if padded and toned and toned[0].value < FRAME * tones.MOST:
        toned = []
    moved, same = shift.judge(measured, side, scale), duplicates.judge_sr(measured, ids)
    paired = [] if same else pairing.judge(measured, ids)
    if paired and 2 * paired[0].images > paired[0].of:  # what other pictures differ by is no shift, and no tone
        moved, toned = [], []
    elif not padded:  # shrunk into a frame, SR is smaller, too
        moved += geometry.judge(measured, side // scale)
    equal = equality.judge(measured, scale, ids)
    mixed = channels.judge(measured, ids)
    coloured = [] if mixed or toned else colours.judge(measured, ids)
    found = [*equal, *moved, *mixed, *padded, *toned, *coloured, *paired, *same]
    # What these make of SR, they do in corners and to HR's moments, too
    more = [] if found else [*corners.judge(measured), *matched.judge(measured)]
    return [*found, *jpeg.judge(measured, ids), *enlarged.judge_sr(measured, side, scale), *more]
