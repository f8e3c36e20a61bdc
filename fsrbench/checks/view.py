"""SR pictures with the LR and HR they are compared with, at the sizes that checks read."""

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
    """SR pictures of one method with their LR pictures and, if there are any, their HR pictures."""

    sr: np.ndarray
    """uint8 N,H,W,3"""
    lr: np.ndarray
    """uint8 N,h,w,3"""
    hr: np.ndarray | None
    """uint8 N,H,W,3"""

    @property
    def scale(self) -> int:
        """HR side by LR side."""
        return self.side // int(self.lr.shape[1])

    @property
    def side(self) -> int:
        """Side of SR in pixels."""
        return int(self.sr.shape[1])

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
    def fine_luma(self) -> tuple[np.ndarray, np.ndarray]:
        """Luma of :attr:`fine`."""
        sr, lr = self.fine
        return luma(sr), luma(lr)

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
    def sharpness(self) -> np.ndarray:
        """How much sharper SR is than LR at LR's size: squared steps from pixel to pixel, each by the variance.

        Far above 1 if a method undoes LR's blur: edges and tones are then its own, and LR does not show whether they
        are right.
        """
        sr, lr = (_steps(pictures) for pictures in self.fine_luma)
        sharper: np.ndarray = sr / np.maximum(lr, 1e-6)
        return sharper

    @property
    def deblurred(self) -> np.ndarray:
        """Whether each SR picture is that much sharper than LR; never in restoration, where all good SR is."""
        return self.sharpness > SHARPER if self.scale > 1 else np.zeros(len(self.sr), bool)

    @cached_property
    def sr_luma(self) -> np.ndarray:
        """float32 N,H,W in [0, 255]"""
        return luma(self.sr)


def luma(pictures: np.ndarray) -> np.ndarray:
    """Luma of uint8 N,H,W,3 pictures: float32 N,H,W in [0, 255]."""
    weighed: np.ndarray = pictures.astype(np.float32) @ LUMA
    return weighed


def _steps(pictures: np.ndarray) -> np.ndarray:
    """Mean squared difference of neighbouring pixels by the variance, of each picture; 0 for a flat one."""
    squared = sum((np.diff(pictures, axis=axis) ** 2).mean(axis=(1, 2)) for axis in (1, 2))
    variance = pictures.var(axis=(1, 2))
    return np.where(variance > 1, squared / np.maximum(variance, 1), 0.0)


def rms(values: np.ndarray) -> np.ndarray:
    """Root mean square of each row."""
    flat = values.reshape(len(values), -1)
    squares = (flat[:, None] @ flat[..., None])[:, 0, 0]
    root: np.ndarray = np.sqrt(squares / flat.shape[1])
    return root


def reduced(pictures: np.ndarray, side: int) -> np.ndarray:
    """Pictures averaged over whole blocks of pixels, to at most ``side`` px; a remainder is cut off."""
    return averaged(pictures, _factor(pictures, side))


def _factor(pictures: np.ndarray, side: int) -> int:
    return -(-int(pictures.shape[1]) // side)


def averaged(pictures: np.ndarray, factor: int) -> np.ndarray:
    """uint8 pictures averaged over blocks of ``factor`` x ``factor`` px; what is left over at the ends is cut off."""
    if factor == 1:
        return pictures
    whole = pictures.shape[1] // factor * factor
    return np.stack([np.asarray(Image.fromarray(picture[:whole, :whole]).reduce(factor)) for picture in pictures])
