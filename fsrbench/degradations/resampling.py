"""Resampling, blur and JPEG compression for degradations. Needs only numpy and Pillow."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Final, Literal

import numpy as np
from PIL import Image

ROWS: Final = 32
"""Rows that :func:`gaussian_blur` sums at a time, so that they stay in the processor's cache."""


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
    """Interpolate H,W,C at the centres of ``size`` x ``size`` cells, without antialiasing, edges repeated.

    With :func:`triangle` this is OpenCV's ``INTER_LINEAR``, with :func:`keys_cubic` its ``INTER_CUBIC``, in both
    directions.

    Args:
        pixels: H,W,C.
        size: side of the result.
        kernel: weight by distance in pixels of the input.
        radius: of the kernel in pixels.

    Returns:
        float64 ``size``,``size``,C, neither rounded nor clipped.

    Example:
        >>> row = np.array([[[0.0], [10.0]]])
        >>> resample(row, 4, triangle, radius=1)[0, :, 0].tolist()
        [0.0, 2.5, 7.5, 10.0]
    """
    for axis in (0, 1):
        side = pixels.shape[axis]
        middles = (np.arange(size) + 0.5) * side / size - 0.5
        taps = np.floor(middles).astype(int) + np.arange(1 - radius, radius + 1)[:, None]
        weights = kernel(middles - taps).reshape(2 * radius, *(size if a == axis else 1 for a in range(pixels.ndim)))
        pixels = sum(  # a fixed order of additions: the same bits on every machine
            weight * np.take(pixels, tap, axis=axis)
            for weight, tap in zip(weights, taps.clip(0, side - 1), strict=True)
        )
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
        pixels = _weighted_sums(np.pad(pixels, padding, mode=border), taps, axis)
    return pixels


def _weighted_sums(padded: np.ndarray, taps: np.ndarray, axis: int) -> np.ndarray:
    """Correlate along one axis, as far as the taps fit."""
    length = padded.shape[axis] - len(taps) + 1
    height = length if axis == 0 else len(padded)
    sums = np.zeros((height, padded.shape[1] if axis == 0 else length, *padded.shape[2:]))
    for top in range(0, height, ROWS):
        part = sums[top : top + ROWS]
        product = np.empty_like(part)
        for i, tap in enumerate(taps):  # a fixed order of additions: the same bits on every machine
            first = padded[top + i :][: len(part)] if axis == 0 else padded[top:][: len(part), i : i + length]
            np.multiply(first, tap, out=product)
            part += product
    return sums


def filter_2d(pixels: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Correlate each channel of H,W,C with a kernel, as ``cv2.filter2D``, borders mirrored without the edge pixel.

    By FFT in float64: 17 ms for a kernel of 41 px on 512 px, and exact to 1e-12 of 255.

    Args:
        pixels: H,W,C.
        kernel: K,K with K odd.

    Returns:
        float64 H,W,C.

    Example:
        >>> dot = np.zeros((5, 5, 1))
        >>> dot[2, 2] = 9.0
        >>> np.rint(filter_2d(dot, np.full((3, 3), 1 / 9))[2, :, 0]).astype(int).tolist()
        [0, 1, 1, 1, 0]
    """
    radius = len(kernel) // 2
    channels = np.asarray(pixels, dtype=np.float64).transpose(2, 0, 1)
    padded = np.pad(channels, ((0, 0), (radius, radius), (radius, radius)), mode="reflect")
    shape = padded.shape[1:]
    spectrum = np.fft.rfft2(padded, axes=(1, 2)) * np.fft.rfft2(kernel[::-1, ::-1], s=shape)
    # What wraps around is in the first 2 * radius rows and columns, which are cut off
    filtered: np.ndarray = np.fft.irfft2(spectrum, s=shape, axes=(1, 2))[:, 2 * radius :, 2 * radius :]
    return filtered.transpose(1, 2, 0)


def jpeg(image: Image.Image, quality: int, subsampled: bool = False) -> Image.Image:
    """Compress to JPEG of this quality (1 to 100) and decode.

    Args:
        image: RGB.
        quality: on libjpeg's scale.
        subsampled: halve the chroma (4:2:0), as ``cv2.imencode`` does; otherwise keep it (4:4:4), because subsampled
            chroma blocks of a 16 px picture would span the whole face.
    """
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality, subsampling=2 if subsampled else 0)
    return Image.open(io.BytesIO(buffer.getvalue())).convert("RGB")


def to_image(pixels: np.ndarray) -> Image.Image:
    """A picture from H,W,3 numbers, rounded and clipped to 0..255."""
    return Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8))
