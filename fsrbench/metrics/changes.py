"""What other papers' scripts do to SR and HR before comparing them. Pictures are float N,3,H,W in [0, 1], 8 bit."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from fsrbench.metrics.quality import LUMA, luma, psnr
from fsrbench.pictures.decode import to_tensor, to_uint8

Change = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""From SR and HR as they are to SR and HR as they are compared."""


def on_luma(sr: Tensor, hr: Tensor) -> tuple[Tensor, Tensor]:
    """Y of BT.601 in the 16-235 range."""
    return luma(sr), luma(hr)


def on_full_luma(sr: Tensor, hr: Tensor) -> tuple[Tensor, Tensor]:
    """Y = 0.299 R + 0.587 G + 0.114 B, in [0, 1]: the 16-235 range stretched to the whole."""
    return (luma(sr) * 255 - 16) / 219, (luma(hr) * 255 - 16) / 219


def on_cut_luma(sr: Tensor, hr: Tensor) -> tuple[Tensor, Tensor]:
    """Y of BT.601 in the 16-235 range, its decimals cut off as ``astype(np.uint8)`` does."""
    return _cut_luma(sr), _cut_luma(hr)


def _cut_luma(images: Tensor) -> Tensor:
    # In whole numbers: rounding errors would let Y fall below a whole number that it should be
    weights = torch.tensor([round(weight * 1000) for weight in LUMA], device=images.device).view(1, 3, 1, 1)
    whole = (_levels(images) * weights).sum(dim=1, keepdim=True) // 255_000 + 16
    return whole.double() / 255


def crop(border: int) -> Change:
    """Cut ``border`` pixels off every side."""

    def change(sr: Tensor, hr: Tensor) -> tuple[Tensor, Tensor]:
        inner = (..., slice(border, -border), slice(border, -border))
        return sr[inner], hr[inner]

    return change


def stretch(sr: Tensor, hr: Tensor) -> tuple[Tensor, Tensor]:
    """Each SR image's lowest value to 0 and its highest to 255, decimals cut off; HR as it is."""
    levels = _levels(sr)
    low, high = levels.amin(dim=(1, 2, 3), keepdim=True), levels.amax(dim=(1, 2, 3), keepdim=True)
    return (levels - low) * 255 // (high - low).clamp(min=1) / 255, hr


def as_jpeg(quality: int) -> Change:
    """SR saved as JPEG and opened again; HR as it is."""

    def change(sr: Tensor, hr: Tensor) -> tuple[Tensor, Tensor]:
        return to_tensor(np.stack([_through_jpeg(picture, quality) for picture in to_uint8(sr)])).to(sr.device), hr

    return change


def _through_jpeg(picture: np.ndarray, quality: int) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file).convert("RGB"))


def _levels(images: Tensor) -> Tensor:
    return (images * 255).round().long()


def pooled_psnr(batch: int) -> Callable[[Tensor, Tensor], Tensor]:
    """PSNR from one mean squared error over each ``batch`` images; every image gets its batch's."""

    def score(sr: Tensor, hr: Tensor) -> Tensor:
        parts = [
            psnr(x.flatten(0, 1)[None], y.flatten(0, 1)[None]).expand(len(x))
            for x, y in zip(sr.split(batch), hr.split(batch), strict=True)
        ]
        return torch.cat(parts)

    return score
