"""Faults of rising strength, made in honest pictures."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
from PIL import Image
from scipy import ndimage

Fault = Callable[[np.ndarray, Any], np.ndarray]
"""From uint8 H,W,3 and a strength."""


def shifted(picture: np.ndarray, pixels: float) -> np.ndarray:
    """Moved down by parts of a pixel or more; the edge is repeated."""
    return ndimage.shift(picture.astype(np.float32), (pixels, 0, 0), order=1, mode="nearest").round().astype(np.uint8)


def turned(picture: np.ndarray, degrees: float) -> np.ndarray:
    """Turned anticlockwise about the middle; the edge is repeated."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return _mapped(picture, np.array([[cos, sin], [-sin, cos]]))


def larger(picture: np.ndarray, percent: float) -> np.ndarray:
    """Enlarged about the middle and cut off; with a negative number smaller, and the edge repeated."""
    return _mapped(picture, np.eye(2) / (1 + percent / 100))


def with_gamma(picture: np.ndarray, power: float) -> np.ndarray:
    """Values in [0, 1] raised to a power."""
    return _levels(255 * (picture / 255) ** power)


def stretched(picture: np.ndarray, slope: float) -> np.ndarray:
    """Contrast multiplied about mid-grey."""
    return _levels(127.5 + slope * (picture - 127.5))


def brighter(picture: np.ndarray, levels: float) -> np.ndarray:
    """Grey levels added."""
    return _levels(picture + levels)


def padded(picture: np.ndarray, pixels: int) -> np.ndarray:
    """Shrunk into a black frame."""
    side = len(picture) - 2 * pixels
    inside = np.asarray(Image.fromarray(picture).resize((side, side), Image.Resampling.BICUBIC))
    return np.pad(inside, ((pixels, pixels), (pixels, pixels), (0, 0)))


def mirrored(picture: np.ndarray, pixels: int) -> np.ndarray:
    """Shrunk into a frame of its own mirror image."""
    side = len(picture) - 2 * pixels
    inside = np.asarray(Image.fromarray(picture).resize((side, side), Image.Resampling.BICUBIC))
    return np.pad(inside, ((pixels, pixels), (pixels, pixels), (0, 0)), mode="reflect")


def compressed(picture: np.ndarray, quality: int) -> np.ndarray:
    """Saved as JPEG and read again."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def swapped(picture: np.ndarray, share: float) -> np.ndarray:
    """Red and blue exchanged, as far as ``share``."""
    return _levels((1 - share) * picture + share * picture[..., ::-1])


FAULTS: Final[Mapping[str, tuple[str, Fault, tuple[float, ...]]]] = {
    "moved by px": ("shift", shifted, (0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4)),
    "turned by degrees": ("geometry", turned, (0.5, 1, 1.5, 2, 3)),
    "larger by %": ("geometry", larger, (1, 2, 3, 4, 5)),
    "smaller by %": ("geometry", larger, (-1, -2, -3, -4, -5)),
    "gamma": ("tones", with_gamma, (1.05, 1.1, 1.15, 1.2, 1.3, 1.5, 2.2)),
    "gamma below 1": ("tones", with_gamma, (0.95, 0.9, 0.85, 0.8, 0.7, 0.6, 1 / 2.2)),
    "contrast times": ("tones", stretched, (1.05, 1.1, 1.2, 1.3, 1.5, 2)),
    "contrast times, below 1": ("tones", stretched, (0.95, 0.9, 0.86, 0.8, 0.7, 0.5)),
    "brighter by levels": ("tones", brighter, (4, 6, 8, 10, 12, 16, 24)),
    "black frame of px": ("borders", padded, (1, 2, 3, 4, 8)),
    "mirrored frame of px": ("borders", mirrored, (4, 5, 6, 8, 10)),
    "JPEG quality": ("jpeg", compressed, (95, 93, 92, 90, 85, 75, 50)),
    "red and blue swapped": ("channels", swapped, (1.0,)),
}
"""By name: the check that should see it, the fault, and strengths from the weakest."""


def _mapped(picture: np.ndarray, linear: np.ndarray) -> np.ndarray:
    """Places of the result are those of the picture times ``linear``, about the middle."""
    middle = np.full(2, (len(picture) - 1) / 2)
    channels = [
        ndimage.affine_transform(channel, linear, middle - linear @ middle, order=1, mode="nearest")
        for channel in picture.astype(np.float32).transpose(2, 0, 1)
    ]
    return _levels(np.stack(channels, axis=2))


def _levels(values: np.ndarray) -> np.ndarray:
    levels: np.ndarray = values.round().clip(0, 255).astype(np.uint8)
    return levels
