"""Pictures that were saved as JPEG on the way: their 8 x 8 blocks' DCT coefficients lie on a grid of steps."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
from scipy import fft

from fsrbench.checks.finding import Finding, Measured, examples, partly
from fsrbench.checks.view import View, luma

ROWS: Final = np.array([0, 1, 2, 1, 0, 0, 1, 2, 3])
COLUMNS: Final = np.array([1, 0, 0, 1, 2, 3, 2, 1, 0])
BASE: Final = np.array([11, 12, 14, 12, 10, 16, 14, 13, 14])
"""Quantisation steps of these coefficients at quality 50 (ITU-T T.81, Table K.1)."""
QUALITIES: Final = np.arange(10, 94)
"""At higher qualities, steps are as small as rounding errors."""
SURE: Final = 0.85
"""The mean cosine at which single pictures are evidence; other pictures have 0.7 at most."""
BLOCKS: Final = 256
"""Maximum blocks that are read of each picture."""
FEWEST: Final = 24
"""Minimum coefficients above half a step for a verdict."""
ON_GRID: Final = 0.5
"""Mean cosine of coefficients on a grid of steps above which it is JPEG: 0 for any other picture, 1 at best."""


def measure(view: View) -> dict[str, np.ndarray]:
    """``jpeg``: 2, how well the best quality explains the coefficients (-1 to 1), and that quality; NaN if unknown.

    Also unknown if LR of SR's size is on the same grid and SR's difference from it is not: SR has kept LR's.
    """
    unknown = {"jpeg": np.full(2, np.nan)}
    if _repeats_pixels(view.sr):
        return unknown
    fits = _fits(view.sr_luma)
    best = int(fits.argmax())
    known = fits[best] > -1 and not (fits[best] > ON_GRID and _keeps(view, best))
    return {"jpeg": np.array([fits[best], QUALITIES[best]])} if known else unknown


def _keeps(view: View, quality: int) -> bool:
    """Whether SR's grid is LR's: if both were compressed, their difference is on the grid, too."""
    if view.scale > 1:
        return False
    lr = luma(view.lr)
    return bool(_fits(lr)[quality] > ON_GRID >= _fits(view.sr_luma - lr)[quality])


def _fits(picture: np.ndarray) -> np.ndarray:
    """How well each of :data:`QUALITIES` explains a picture's coefficients; -1 if there are too few."""
    blocks = _blocks(picture)
    if len(blocks) < FEWEST // len(ROWS):
        return np.full(len(QUALITIES), -1.0)
    coefficients = fft.dctn(blocks - 128, axes=(1, 2), norm="ortho")[:, ROWS, COLUMNS]
    steps = _steps()[:, None]
    decisive = np.abs(coefficients) > steps / 2
    count = decisive.sum(axis=(1, 2))
    fits = np.where(decisive, np.cos(2 * np.pi * coefficients / steps), 0).sum(axis=(1, 2)) / np.maximum(count, 1)
    return np.where(count < FEWEST, -1.0, fits)


def judge(measured: Measured, ids: Sequence[str]) -> list[Finding]:
    """A finding if most images were compressed, or some beyond doubt."""
    fit, quality = measured["jpeg"].T
    sure = fit > SURE
    shown = partly(np.where(np.isnan(fit), np.nan, fit > ON_GRID), sure)
    if not shown:
        return []
    median = float(np.median(quality[fit > ON_GRID]))
    text = f"SR was saved as JPEG (quality about {median:.0f}) on {shown[0]} of {shown[1]} images{examples(sure, ids)}"
    return [Finding("jpeg", f"{text}: use PNG", round(float(np.nanmedian(fit)), 3), ON_GRID, *shown)]


def _blocks(picture: np.ndarray) -> np.ndarray:
    """The blocks with the most contrast, float32 N,8,8."""
    side = len(picture) // 8 * 8
    blocks = picture[:side, :side].reshape(side // 8, 8, side // 8, 8).swapaxes(1, 2).reshape(-1, 8, 8)
    if len(blocks) > BLOCKS:
        blocks = blocks[np.linspace(0, len(blocks) - 1, 4 * BLOCKS).astype(int)]
        blocks = blocks[np.argsort(blocks.std(axis=(1, 2)))[-BLOCKS:]]
    return blocks


def _repeats_pixels(picture: np.ndarray) -> bool:
    """Whether it was enlarged by repeating pixels: sums over few whole numbers lie on a grid, too."""
    return bool((picture[:, 0:-1:2] == picture[:, 1::2]).mean() > 0.8)


@lru_cache
def _steps() -> np.ndarray:
    """float32 qualities, coefficients: the quantisation steps of libjpeg."""
    quality = QUALITIES[:, None]
    percent = np.where(quality < 50, 5000 // quality, 200 - 2 * quality)
    return ((BASE * percent + 50) // 100).clip(1, 255).astype(np.float32)
