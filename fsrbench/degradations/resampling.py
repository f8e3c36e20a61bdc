"""Resampling, blur and JPEG compression for degradations. Needs only numpy and Pillow."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Literal

import numpy as np
from PIL import Image


def keys_cubic(distance: np.ndarray) -> np.ndarray:
    """Keys' cubic kernel with OpenCV's a = -0.75, at distances up to 2 px."""
    x, a = np.abs(distance), -0.75
    near = ((a + 2) * x - (a + 3)) * x**2 + 1
    far: np.ndarray = ((x - 5) * x + 8) * x * a - 4 * a
    return np.where(x <= 1, near, far)


def triangle(distance: np.ndarray) -> np.ndarray:
    """The kernel of linear interpolation, at distances up to 1 px."""
    weight: np.ndarray = 1 - np.abs(distance)
    return weight


def resample(pixels: np.ndarray, size: int, kernel: Callable[[np.ndarray], np.ndarray], radius: int) -> np.ndarray:
    """Interpolate H,W,C at the centres of ``size`` x ``size`` cells, without antialiasing.

    Args:
        pixels: H,W,C.
        size: side of the result.
        kernel: weight by distance in pixels of the input.
        radius: of the kernel in pixels.
    """
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
    """Blur an H,W,C array with an axis-aligned Gaussian, truncated at ``reach`` sigmas, borders mirrored."""
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
    """Compress to JPEG of this quality (1 to 95) and decode, without chroma subsampling."""
    buffer = io.BytesIO()
    # 4:4:4, because subsampled chroma blocks of a 16 px picture would span the whole face
    image.save(buffer, "JPEG", quality=quality, subsampling=0)
    return Image.open(io.BytesIO(buffer.getvalue())).convert("RGB")


def to_image(pixels: np.ndarray) -> Image.Image:
    """A picture from H,W,3 numbers, rounded and clipped to 0..255."""
    return Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8))
