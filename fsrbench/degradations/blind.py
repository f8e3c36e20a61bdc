"""The degradations of blind face restoration: blur, downsampling, noise, JPEG, and back to HR's size.

Each repeats what a published repository does to a picture, operation by operation: BasicSR's Gaussian kernels,
OpenCV's ``filter2D``, ``resize`` (``INTER_LINEAR``, without antialiasing) and ``imencode``. In a restoration task
(``512x1``) LR is reduced by a drawn scale and brought back to HR's side; in a task that enlarges (``128x4``) the scale
is the task's and LR is the compressed picture itself.

All lengths are in pixels of HR, whatever its side, as in those repositories, which ignore it: the blur keeps its ratio
to the pixel of LR, and their operations on the same picture give the same LR. The numbers were chosen for 512 px; on a
smaller HR they remove more of the face.

Needs only numpy and Pillow.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image

from fsrbench.degradations.base import Degradation, Degrade, Parameters
from fsrbench.degradations.resampling import filter_2d, jpeg, resample, to_image, triangle

Range = tuple[float, float]


@dataclass(frozen=True)
class Ranges:
    """Ranges from which a repository draws uniformly."""

    sigma: Range
    """Of the blur in HR px; one for an isotropic kernel, one per axis for a rotated one."""
    scale: Range
    """Of the downsampling in restoration."""
    noise: Range
    """Standard deviation, of 255."""
    quality: Range
    """Of JPEG; truncated to a whole number."""
    kernel: tuple[int, ...]
    """Sides of the kernel in px."""
    source: str
    """Project, commit and file."""

    @property
    def protocol(self) -> str:
        """One line for the record."""
        return _PROTOCOL.format(
            source=self.source,
            kernel=f"of {' or '.join(map(str, self.kernel))} px, isotropic or rotated (half each)",
            sigma="{:g}-{:g}".format(*self.sigma),
            scale="{:g}-{:g}".format(*self.scale),
            noise="{:g}-{:g}".format(*self.noise),
            quality="{:g}-{:g}".format(*self.quality),
        )


_PROTOCOL: Final = (
    "as {source}: Gaussian kernel {kernel}, sigma {sigma} HR px; cv2's linear, not antialiased, to 1/r (restoration, "
    "r {scale}) or to LR's size; Gaussian noise, sigma {noise} of 255; JPEG 4:2:0, quality {quality}; in restoration "
    "linear back to HR's size; made for HR of 512 px, not scaled to others; seeded by the image's id"
)

RANGES: Final = {
    "gfpgan": Ranges(
        (0.1, 10), (0.8, 8), (0, 20), (60, 100), (41,),
        "GFPGAN trains (7552a77 options/train_gfpgan_v1.yml, without its colour jitter and greys; VQFR's numbers too)",
    ),
    "codeformer-small": Ranges(
        (0.1, 10), (1, 12), (0, 15), (60, 100), (41,),
        "CodeFormer trains (b33cc7d options/CodeFormer_stage3.yml, small)",
    ),
    "codeformer-large": Ranges(
        (1, 15), (4, 30), (0, 20), (30, 80), (41,),
        "CodeFormer trains (b33cc7d options/CodeFormer_stage2.yml; stage3, large)",
    ),
    "daefr": Ranges(
        (0.1, 15), (0.8, 30), (0, 20), (30, 100), (39, 41),
        "DAEFR trains (02d5010 configs/DAEFR.yaml)",
    ),
}  # fmt: skip
"""By the degradation's name."""


@dataclass(frozen=True)
class Drawn:
    """What was drawn for an image, apart from the noise itself. Rounded before use, so that the record is exact."""

    kernel: int
    sigma: Range
    """Along the kernel's own axes, in HR px."""
    theta: float
    """Rotation of the kernel in radians, from the x axis towards the y axis (down)."""
    scale: float
    noise: float
    quality: int


def gaussian_kernel(side: int, sigma: Range, theta: float = 0.0) -> np.ndarray:
    """The bivariate Gaussian as BasicSR samples it.

    k(x, y) ~ exp(-(u^2 / sx^2 + v^2 / sy^2) / 2) at whole x, y, with (u, v) = (x cos t + y sin t, y cos t - x sin t);
    the sum is 1. Source: ``bivariate_Gaussian`` in BasicSR's ``basicsr/data/degradations.py``.

    Args:
        side: of the kernel in px, odd.
        sigma: (sx, sy) in px.
        theta: t in radians.

    Returns:
        float64 ``side`` x ``side``.

    Example:
        >>> gaussian_kernel(3, (1.0, 1.0)).round(3).tolist()
        [[0.075, 0.124, 0.075], [0.124, 0.204, 0.124], [0.075, 0.124, 0.075]]
    """
    y, x = np.mgrid[:side, :side] - side // 2
    u, v = x * math.cos(theta) + y * math.sin(theta), y * math.cos(theta) - x * math.sin(theta)
    weights = np.exp(-0.5 * ((u / sigma[0]) ** 2 + (v / sigma[1]) ** 2))
    kernel: np.ndarray = weights / weights.sum()
    return kernel


