"""Drift's own measures of a picture: a few cheap numbers of LR and SR, in NumPy and Pillow."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from PIL import Image

from fsrbench.pictures.properties import noise, step

YCBCR: Final = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])
"""Rows: weights of R, G and B in luma and in both chroma channels (ITU-R BT.601)."""
BLOCK: Final = 8
"""Side in pixels of JPEG's blocks."""


def lr_measures(lr: np.ndarray) -> dict[str, float]:
    """Measures of an input picture.

    Args:
        lr: uint8 h,w,3, at least 4 px each way.

    Returns:
        ``lr_brightness``, ``lr_contrast`` (mean and standard deviation of luma), ``lr_sharpness``
        (:func:`~fsrbench.pictures.properties.step`), ``lr_noise`` and ``lr_colour_noise``
        (:func:`~fsrbench.pictures.properties.noise` of luma, and of both chroma channels as root mean square), in
        levels of 8 bits; ``lr_overshoot`` (:func:`overshoot`); ``lr_blocks`` (:func:`blocks`), NaN in pictures of fewer
        than two blocks.
    """
    luma, *chroma = channels(lr)
    return {
        **_of_luma("lr", luma),
        "lr_colour_noise": math.sqrt(sum(noise(channel) ** 2 for channel in chroma) / 2),
        "lr_overshoot": overshoot(luma),
        "lr_blocks": blocks(luma),
    }


def sr_measures(sr: np.ndarray, lr: np.ndarray | None = None) -> dict[str, float]:
    """Measures of an output picture.

    Args:
        sr: uint8 H,W,3.
        lr: uint8 h,w,3, the input that it was made from, if known; H and W are multiples of h and w.

    Returns:
        ``sr_brightness``, ``sr_contrast``, ``sr_sharpness`` and ``sr_noise`` as for LR; given LR also ``sr_detail``
        (:func:`added`), ``sr_gain`` and ``sr_error`` (:func:`reproduced`).
    """
    found = _of_luma("sr", channels(sr)[0])
    return found if lr is None else found | {"sr_detail": added(sr, lr)} | reproduced(sr, lr)


def _of_luma(which: str, luma: np.ndarray) -> dict[str, float]:
    """The measures that LR and SR both have."""
    return {
        f"{which}_brightness": float(luma.mean()),
        f"{which}_contrast": float(luma.std()),
        f"{which}_sharpness": step(luma),
        f"{which}_noise": noise(luma),
    }


def channels(picture: np.ndarray) -> np.ndarray:
    """Luma and chroma of a uint8 H,W,3 picture: float64 3,H,W in levels of 8 bits."""
    found: np.ndarray = np.moveaxis(picture.astype(np.float64) @ YCBCR.T, -1, 0)
    return found


def blocks(channel: np.ndarray) -> float:
    """JPEG blocks: log of the mean difference of neighbours across the borders of 8 x 8 blocks over that elsewhere.

    One level is added to both, so that a flat picture has 0.
    """
    if min(channel.shape) < 2 * BLOCK:
        return math.nan
    steps = [np.abs(np.diff(each, axis=0)).mean(axis=1) for each in (channel, channel.T)]
    border = [np.arange(len(step)) % BLOCK == BLOCK - 1 for step in steps]
    at = np.mean([step[here].mean() for step, here in zip(steps, border, strict=True)])
    elsewhere = np.mean([step[~here].mean() for step, here in zip(steps, border, strict=True)])
    return math.log((at + 1) / (elsewhere + 1))


def overshoot(channel: np.ndarray) -> float:
    """How far the finest detail continues the next coarser one, which shows the filter that reduced a picture.

    With ``m`` the mean of a pixel's four neighbours, ``f = x - m(x)`` and ``c = m(x) - m(m(x))`` it is
    ``sum(f c) / sum(c c)``: bicubic and Lanczos reductions, which overshoot at edges, have more than means over areas.

    Args:
        channel: float H,W.

    Returns:
        NaN for pictures of a single grey level or of fewer than 5 px.
    """
    if min(channel.shape) < 5:
        return math.nan
    once = _neighbours(channel)
    coarse = once[1:-1, 1:-1] - _neighbours(once)
    fine = (channel[1:-1, 1:-1] - once)[1:-1, 1:-1]
    power = float((coarse**2).sum())
    return float((fine * coarse).sum()) / power if power else math.nan


def _neighbours(channel: np.ndarray) -> np.ndarray:
    """Mean of the four neighbours of each pixel that has four."""
    down, across = channel[:-2, 1:-1] + channel[2:, 1:-1], channel[1:-1, :-2] + channel[1:-1, 2:]
    found: np.ndarray = (down + across) / 4
    return found


def added(sr: np.ndarray, lr: np.ndarray) -> float:
    """What SR adds to LR enlarged by Pillow's BICUBIC: standard deviation of luma, in levels of 8 bits.

    Args:
        sr: uint8 H,W,3.
        lr: uint8 h,w,3.
    """
    enlarged = Image.fromarray(lr).resize((sr.shape[1], sr.shape[0]), Image.Resampling.BICUBIC)
    return float((channels(sr) - channels(np.asarray(enlarged)))[0].std())


def reproduced(sr: np.ndarray, lr: np.ndarray) -> dict[str, float]:
    """How well SR, reduced to LR's size, reproduces LR.

    With ``d`` the reduction and ``u`` the enlargement by Pillow's BICUBIC, ``b = d(u(LR))`` is what interpolation
    reproduces and ``f = LR - b`` LR's finest detail. ``sr_gain = sum((d(SR) - b) f) / sum(f f)`` is the share of it
    that SR reproduces: 0 for interpolation, near 1 for a network trained to be consistent; it follows a layer's scale.
    ``sr_error`` is the root mean square of ``d(SR) - LR`` in levels of 8 bits. Neither needs to know how LR was made.

    Args:
        sr: uint8 H,W,3.
        lr: uint8 h,w,3.
    """
    small = (lr.shape[1], lr.shape[0])
    given = lr.astype(np.float64)
    enlarged = Image.fromarray(lr).resize((sr.shape[1], sr.shape[0]), Image.Resampling.BICUBIC)
    smooth = np.asarray(enlarged.resize(small, Image.Resampling.BICUBIC), np.float64)
    back = np.asarray(Image.fromarray(sr).resize(small, Image.Resampling.BICUBIC), np.float64)
    fine = given - smooth
    power = float((fine**2).sum())
    gain = float(((back - smooth) * fine).sum()) / power if power else math.nan
    return {"sr_gain": gain, "sr_error": math.sqrt(((back - given) ** 2).mean())}
