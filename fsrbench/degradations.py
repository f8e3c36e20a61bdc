"""Degradations: make the low-resolution (LR) face from the high-resolution (HR) one.

A degradation is deterministic per image: its random numbers come from the image's id, so the LR picture is the same
on every machine, in every order and for any subset of the data. What was drawn is returned beside the picture.

This module needs only numpy and Pillow, so that training code can use it on a bare machine.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from PIL import Image

Parameters = dict[str, Any]
Degrade = Callable[[Image.Image, int, np.random.RandomState], tuple[Image.Image, Parameters]]


@dataclass(frozen=True)
class Degradation:
    """A named way to make LR from HR."""

    name: str
    protocol: str
    """One line for the record: kernel, antialiasing, steps, noise, compression."""
    degrade: Degrade

    def __call__(self, hr: Image.Image, size: int, rng: np.random.RandomState) -> tuple[Image.Image, Parameters]:
        """Degrade one picture.

        Args:
            hr: RGB picture, square, at the task's HR size (8 bit).
            size: side of the LR picture in pixels.
            rng: source of every random number; see :func:`rng_for`.

        Returns:
            The LR picture (RGB, 8 bit, ``size`` x ``size``) and the parameters that were drawn.
        """
        return self.degrade(hr, size, rng)


def rng_for(image_id: str, seed: int = 0) -> np.random.RandomState:
    """Random numbers of one image, from its id and the run's seed.

    ``RandomState`` because numpy guarantees its stream for ever (NEP 19); ``Generator`` streams may change.
    """
    digest = hashlib.sha256(f"{seed}:{image_id}".encode()).digest()
    return np.random.RandomState(np.frombuffer(digest, dtype=np.uint32))


def _bicubic(hr: Image.Image, size: int, rng: np.random.RandomState) -> tuple[Image.Image, Parameters]:
    return hr.resize((size, size), Image.Resampling.BICUBIC), {}


def _area(hr: Image.Image, size: int, rng: np.random.RandomState) -> tuple[Image.Image, Parameters]:
    return hr.resize((size, size), Image.Resampling.BOX), {}


def _bilinear_steps(hr: Image.Image, size: int, rng: np.random.RandomState) -> tuple[Image.Image, Parameters]:
    sides = [hr.width]
    while sides[-1] // 2 >= size:
        sides.append(sides[-1] // 2)
        hr = hr.resize((sides[-1], sides[-1]), Image.Resampling.BILINEAR)
    if sides[-1] != size:
        raise ValueError(f"bilinear-steps halves: {sides[0]} px cannot reach {size} px")
    return hr, {"sides": sides}


_KERNELS = {"area": Image.Resampling.BOX, "bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}


def _realworld(hr: Image.Image, size: int, rng: np.random.RandomState) -> tuple[Image.Image, Parameters]:
    scale = hr.width / size
    # All numbers are drawn first and always, so that one stage's switch never shifts another stage's numbers.
    blur_x, blur_y = rng.uniform(0.1, 0.6, size=2) * scale
    kernel = str(rng.choice(sorted(_KERNELS)))
    noise_on, noise_sigma = rng.uniform() < 0.8, rng.uniform(1.0, 8.0)
    jpeg_on, quality = rng.uniform() < 0.7, int(rng.randint(50, 96))
    noise = rng.standard_normal((size, size, 3))

    pixels = _gaussian_blur(np.asarray(hr, dtype=np.float64), blur_x, blur_y)
    lr = _to_image(pixels).resize((size, size), _KERNELS[kernel])
    if noise_on:
        lr = _to_image(np.asarray(lr, dtype=np.float64) + noise_sigma * noise)
    if jpeg_on:
        lr = _jpeg(lr, quality)
    drawn = {
        "blur_sigma_px": [round(float(blur_x), 4), round(float(blur_y), 4)],
        "kernel": kernel,
        "noise_sigma": round(noise_sigma, 4) if noise_on else 0.0,
        "jpeg_quality": quality if jpeg_on else None,
    }
    return lr, drawn


def _opencv_cubic(hr: Image.Image, size: int, rng: np.random.RandomState) -> tuple[Image.Image, Parameters]:
    return _to_image(_sample(np.asarray(hr, dtype=np.float64), size, _keys, radius=2)), {}


def _opencv_linear(hr: Image.Image, size: int, rng: np.random.RandomState) -> tuple[Image.Image, Parameters]:
    return _to_image(_sample(np.asarray(hr, dtype=np.float64), size, _triangle, radius=1)), {}


def _skimage_rescale(hr: Image.Image, size: int, rng: np.random.RandomState) -> tuple[Image.Image, Parameters]:
    sigma = (hr.width / size - 1) / 2
    pixels = np.asarray(hr, dtype=np.float64)
    blurred = _gaussian_blur(pixels, sigma, sigma, reach=4, border="reflect") if sigma > 0 else pixels
    return _to_image(_sample(blurred, size, _triangle, radius=1)), {"sigma_px": sigma}


def _keys(distance: np.ndarray) -> np.ndarray:
    """Keys' cubic kernel with OpenCV's a = -0.75, at distances up to 2 px."""
    x, a = np.abs(distance), -0.75
    near = ((a + 2) * x - (a + 3)) * x**2 + 1
    far: np.ndarray = ((x - 5) * x + 8) * x * a - 4 * a
    return np.where(x <= 1, near, far)


def _triangle(distance: np.ndarray) -> np.ndarray:
    weight: np.ndarray = 1 - np.abs(distance)
    return weight


def _sample(pixels: np.ndarray, size: int, kernel: Callable[[np.ndarray], np.ndarray], radius: int) -> np.ndarray:
    """H,W,C read at the middles of ``size`` x ``size`` cells through a kernel of HR pixels: nothing is averaged."""
    for axis in (0, 1):
        side = pixels.shape[axis]
        middles = (np.arange(size) + 0.5) * side / size - 0.5
        taps = np.floor(middles).astype(int)[:, None] + np.arange(1 - radius, radius + 1)
        weights = np.zeros((size, side))
        np.add.at(weights, (np.arange(size)[:, None], taps.clip(0, side - 1)), kernel(middles[:, None] - taps))
        pixels = np.moveaxis(np.tensordot(weights, pixels, axes=(1, axis)), 0, axis)
    return pixels


def _gaussian_blur(
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


def _jpeg(image: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    # 4:4:4, because chroma blocks of a 16 px picture would otherwise span the whole face.
    image.save(buffer, "JPEG", quality=quality, subsampling=0)
    return Image.open(io.BytesIO(buffer.getvalue())).convert("RGB")


def _to_image(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8))


DEGRADATIONS: dict[str, Degradation] = {
    d.name: d
    for d in (
        Degradation("bicubic", "Pillow BICUBIC, antialiased, one step", _bicubic),
        Degradation("area", "Pillow BOX (average pooling), one step", _area),
        Degradation("bilinear-steps", "Pillow BILINEAR halvings, as in Kim et al., BMVC 2019", _bilinear_steps),
        Degradation(
            "opencv-cubic", "cubic, a = -0.75, no antialiasing, one step, as cv2.resize INTER_CUBIC", _opencv_cubic
        ),
        Degradation("opencv-linear", "linear, no antialiasing, one step, as cv2.resize INTER_LINEAR", _opencv_linear),
        Degradation(
            "skimage-rescale",
            "Gaussian blur (sigma = (scale - 1) / 2 HR px), then linear, as skimage.transform.rescale",
            _skimage_rescale,
        ),
        Degradation(
            "realworld",
            "Gaussian blur (sigma 0.1-0.6 LR px an axis), area/bilinear/bicubic downsampling, "
            "Gaussian noise (80 %, sigma 1-8 of 255), JPEG 4:4:4 (70 %, quality 50-95); seeded by the image's id",
            _realworld,
        ),
    )
}
