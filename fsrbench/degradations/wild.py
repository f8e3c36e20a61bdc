"""The degradation ``wild``: a broad mixture of the degradations of faces in photographs and videos.

Blur and downsampling are linear along each axis: one small matrix per axis makes the LR picture. At scale 1 only the
blur is left of the two. Needs only numpy and Pillow.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

import numpy as np
from PIL import Image

from fsrbench.degradations.base import Parameters
from fsrbench.degradations.resampling import gaussian_blur, jpeg, keys_cubic, to_image, triangle

BLUR: Final = (0.6, 1.5)
"""Share of blurred pictures, and the largest sigma in LR px; each axis has its own."""
ALIASED: Final = 0.3
"""Share of pictures downsampled without antialiasing."""
NOISE: Final = (0.7, 30.0)
"""Share of pictures with noise, and its largest standard deviation, of 255 (of Poisson noise: at mid-grey)."""
NOISE_KINDS: Final = ("colour", "grey", "poisson")
JPEG: Final = (0.45, 0.15)
"""Shares of pictures compressed once, and twice."""
QUALITY: Final = (20, 95)
PROTOCOL: Final = (
    f"Gaussian blur ({BLUR[0]:.0%}, sigma 0.1-{BLUR[1]:g} LR px an axis); downsampling without antialiasing "
    f"({ALIASED:.0%}: cubic a = -0.75, linear or nearest) or with it (box, bilinear, bicubic or Lanczos); noise "
    f"({NOISE[0]:.0%}, sigma up to {NOISE[1]:g} of 255; Gaussian in colour, Gaussian in grey, or Poisson); JPEG 4:4:4 "
    f"({JPEG[0]:.0%} once, {JPEG[1]:.0%} twice, quality {QUALITY[0]}-{QUALITY[1]}); seeded by the image's id"
)


def wild(hr: Image.Image, size: int, rng: np.random.RandomState) -> tuple[Image.Image, Parameters]:
    """Degrade one picture; see :class:`fsrbench.degradations.Degradation`."""
    # All numbers are always drawn, and first, so that switching a stage off never changes the others' numbers
    blurred, sigmas = rng.uniform() < BLUR[0], rng.uniform(0.1, BLUR[1], size=2)
    aliased = rng.uniform() < ALIASED
    kernel = str(rng.choice(sorted(POINT_KERNELS))), str(rng.choice(sorted(AREA_KERNELS)))
    noisy, kind = rng.uniform() < NOISE[0], str(rng.choice(NOISE_KINDS))
    sigma = NOISE[1] * rng.uniform() ** 1.5  # strong noise is rarer
    times = int(np.searchsorted((1 - sum(JPEG), 1 - JPEG[1]), rng.uniform(), side="right"))
    qualities = [int(q) for q in rng.randint(QUALITY[0], QUALITY[1] + 1, size=2)][:times]
    gaussian = rng.standard_normal((size, size, 3))

    chosen = kernel[0] if aliased else kernel[1]
    scale = hr.width / size
    pixels = _reduce(np.asarray(hr, dtype=np.float64), size, chosen, sigmas * scale if blurred else np.zeros(2))
    if noisy:
        pixels = _add_noise(pixels, kind, sigma, gaussian, rng)
    lr = to_image(pixels)
    for quality in qualities:
        lr = jpeg(lr, quality)
    drawn = {
        "blur_sigma_px": [round(float(s * scale), 4) for s in sigmas] if blurred else [0.0, 0.0],
        "kernel": chosen,
        "noise": kind if noisy else None,
        "noise_sigma": round(float(sigma), 4) if noisy else 0.0,
        "jpeg_quality": qualities,
    }
    return lr, drawn


def _reduce(hr: np.ndarray, size: int, kernel: str, sigmas: np.ndarray) -> np.ndarray:
    if size == len(hr):  # every kernel is the identity, and matrices of 512 x 512 would take four times as long
        return gaussian_blur(hr, *sigmas) if sigmas.any() else hr
    down_x, down_y = (axis(len(hr), size, kernel, float(sigma)) for sigma in sigmas)
    return np.tensordot(down_x, np.tensordot(down_y, hr, (1, 0)), (1, 1)).swapaxes(0, 1)


def _add_noise(
    pixels: np.ndarray, kind: str, sigma: float, gaussian: np.ndarray, rng: np.random.RandomState
) -> np.ndarray:
    if kind == "poisson":
        # The variance grows with brightness; it is sigma squared at mid-grey
        photons = 0.5 * (255 / max(sigma, 0.1)) ** 2
        counted: np.ndarray = rng.poisson(np.clip(pixels, 0, 255) / 255 * photons)
        return 255 * counted / photons
    noise: np.ndarray = gaussian if kind == "colour" else gaussian[..., :1]
    return pixels + sigma * noise


def axis(side: int, size: int, kernel: str, sigma: float = 0.0) -> np.ndarray:
    """The matrix that blurs and downsamples along one axis.

    Args:
        side: HR size in pixels.
        size: LR size in pixels.
        kernel: a name in :data:`POINT_KERNELS` or :data:`AREA_KERNELS`.
        sigma: of the Gaussian before, in HR px, cut off at three sigmas, borders mirrored; 0 for none.

    Returns:
        float64 ``size`` x ``side``; rows sum to 1.
    """
    down = _downsampling(side, size, kernel)
    return down @ _blur(side, sigma) if sigma else down


@lru_cache(maxsize=64)
def _downsampling(side: int, size: int, kernel: str) -> np.ndarray:
    middles = (np.arange(size)[:, None] + 0.5) * side / size
    if kernel in POINT_KERNELS:
        weigh, radius = POINT_KERNELS[kernel]
        taps = np.floor(middles - 0.5).astype(int) + np.arange(1 - radius, radius + 1)
        weights = weigh(middles - 0.5 - taps)
    else:
        # As in Pillow: the kernel is stretched by the scale, and cut off at the picture's edge
        weigh, radius = AREA_KERNELS[kernel]
        scale = max(side / size, 1.0)
        reach = int(np.ceil(radius * scale))
        taps = np.floor(middles).astype(int) + np.arange(-reach, reach + 1)
        weights = np.where((taps >= 0) & (taps < side), weigh((taps + 0.5 - middles) / scale), 0.0)
    matrix = np.zeros((size, side))
    np.add.at(matrix, (np.arange(size)[:, None], taps.clip(0, side - 1)), weights)
    matrix /= matrix.sum(axis=1, keepdims=True)
    matrix.flags.writeable = False
    return matrix


def _blur(side: int, sigma: float) -> np.ndarray:
    radius = max(1, int(np.ceil(3 * sigma)))
    offsets = np.arange(-radius, radius + 1)
    weights = np.exp(-0.5 * (offsets / sigma) ** 2)
    taps = (np.arange(side)[:, None] + offsets) % (2 * side)  # mirrored, the edge pixel twice
    matrix = np.zeros((side, side))
    np.add.at(matrix, (np.arange(side)[:, None], np.minimum(taps, 2 * side - 1 - taps)), weights / weights.sum())
    return matrix


def _nearest(x: np.ndarray) -> np.ndarray:
    """The nearest pixel; ties go to the right one, as in Pillow."""
    return ((x >= -0.5) & (x < 0.5)).astype(np.float64)


def _box(x: np.ndarray) -> np.ndarray:
    return ((x > -0.5) & (x <= 0.5)).astype(np.float64)


def _bilinear(x: np.ndarray) -> np.ndarray:
    weight: np.ndarray = np.maximum(1 - np.abs(x), 0)
    return weight


def _bicubic(x: np.ndarray) -> np.ndarray:
    """Keys' cubic with Pillow's a = -0.5."""
    x = np.abs(x)
    return np.where(x < 1, (1.5 * x - 2.5) * x**2 + 1, np.where(x < 2, ((-0.5 * x + 2.5) * x - 4) * x + 2, 0))


def _lanczos(x: np.ndarray) -> np.ndarray:
    return np.where(np.abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0)


Kernel = Callable[[np.ndarray], np.ndarray]
POINT_KERNELS: Final[dict[str, tuple[Kernel, int]]] = {
    "opencv-cubic": (keys_cubic, 2),
    "opencv-linear": (triangle, 1),
    "nearest": (_nearest, 1),
}
"""Kernels without antialiasing: weight by distance in HR px, and radius."""
AREA_KERNELS: Final[dict[str, tuple[Kernel, int]]] = {
    "area": (_box, 1),
    "bilinear": (_bilinear, 1),
    "bicubic": (_bicubic, 2),
    "lanczos": (_lanczos, 3),
}
"""Kernels with antialiasing, as in Pillow: weight by distance in LR px, and radius."""
