"""Degradations: make the low-resolution (LR) face from the high-resolution (HR) one.

A degradation is deterministic per image: its random numbers come from the image's id, so the LR picture is the same
on every machine, in every order and for any subset of the data. The drawn parameters are returned with the picture.

Needs only numpy and Pillow.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from fsrbench.degradations.resampling import gaussian_blur, jpeg, keys_cubic, resample, to_image, triangle
from fsrbench.degradations.wild import PROTOCOL as WILD
from fsrbench.degradations.wild import wild
from fsrbench.errors import UserError
from fsrbench.registry import Registry

Parameters = dict[str, Any]
Degrade = Callable[[Image.Image, int, np.random.RandomState], tuple[Image.Image, Parameters]]


@dataclass(frozen=True)
class Degradation:
    """A named way to make LR from HR."""

    name: str
    protocol: str
    """One line for the record: kernel, antialiasing, steps, noise, compression."""
    degrade: Degrade
    strength: float | None = None
    """Strength of ``noise:10`` and the like; see :data:`STRENGTHS`."""
    unit: str = ""
    """Unit of the strength."""

    def __call__(self, hr: Image.Image, size: int, rng: np.random.RandomState) -> tuple[Image.Image, Parameters]:
        """Degrade one picture.

        Args:
            hr: RGB picture, square, at the task's HR size (8 bit).
            size: side of the LR picture in pixels.
            rng: source of every random number; see :func:`rng_for`.

        Returns:
            The LR picture (RGB, 8 bit, ``size`` x ``size``) and the drawn parameters.
        """
        return self.degrade(hr, size, rng)


def rng_for(image_id: str, seed: int = 0) -> np.random.RandomState:
    """A random generator for one image, from its id and the run's seed.

    ``RandomState``, because numpy keeps its stream stable (NEP 19); ``Generator`` streams may change.
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
    # All numbers are always drawn, and first, so that switching a stage off never changes the others' numbers
    blur_x, blur_y = rng.uniform(0.1, 0.6, size=2) * scale
    kernel = str(rng.choice(sorted(_KERNELS)))
    noise_on, noise_sigma = rng.uniform() < 0.8, rng.uniform(1.0, 8.0)
    jpeg_on, quality = rng.uniform() < 0.7, int(rng.randint(50, 96))
    noise = rng.standard_normal((size, size, 3))

    pixels = gaussian_blur(np.asarray(hr, dtype=np.float64), blur_x, blur_y)
    lr = to_image(pixels).resize((size, size), _KERNELS[kernel])
    if noise_on:
        lr = to_image(np.asarray(lr, dtype=np.float64) + noise_sigma * noise)
    if jpeg_on:
        lr = jpeg(lr, quality)
    drawn = {
        "blur_sigma_px": [round(float(blur_x), 4), round(float(blur_y), 4)],
        "kernel": kernel,
        "noise_sigma": round(noise_sigma, 4) if noise_on else 0.0,
        "jpeg_quality": quality if jpeg_on else None,
    }
    return lr, drawn


def _opencv_cubic(hr: Image.Image, size: int, rng: np.random.RandomState) -> tuple[Image.Image, Parameters]:
    return to_image(resample(np.asarray(hr, dtype=np.float64), size, keys_cubic, radius=2)), {}


def _opencv_linear(hr: Image.Image, size: int, rng: np.random.RandomState) -> tuple[Image.Image, Parameters]:
    return to_image(resample(np.asarray(hr, dtype=np.float64), size, triangle, radius=1)), {}


def _skimage_rescale(hr: Image.Image, size: int, rng: np.random.RandomState) -> tuple[Image.Image, Parameters]:
    sigma = (hr.width / size - 1) / 2
    pixels = np.asarray(hr, dtype=np.float64)
    blurred = gaussian_blur(pixels, sigma, sigma, reach=4, border="reflect") if sigma > 0 else pixels
    return to_image(resample(blurred, size, triangle, radius=1)), {"sigma_px": sigma}


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
        Degradation("wild", WILD, wild),
    )
}
"""Degradations without a strength."""


@dataclass(frozen=True)
class Strengths:
    """A degradation with a strength: ``NAME:NUMBER``."""

    unit: str
    least: float
    most: float
    protocol: str
    make: Callable[[float], Degrade]


def _blurred(sigma: float) -> Degrade:
    def degrade(hr: Image.Image, size: int, rng: np.random.RandomState) -> tuple[Image.Image, Parameters]:
        if sigma:
            pixels = sigma * hr.width / size
            hr = to_image(gaussian_blur(np.asarray(hr, dtype=np.float64), pixels, pixels))
        return _bicubic(hr, size, rng)

    return degrade


def _noisy(sigma: float) -> Degrade:
    def degrade(hr: Image.Image, size: int, rng: np.random.RandomState) -> tuple[Image.Image, Parameters]:
        lr = np.asarray(_bicubic(hr, size, rng)[0], dtype=np.float64)
        return to_image(lr + sigma * rng.standard_normal(lr.shape)), {}

    return degrade


def _compressed(quality: float) -> Degrade:
    def degrade(hr: Image.Image, size: int, rng: np.random.RandomState) -> tuple[Image.Image, Parameters]:
        return jpeg(_bicubic(hr, size, rng)[0], int(quality)), {}

    return degrade


STRENGTHS: dict[str, Strengths] = {
    "blur": Strengths("LR px", 0, 8, "Gaussian blur of HR, sigma {} LR px, then Pillow BICUBIC, antialiased", _blurred),
    "noise": Strengths(
        "of 255", 0, 100, "Pillow BICUBIC, antialiased, then Gaussian noise, sigma {} of 255, by the image's id", _noisy
    ),
    "jpeg": Strengths("quality", 1, 95, "Pillow BICUBIC, antialiased, then JPEG 4:4:4 of quality {}", _compressed),
}
"""What a sweep varies. An image has the same noise pattern at every strength."""


def find_degradation(name: str) -> Degradation:
    """A degradation by name, or by name and strength: ``noise:10``.

    Raises:
        UserError: unknown (the message suggests the nearest), or a strength outside its range.
    """
    kind, _, number = name.partition(":")
    if kind in STRENGTHS:
        return _of_strength(kind, number)
    if name in DEGRADATIONS:
        return DEGRADATIONS[name]
    known = [*DEGRADATIONS, *(f"{kind}:STRENGTH" for kind in STRENGTHS)]
    raise UserError(Registry("degradation", dict.fromkeys(known, "")).unknown(name))


def _of_strength(kind: str, number: str) -> Degradation:
    strengths = STRENGTHS[kind]
    allowed = f"{strengths.least:g} to {strengths.most:g} ({strengths.unit})"
    try:
        strength = float(number)
    except ValueError:
        raise UserError(f"degradation {kind} needs a strength, {kind}:NUMBER from {allowed}") from None
    if not strengths.least <= strength <= strengths.most or (kind == "jpeg" and strength != int(strength)):
        raise UserError(f"degradation {kind}:{number}: the strength must be from {allowed}")
    return Degradation(
        kind, strengths.protocol.format(f"{strength:g}"), strengths.make(strength), strength, strengths.unit
    )
