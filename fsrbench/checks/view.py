"""One SR picture with the LR and HR it is compared with, at the sizes that checks read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from PIL import Image

FINE: Final = 64
"""Largest side in pixels at which structure is compared."""
COARSE: Final = 16
"""Largest side at which colours and tones are compared: detail that a method invents is averaged away."""
SHARPER: Final = 1.5
"""SR of :attr:`View.sharpness` above this was deblurred: honest SR of LR that is not blurred has 1.3 in the median."""
LUMA: Final = np.array([0.299, 0.587, 0.114], np.float32)
"""Weights of R, G and B (ITU-R BT.601)."""


@dataclass(frozen=True, eq=False)
class View:
    """An SR picture with its LR picture and, if there is one, its HR picture."""

    sr: np.ndarray
    """uint8 H,W,3"""
    lr: np.ndarray
    """uint8 h,w,3"""
    hr: np.ndarray | None
    """uint8 H,W,3"""

    @property
    def scale(self) -> int:
        """HR side by LR side."""
        return len(self.sr) // len(self.lr)

    @property
    def reference(self) -> np.ndarray:
        """HR if there is one, else LR."""
        return self.lr if self.hr is None else self.hr

    @cached_property
    def fine(self) -> tuple[np.ndarray, np.ndarray]:
        """SR and LR at :data:`FINE`, uint8."""
        factor = _factor(self.lr, FINE)
        return averaged(self.sr, factor * self.scale), averaged(self.lr, factor)

    @cached_property
    def coarse(self) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """SR, LR and HR at :data:`COARSE`, uint8."""
        factor = _factor(self.lr, COARSE)
        large = factor * self.scale
        return (
            averaged(self.sr, large),
            averaged(self.lr, factor),
            None if self.hr is None else averaged(self.hr, large),
        )

    @cached_property
    def sharpness(self) -> float:
        """How much sharper SR is than LR at LR's size: squared steps from pixel to pixel, each by the variance.

        Far above 1 if a method undoes LR's blur: edges and tones are then its own, and LR does not show whether they
        are right.
        """
        sr, lr = (luma(picture) for picture in self.fine)
        return _steps(sr) / max(_steps(lr), 1e-6)

    @property
    def deblurred(self) -> bool:
        """Whether SR is that much sharper than LR; never in restoration, where all good SR is."""
        return self.scale > 1 and self.sharpness > SHARPER

    @cached_property
    def sr_luma(self) -> np.ndarray:
        """float32 H,W in [0, 255]"""
        return luma(self.sr)


def luma(picture: np.ndarray) -> np.ndarray:
    """Luma of a uint8 H,W,3 picture: float32 H,W in [0, 255]."""
    weighed: np.ndarray = picture.astype(np.float32) @ LUMA
    return weighed


def _steps(picture: np.ndarray) -> float:
    """Mean squared difference of neighbouring pixels by the variance; 0 for a flat picture."""
    squared = sum(float((np.diff(picture, axis=axis) ** 2).mean()) for axis in (0, 1))
    variance = float(picture.var())
    return squared / variance if variance > 1 else 0.0


def rms(values: np.ndarray) -> float:
    """Root mean square."""
    return float(np.sqrt((values**2).mean()))


def reduced(picture: np.ndarray, side: int) -> np.ndarray:
    """A picture averaged over whole blocks of pixels, to at most ``side`` px; a remainder is cut off."""
    return averaged(picture, _factor(picture, side))


def _factor(picture: np.ndarray, side: int) -> int:
    return -(-len(picture) // side)


def averaged(picture: np.ndarray, factor: int) -> np.ndarray:
    """A uint8 picture averaged over blocks of ``factor`` x ``factor`` px; what is left over at the ends is cut off."""
    if factor == 1:
        return picture
    whole = picture.shape[0] // factor * factor
    return np.asarray(Image.fromarray(picture[:whole, :whole]).reduce(factor))
