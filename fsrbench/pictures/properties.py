"""Properties of a picture as a signal: brightness, contrast, sharpness and noise."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

LUMA: Final = np.array([0.299, 0.587, 0.114])
"""Weights of red, green and blue (ITU-R BT.601)."""


def signal_properties(pixels: np.ndarray) -> dict[str, float]:
    """Brightness, contrast, noise and sharpness of a picture's luma (BT.601), in 8-bit levels except the last.

    * ``brightness``: mean, in [0, 255]; ``contrast``: standard deviation.
    * ``noise``: standard deviation of white noise by Immerkær's mask (Comput. Vis. Image Underst. 64, 1996), to which
      linear gradients add nothing; in small pictures a face's own structure adds to it.
    * ``sharpness``: root mean square difference of neighbours, down and across, over the contrast: near 0 if grey
      changes slowly, 1.41 if neighbours are independent, as in noise; 0 in a picture of one grey.

    Args:
        pixels: uint8 H,W,3, RGB; at least 3 x 3.

    Example:
        >>> flat = signal_properties(np.full((16, 16, 3), 128, np.uint8))
        >>> {name: round(value, 6) for name, value in flat.items()}
        {'brightness': 128.0, 'contrast': 0.0, 'noise': 0.0, 'sharpness': 0.0}
    """
    luma = pixels.astype(np.float32) @ LUMA.astype(np.float32)
    contrast = float(luma.std(dtype=np.float64))
    flat = contrast < 1e-3  # not 0, because of rounding errors
    return {
        "brightness": float(luma.mean(dtype=np.float64)),
        "contrast": contrast,
        "noise": noise(luma),
        "sharpness": 0.0 if flat else step(luma) / contrast,
    }


def step(channel: np.ndarray) -> float:
    """Root mean square difference of neighbouring pixels, down and across.

    Args:
        channel: float H,W; more than one pixel.

    Example:
        >>> step(np.array([[0.0, 3], [4, 7]])).__round__(3)
        3.536
    """
    down, across = np.diff(channel, axis=0), np.diff(channel, axis=1)
    squares = np.vdot(down, down) + np.vdot(across, across)
    return math.sqrt(float(squares) / (down.size + across.size))


def noise(channel: np.ndarray) -> float:
    """Standard deviation of white noise by Immerkær's mask ``[1 -2 1; -2 4 -2; 1 -2 1]``.

    ``sqrt(pi / 2) / 6`` times the mean magnitude of the picture under the mask, to which straight edges add hardly
    anything, but fine texture does. The mask is the second difference down of the second difference across.

    Args:
        channel: float H,W; at least 3 x 3.

    Example:
        >>> flat = 128 + 10 * np.random.default_rng(0).normal(size=(64, 64))
        >>> round(noise(flat))
        10
    """
    mask = np.diff(np.diff(channel, 2, axis=0), 2, axis=1)
    return math.sqrt(math.pi / 2) / 6 * float(np.abs(mask).mean(dtype=np.float64))
