"""The degradation ``realworld``: a moderate mixture of blur, kernels, noise and JPEG compression."""

from __future__ import annotations

from typing import Final

import numpy as np
from PIL import Image

from fsrbench.degradations.base import Parameters
from fsrbench.degradations.resampling import gaussian_blur, jpeg, to_image

PROTOCOL: Final = (
    "Gaussian blur (sigma 0.1-0.6 LR px an axis), area/bilinear/bicubic downsampling, "
    "Gaussian noise (80 %, sigma 1-8 of 255), JPEG 4:4:4 (70 %, quality 50-95); seeded by the image's id"
)
_KERNELS = {"area": Image.Resampling.BOX, "bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}


def realworld(hr: Image.Image, size: int, rng: np.random.RandomState) -> tuple[Image.Image, Parameters]:
    """Degrade one picture; see :class:`fsrbench.degradations.Degradation`."""
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