def draw(ranges: Ranges, rng: np.random.RandomState) -> Drawn:
    """Draw an image's numbers, always all of them and in this order."""
    rotated = rng.uniform() >= 0.5
    kernel = int(rng.choice(ranges.kernel))
    sigma_x, sigma_y = (_uniform(ranges.sigma, rng) for _ in "xy")
    theta = _uniform((-math.pi, math.pi), rng)
    scale, noise = _uniform(ranges.scale, rng), _uniform(ranges.noise, rng)
    quality = int(rng.uniform(*ranges.quality))
    if not rotated:
        sigma_y, theta = sigma_x, 0.0
    return Drawn(kernel, (sigma_x, sigma_y), theta, scale, noise, quality)


def _uniform(limits: Range, rng: np.random.RandomState) -> float:
    return round(float(rng.uniform(*limits)), 4)


def degrade(hr: Image.Image, size: int, drawn: Drawn, rng: np.random.RandomState) -> tuple[Image.Image, Parameters]:
    """Blur, reduce, add noise, compress; in restoration bring back to HR's size.

    Rounded to 8 bits where the repositories are: before JPEG (``imencode`` takes whole numbers) and at the end.
    """
    restores = size == hr.width
    reduced = max(1, int(size // drawn.scale)) if restores else size
    noise = rng.standard_normal((reduced, reduced, 3))

    blurred = filter_2d(np.asarray(hr), gaussian_kernel(drawn.kernel, drawn.sigma, drawn.theta))
    noisy = resample(blurred, reduced, triangle, radius=1) + drawn.noise * noise
    lr = jpeg(to_image(noisy), drawn.quality, subsampled=True)
    if restores:
        lr = to_image(resample(np.asarray(lr, dtype=np.float64), size, triangle, radius=1))
    return lr, {
        "kernel_px": drawn.kernel,
        "blur_sigma_px": list(drawn.sigma),
        "theta": drawn.theta,
        "scale": drawn.scale if restores else hr.width / size,
        "reduced_px": reduced,
        "noise_sigma": drawn.noise,
        "jpeg_quality": drawn.quality,
    }


def _from(ranges: Ranges) -> Degrade:
    def blind(hr: Image.Image, size: int, rng: np.random.RandomState) -> tuple[Image.Image, Parameters]:
        return degrade(hr, size, draw(ranges, rng), rng)

    return blind


QUALITIES: Final = (30, 40, 50, 60, 70)
SCALES: Final = (4, 8, 12, 16, 20, 24, 28, 32, 36, 40)
NOISES: Final = (1, 5, 10, 15, 20)
SIGMAS: Final = (4, 8, 12, 16)
THETAS: Final = (0.0, 0.25, 0.5, 0.75)
"""Fractions of pi."""
GRID: Final[tuple[Sequence[float], ...]] = (QUALITIES, SCALES, NOISES, SIGMAS, THETAS)
"""DifFace's test set has one picture per cell, in the order of its loops: the last axis varies fastest."""
CELLS: Final = math.prod(map(len, GRID))


def difface_test(hr: Image.Image, size: int, rng: np.random.RandomState) -> tuple[Image.Image, Parameters]:
    """Degrade by one cell of DifFace's grid, which the image's id chooses."""
    cell = int(rng.randint(CELLS))
    sigma_y = float(rng.choice(SIGMAS))  # not part of the grid there either
    quality, scale, noise, sigma_x, turn = (
        axis[int(i)] for axis, i in zip(GRID, np.unravel_index(cell, [len(axis) for axis in GRID]), strict=True)
    )
    drawn = Drawn(41, (float(sigma_x), sigma_y), turn * math.pi, float(scale), float(noise), int(quality))
    lr, parameters = degrade(hr, size, drawn, rng)
    return lr, {"cell": cell} | parameters


def _listed(values: Sequence[float]) -> str:
    return "{" + ", ".join(f"{value:g}" for value in values) + "}"


DIFFACE: Final = (
    _PROTOCOL.format(
        source="DifFace makes its test set (5c9ab80 scripts/prepare_testing_restoration.py)",
        kernel=f"of 41 px, theta {_listed(THETAS)} pi",
        sigma=f"x and y each of {_listed(SIGMAS)}",
        scale=_listed(SCALES),
        noise=_listed(NOISES),
        quality=_listed(QUALITIES),
    )
    + f"; the id draws one of the grid's {CELLS:,} cells, where DifFace takes them in turn through its sorted files"
)

BLIND: Final = (
    *(Degradation(name, ranges.protocol, _from(ranges), restores=True) for name, ranges in RANGES.items()),
    Degradation("difface-test", DIFFACE, difface_test, restores=True),
)
"""In the order of ``fsrbench list degradations``."""
