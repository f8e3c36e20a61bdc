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
"""From SR and HR to what is compared."""


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
    # In integers: floating-point errors could push a Y that is whole just below itself
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


def matched_to_hr(sr: Tensor, hr: Tensor) -> tuple[Tensor, Tensor]:
    """Each channel of SR shifted and stretched to the mean and the standard deviation of HR's, not clipped.

    VQFR's ``metric_paper/calculate_psnr_ssim.py`` does it by default, without an option against it: it shifts each
    channel to HR's mean, multiplies it by the ratio of the deviations, which moves the mean again, and repeats both.
    The result equals ``(x - m_SR) / s_SR s_HR + m_HR``. NaN for a channel of one colour, as there.

    Example:
        >>> hr = torch.rand(1, 3, 8, 8, generator=torch.manual_seed(0))
        >>> sr, _ = matched_to_hr(hr * 0.5 + 0.2, hr)  # pale and bright
        >>> bool((sr - hr).abs().max() < 1e-6)
        True
    """
    x, y = sr.double(), hr.double()
    (mean_x, deviation_x), (mean_y, deviation_y) = _moments(x), _moments(y)
    stretched = deviation_y / deviation_x
    return x * stretched + (mean_y - mean_x * stretched), y  # in this form equal pictures stay equal to the last bit


def _moments(images: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and population standard deviation of each channel, N,C,1,1."""
    deviation, mean = torch.std_mean(images, dim=(2, 3), correction=0, keepdim=True)
    return mean, deviation


def as_bgr(sr: Tensor, hr: Tensor) -> tuple[Tensor, Tensor]:
    """Red and blue of both exchanged, as OpenCV reads files."""
    return sr.flip(1), hr.flip(1)


def half_range(sr: Tensor, hr: Tensor) -> tuple[Tensor, Tensor]:
    """[0, 1] to [0.5, 1]: a network that maps [0, 1] to [-1, 1] then sees the pictures in [0, 1]."""
    return (sr + 1) / 2, (hr + 1) / 2


def all_of(*changes: Change) -> Change:
    """Several changes in turn."""

    def change(sr: Tensor, hr: Tensor) -> tuple[Tensor, Tensor]:
        for each in changes:
            sr, hr = each(sr, hr)
        return sr, hr

    return change


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
