"""Degradations that only reduce, each by one fixed kernel: nothing is drawn, and at scale 1 nothing would change."""

from __future__ import annotations

from typing import Final

import numpy as np
from PIL import Image

from fsrbench.degradations.base import Degradation, Parameters
from fsrbench.degradations.resampling import gaussian_blur, keys_cubic, resample, to_image, triangle


def bicubic(hr: Image.Image, size: int, rng: np.random.RandomState) -> tuple[Image.Image, Parameters]:
    """Reduce by Pillow's antialiased BICUBIC."""
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


def _opencv_cubic(hr: Image.Image, size: int, rng: np.random.RandomState) -> tuple[Image.Image, Parameters]:
    return to_image(resample(np.asarray(hr, dtype=np.float64), size, keys_cubic, radius=2)), {}


def _opencv_linear(hr: Image.Image, size: int, rng: np.random.RandomState) -> tuple[Image.Image, Parameters]:
    return to_image(resample(np.asarray(hr, dtype=np.float64), size, triangle, radius=1)), {}


def _skimage_rescale(hr: Image.Image, size: int, rng: np.random.RandomState) -> tuple[Image.Image, Parameters]:
    sigma = (hr.width / size - 1) / 2
    pixels = np.asarray(hr, dtype=np.float64)
    blurred = gaussian_blur(pixels, sigma, sigma, reach=4, border="reflect") if sigma > 0 else pixels
    return to_image(resample(blurred, size, triangle, radius=1)), {"sigma_px": sigma}


FIXED: Final = (
    Degradation("bicubic", "Pillow BICUBIC, antialiased, one step", bicubic),
    Degradation("area", "Pillow BOX (average pooling), one step", _area),
    Degradation(
        "bilinear-steps", "Pillow BILINEAR halvings, as in Kim et al., BMVC 2019", _bilinear_steps, halves=True
    ),
    Degradation(
        "opencv-cubic", "cubic, a = -0.75, no antialiasing, one step, as cv2.resize INTER_CUBIC", _opencv_cubic
    ),
    Degradation("opencv-linear", "linear, no antialiasing, one step, as cv2.resize INTER_LINEAR", _opencv_linear),
    Degradation(
        "skimage-rescale",
        "Gaussian blur (sigma = (scale - 1) / 2 HR px), then linear, as skimage.transform.rescale",
        _skimage_rescale,
    ),
)
"""In the order of ``fsrbench list degradations``."""
