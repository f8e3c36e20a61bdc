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
    """``jpeg``: N,2, how well the best quality explains the coefficients (-1 to 1), and that quality; NaN if unknown.

    Also unknown if LR of SR's size is on the same grid and SR's difference from it is not: SR has kept LR's.
    """
    fits = _fits(view.sr_luma)
    best = fits.argmax(axis=1)
    fit = fits.max(axis=1)
    unknown = _repeats_pixels(view.sr) | (fit <= -1)
    for row in np.flatnonzero(fit > ON_GRID) if view.scale == 1 else ():
        unknown[row] |= _keeps(view.sr_luma[row], luma(view.lr[row]), int(best[row]))
    found = np.column_stack([fit, QUALITIES[best]])
    found[unknown] = np.nan
    return {"jpeg": found}


def _keeps(sr: np.ndarray, lr: np.ndarray, quality: int) -> bool:
    """Whether SR's grid is LR's: if both were compressed, their difference is on the grid, too."""
    of_lr, of_difference = _fits(np.stack([lr, sr - lr]))[:, quality]
    return bool(of_lr > ON_GRID >= of_difference)


def _fits(pictures: np.ndarray) -> np.ndarray:
    """N,84: how well each of :data:`QUALITIES` explains a picture's coefficients; -1 if there are too few."""
    blocks = np.stack([_blocks(picture) for picture in pictures])
    if blocks.shape[1] < FEWEST // len(ROWS):
        return np.full((len(pictures), len(QUALITIES)), -1.0)
    coefficients = fft.dctn(blocks - 128, axes=(2, 3), norm="ortho")[..., ROWS, COLUMNS]
    fits = [_fit(np.abs(each), _steps()[:, None]) for each in coefficients]
    return np.stack(fits)


def _fit(coefficients: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """The mean cosine of one picture's coefficients, absolute values B,9, on the grid of each quality."""
    decisive = coefficients > steps / 2
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


def _repeats_pixels(pictures: np.ndarray) -> np.ndarray:
    """Whether each was enlarged by repeating pixels: sums over few whole numbers lie on a grid, too."""
    repeats: np.ndarray = (pictures[:, :, 0:-1:2] == pictures[:, :, 1::2]).mean(axis=(1, 2, 3)) > 0.8
    return repeats


@lru_cache
def _steps() -> np.ndarray:
    """float32 qualities, coefficients: the quantisation steps of libjpeg."""
    quality = QUALITIES[:, None]
    percent = np.where(quality < 50, 5000 // quality, 200 - 2 * quality)
    return ((BASE * percent + 50) // 100).clip(1, 255).astype(np.float32)
