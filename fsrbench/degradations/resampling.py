"""Resampling, blur and compression on arrays: what degradations are made of. Needs only numpy and Pillow."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Literal

import numpy as np
from PIL import Image


def keys(distance: np.ndarray) -> np.ndarray:
    """Keys' cubic kernel with OpenCV's a = -0.75, at distances up to 2 px."""
    x, a = np.abs(distance), -0.75
    near = ((a + 2) * x - (a + 3)) * x**2 + 1
    far: np.ndarray = ((x - 5) * x + 8) * x * a - 4 * a
    return np.where(x <= 1, near, far)


def triangle(distance: np.ndarray) -> np.ndarray:
    """The kernel of linear interpolation, at distances up to 1 px."""
    weight: np.ndarray = 1 - np.abs(distance)
    return weight


def sample(pixels: np.ndarray, size: int, kernel: Callable[[np.ndarray], np.ndarray], radius: int) -> np.ndarray:
    """H,W,C read at the middles of ``size`` x ``size`` cells through a kernel of HR pixels: nothing is averaged."""
    for axis in (0, 1):
        side = pixels.shape[axis]
        middles = (np.arange(size) + 0.5) * side / size - 0.5
        taps = np.floor(middles).astype(int)[:, None] + np.arange(1 - radius, radius + 1)
        weights = np.zeros((size, side))
        np.add.at(weights, (np.arange(size)[:, None], taps.clip(0, side - 1)), kernel(middles[:, None] - taps))
        pixels = np.moveaxis(np.tensordot(weights, pixels, axes=(1, axis)), 0, axis)
    return pixels


def gaussian_blur(
    pixels: np.ndarray,
    sigma_x: float,
    sigma_y: float,
    reach: float = 3,
    border: Literal["symmetric", "reflect"] = "symmetric",
) -> np.ndarray:
    """Blur an H,W,C array with an axis-aligned Gaussian, cut off at ``reach`` sigmas, borders mirrored."""
    for axis, sigma in ((0, sigma_y), (1, sigma_x)):
        radius = max(1, int(np.ceil(reach * sigma)))
        taps = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
        taps /= taps.sum()
        padding = [(radius, radius) if a == axis else (0, 0) for a in range(pixels.ndim)]
        padded = np.pad(pixels, padding, mode=border)
        length = pixels.shape[axis]
        pixels = sum(  # a fixed order of additions: the same bits on every machine
            tap * np.take(padded, range(i, i + length), axis=axis) for i, tap in enumerate(taps)
        )
    return pixels


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    """The picture as it comes back from a JPEG file of this quality (1 to 95), colours not subsampled."""
    buffer = io.BytesIO()
    # 4:4:4, because chroma blocks of a 16 px picture would otherwise span the whole face.
    image.save(buffer, "JPEG", quality=quality, subsampling=0)
    return Image.open(io.BytesIO(buffer.getvalue())).convert("RGB")


def to_image(pixels: np.ndarray) -> Image.Image:
    """H,W,3 numbers as a picture, rounded and cut to 0..255."""
    return Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8))
