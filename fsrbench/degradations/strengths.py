"""Degradations with a strength, ``NAME:NUMBER``: what a sweep varies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image

from fsrbench.degradations.base import Degradation, Degrade, Parameters
from fsrbench.degradations.fixed import bicubic
from fsrbench.degradations.resampling import gaussian_blur, jpeg, to_image
from fsrbench.errors import UserError


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
        return bicubic(hr, size, rng)

    return degrade


def _noisy(sigma: float) -> Degrade:
    def degrade(hr: Image.Image, size: int, rng: np.random.RandomState) -> tuple[Image.Image, Parameters]:
        lr = np.asarray(bicubic(hr, size, rng)[0], dtype=np.float64)
        return to_image(lr + sigma * rng.standard_normal(lr.shape)), {}

    return degrade


def _compressed(quality: float) -> Degrade:
    def degrade(hr: Image.Image, size: int, rng: np.random.RandomState) -> tuple[Image.Image, Parameters]:
        return jpeg(bicubic(hr, size, rng)[0], int(quality)), {}

    return degrade


STRENGTHS: Final[dict[str, Strengths]] = {
    "blur": Strengths("LR px", 0, 8, "Gaussian blur of HR, sigma {} LR px, then Pillow BICUBIC, antialiased", _blurred),
    "noise": Strengths(
        "of 255", 0, 100, "Pillow BICUBIC, antialiased, then Gaussian noise, sigma {} of 255, by the image's id", _noisy
    ),
    "jpeg": Strengths("quality", 1, 95, "Pillow BICUBIC, antialiased, then JPEG 4:4:4 of quality {}", _compressed),
}
"""By kind. An image has the same noise pattern at every strength."""


def of_strength(kind: str, number: str) -> Degradation:
    """The degradation ``kind:number``.

    Args:
        kind: one of :data:`STRENGTHS`.
        number: the strength as the user wrote it.

    Raises:
        UserError: not a number, or outside the range.
    """
    strengths = STRENGTHS[kind]
    allowed = f"{strengths.least:g} to {strengths.most:g} ({strengths.unit})"
    try:
        strength = float(number)
    except ValueError:
        raise UserError(f"degradation {kind} needs a strength, {kind}:NUMBER from {allowed}") from None
    if not strengths.least <= strength <= strengths.most or (kind == "jpeg" and strength != int(strength)):
        raise UserError(f"degradation {kind}:{number}: the strength must be from {allowed}")
    protocol, degrade = strengths.protocol.format(f"{strength:g}"), strengths.make(strength)
    return Degradation(kind, protocol, degrade, strength, strengths.unit, restores=strength > 0)
