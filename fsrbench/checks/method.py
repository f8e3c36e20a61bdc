"""All checks of a method: each picture measured by itself, all of them judged together."""

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
    explained,
    geometry,
    jpeg,
    matched,
    pairing,
    shift,
    tones,
)
from fsrbench.checks.finding import Finding, Measured
from fsrbench.checks.view import View

AT_ONCE: Final = 2**17
"""Pixels of SR that are measured together, 32 pictures of 64 px: alone, calls would take most of the time."""
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


def measure(sr: np.ndarray, lr: np.ndarray, hr: np.ndarray | None) -> dict[str, np.ndarray]:
    """Measure some images for the checks: about 300 numbers each, whatever the size.

    Args:
        sr: uint8 N,H,W,3, of one method.
        lr: uint8 N,h,w,3, of the same images.
        hr: uint8 N,H,W,3, if there is HR.

    Returns:
        Arrays with a row for each image; see the checks.
    """
    if not len(sr):
        return {}
    parts: list[dict[str, np.ndarray]] = []
    some = max(1, AT_ONCE // sr.shape[1] ** 2)
    for rows in (slice(start, start + some) for start in range(0, len(sr), some)):
        view = View(sr[rows], lr[rows], None if hr is None else hr[rows])
        parts.append({name: values for check in MEASURES for name, values in check(view).items()})
    return {name: np.concatenate([part[name] for part in parts]).astype(np.float32) for name in parts[0]}


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
    found = {check: judged for check, judged in _judged(measured, ids, side, scale).items() if judged}
    return [finding for judged in explained.alone(found).values() for finding in judged]


def _judged(measured: Measured, ids: Sequence[str], side: int, scale: int) -> dict[str, list[Finding]]:
    """What each check finds, in the order of the report."""
    return {
        "equality": equality.judge(measured, scale, ids),
        "shift": shift.judge(measured, side, scale),
        "geometry": geometry.judge(measured, side // scale),
        "channels": channels.judge(measured, ids),
        "borders": borders.judge(measured, ids),
        "tones": tones.judge(measured),
        "colours": colours.judge(measured, ids),
        "corners": corners.judge(measured),
        "jpeg": jpeg.judge(measured, ids),
        "enlarged": enlarged.judge_sr(measured, side, scale),
        "matched": matched.judge(measured),
        "pairing": pairing.judge(measured, ids),
        "duplicates": duplicates.judge_sr(measured, ids),
    }
