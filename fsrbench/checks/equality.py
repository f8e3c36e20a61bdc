"""SR that was not super-resolved: the HR picture saved again, or the LR picture enlarged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from PIL import Image

from fsrbench.checks.finding import Finding, Measured, agreed, examples, partly
from fsrbench.checks.view import View, rms

KERNELS: Final = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
"""Pillow's kernels, which are close enough to those of other libraries."""
SAME_LR: Final = 1.0
"""RMS distance in grey levels up to which SR is an enlarged LR picture."""
SAME_HR: Final = 3.0
"""RMS distance in grey levels up to which SR is the HR picture, even if it was compressed in between."""
MOST_EQUAL: Final = 2
"""SR pictures that may equal HR without a finding, such as pictures of a single colour."""
FURTHER: Final = 3.0
"""LR must be farther from HR by at least this factor: otherwise any method is near."""
COPIED: Final = 0.5
"""RMS distance up to which single SR pictures are LR enlarged, ..."""
ELSE: Final = 2.0
"""... if the median distance is at least this: a method that hardly changes LR does so in all pictures."""


def measure(view: View) -> dict[str, np.ndarray]:
    """``to_lr``: N,4, RMS distance of SR to LR enlarged by each of :data:`KERNELS`; ``to_hr``: N,2, of SR and LR to HR.

    In grey levels; ``to_hr`` is NaN without HR, ``to_lr`` if LR is flat.
    """
    to_lr, to_hr = np.full((len(view.sr), len(KERNELS)), np.nan), np.full((len(view.sr), 2), np.nan)
    for column, (name, kernel) in enumerate(KERNELS.items()):
        if view.scale == 1 and name != "bicubic":
            continue
        enlarged = view.lr if view.scale == 1 else _enlarged(view.lr, view.side, kernel)
        to_lr[:, column] = _distances(view.sr, enlarged)
        if name == "bicubic" and view.hr is not None:
            to_hr[:] = np.column_stack([_distances(view.sr, view.hr), _distances(enlarged, view.hr)])
    to_lr[np.ptp(view.lr.astype(np.int16), axis=(1, 2, 3)) <= 2 * SAME_HR] = np.nan
    return {"to_lr": to_lr, "to_hr": to_hr}


def judge_exact(equal: int, images: int) -> Finding | None:
    """A finding if more than a few SR pictures are HR pictures pixel for pixel, as when a folder of HR was given as SR.

    Args:
        equal: number of such pictures.
        images: number of all.
    """
    most = min(MOST_EQUAL, images - 1)
    if not equal or equal <= most:
        return None
    text = f"{equal} of {images} SR pictures equal HR pixel for pixel: was HR's folder given, or part of it?"
    return Finding("equal_to_hr", text, float(equal), float(most), equal, images)


def judge_lr(equal: int, images: int) -> Finding | None:
    """A finding if more than a few LR pictures of a restoration task are HR pictures pixel for pixel."""
    if (found := judge_exact(equal, images)) is None:
        return None
    text = f"{equal} of {images} LR pictures equal HR pixel for pixel: there is nothing to restore"
    return replace(found, check="lr_equal_to_hr", text=text)


def judge(measured: Measured, scale: int, ids: Sequence[str]) -> list[Finding]:
    """A finding if most images are HR, and one if most are LR enlarged, or some are and the others are far from it."""
    found = []
    to_sr, to_lr = measured["to_hr"].T
    votes = np.where(np.isnan(to_sr), np.nan, (to_sr <= SAME_HR) & (to_lr > FURTHER * to_sr) & (to_lr > 2 * SAME_HR))
    if shown := agreed(votes):
        text = f"SR is the HR picture on {shown[0]} of {shown[1]} images, at most saved again: was HR's folder given?"
        found.append(Finding("equal_to_hr", text, round(float(np.nanmedian(to_sr)), 3), SAME_HR, *shown))
    for name, distance in zip(KERNELS, measured["to_lr"].T, strict=True):
        usable = distance[~np.isnan(distance)]
        copied = (distance <= COPIED) & (len(usable) > 0 and float(np.median(usable)) >= ELSE)
        if shown := partly(np.where(np.isnan(distance), np.nan, distance <= SAME_LR), copied):
            what = f"the LR picture enlarged ({name})" if scale > 1 else "the LR picture itself"
            text = (
                f"SR is {what} on {shown[0]} of {shown[1]} images{examples(copied, ids)}, "
                f"within {SAME_LR:g} grey level: nothing was restored; were LR's pictures given, or was no face found?"
            )
            found.append(Finding("equal_to_lr", text, round(float(np.median(usable)), 3), SAME_LR, *shown))
            break
    return found


def _enlarged(lr: np.ndarray, side: int, kernel: Image.Resampling) -> np.ndarray:
    return np.stack([np.asarray(Image.fromarray(picture).resize((side, side), kernel)) for picture in lr])


def _distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return rms(np.subtract(first, second, dtype=np.float32))
