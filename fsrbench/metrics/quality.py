"""Full-reference image quality: PSNR, SSIM and MS-SSIM, as functions first, then as metrics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from fsrbench.errors import Invalid
from fsrbench.metrics.base import ImageMetric
from fsrbench.metrics.facts import Facts

MS_SSIM_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
LUMA = (65.481, 128.553, 24.966)
"""ITU-R BT.601 luma of RGB in [0, 1]; 16 is added for the 16-235 range, as MATLAB's rgb2ycbcr does."""
WINDOW = 11
"""Side of SSIM's window in pixels."""
TILE = 128
"""Side in pixels of the tiles in which SSIM is computed on a CPU, to fit into its cache."""


def psnr(sr: Tensor, hr: Tensor) -> Tensor:
    """Peak signal-to-noise ratio of each image in dB; infinite for equal images.

    Args:
        sr, hr: N,C,H,W in [0, 1].

    Example:
        >>> psnr(torch.zeros(1, 3, 8, 8), torch.full((1, 3, 8, 8), 0.1)).round(decimals=3)
        tensor([20.], dtype=torch.float64)
    """
    return -10 * _each(lambda x, y: (x - y).square().mean(), sr, hr).log10()


def _each(measure: Callable[[Tensor, Tensor], Tensor], sr: Tensor, hr: Tensor) -> Tensor:
    """Measure picture by picture in float64: what a picture needs fits into a processor's cache, a batch does not."""
    return torch.stack([measure(x.double(), y.double()) for x, y in zip(sr, hr, strict=True)])


def luma(images: Tensor) -> Tensor:
    """Y of YCbCr, 16-235 range scaled by 1/255: N,3,H,W in [0, 1] -> N,1,H,W."""
    weights = torch.tensor(LUMA, dtype=torch.float64, device=images.device).view(1, 3, 1, 1)
    return ((images.double() * weights).sum(dim=1, keepdim=True) + 16) / 255


def ssim(sr: Tensor, hr: Tensor, window: int = WINDOW, sigma: float | None = 1.5) -> Tensor:
    """Structural similarity of each image (Wang et al., IEEE TIP 13, 2004), mean over channels and inner pixels.

    Agrees with ``skimage.metrics.structural_similarity(gaussian_weights=True, sigma=1.5,
    use_sample_covariance=False, channel_axis=-1, data_range=255)``; with ``window=7, sigma=None`` with its defaults.

    Args:
        sr, hr: N,C,H,W in [0, 1], sides at least ``window``.
        window: side of the window in pixels.
        sigma: of its Gaussian; ``None``: uniform weights and the sample covariance.
    """
    return _each(lambda x, y: _window_means(x, y, window, sigma)[0].mean(), sr, hr)


def ms_ssim(sr: Tensor, hr: Tensor) -> Tensor:
    """Multi-scale SSIM of each image (Wang, Simoncelli, Bovik, Asilomar 2003), five scales, halved by 2x2 means.

    The 11-px window shrinks to the picture where a scale is smaller than it, as in the code of Kim et al. (BMVC 2019);
    from 161 px on this is the usual MS-SSIM. That code also raises the last scale's term to the fourth power, so
    its numbers are lower than these.

    Args:
        sr, hr: N,C,H,W in [0, 1], sides at least 16.
    """
    return _each(_ms_ssim, sr, hr)


def _ms_ssim(x: Tensor, y: Tensor) -> Tensor:
    total = x.new_ones(len(x))
    for scale, weight in enumerate(MS_SSIM_WEIGHTS):
        if scale:
            x, y = F.avg_pool2d(x, 2), F.avg_pool2d(y, 2)
        similarity, contrast = _window_means(x, y, min(WINDOW, *x.shape[-2:]), 1.5)
        last = scale == len(MS_SSIM_WEIGHTS) - 1
        total = total * (similarity if last else contrast).clamp(min=0) ** weight  # a negative one has no real power
    return total.mean()


def _window_means(x: Tensor, y: Tensor, window: int, sigma: float | None) -> Tensor:
    """SSIM and its contrast-structure term, each the mean over all positions of the window: C,H,W twice -> 2,C."""
    places = torch.arange(window, dtype=torch.float64) - (window - 1) / 2
    taps = torch.exp(-0.5 * (places / sigma) ** 2) if sigma else torch.ones_like(places)
    weights = (taps / taps.sum()).tolist()
    unbiased = 1.0 if sigma else window**2 / (window**2 - 1)
    height, width = (side - window + 1 for side in x.shape[-2:])
    if min(height, width) < 1:
        raise ValueError(f"pictures of {x.shape[-1]} x {x.shape[-2]} px are smaller than the window of {window} px")
    step = TILE if x.device.type == "cpu" else max(height, width)
    total = x.new_zeros(2, len(x))
    for top in range(0, height, step):
        for left in range(0, width, step):
            tile = np.s_[:, top : top + step + window - 1, left : left + step + window - 1]
            total += _ssim_maps(x[tile], y[tile], weights, unbiased).sum(dim=(2, 3))
    return total / (height * width)


def _ssim_maps(x: Tensor, y: Tensor, weights: Sequence[float], unbiased: float) -> Tensor:
    """SSIM and its contrast-structure term at each position of the window, 2,C,H,W."""
    mean_x, mean_y, squares, product = _blurred(torch.stack([x, y, x * x + y * y, x * y]), weights)
    means, mean_squares = mean_x * mean_y, mean_x * mean_x + mean_y * mean_y
    c1, c2 = 0.01**2, 0.03**2
    contrast = (2 * unbiased * (product - means) + c2) / (unbiased * (squares - mean_squares) + c2)
    return torch.stack([(2 * means + c1) / (mean_squares + c1) * contrast, contrast])


def _blurred(images: Tensor, weights: Sequence[float]) -> Tensor:
    """A window along both axes, inner positions only; several times faster than torch's convolution of doubles."""
    for axis in (-2, -1):
        length = images.shape[axis] - len(weights) + 1
        shifted = [images.narrow(axis, offset, length) for offset in range(len(weights))]
        images = shifted[0] * weights[0]
        for weight, image in zip(weights[1:], shifted[1:], strict=True):
            images.add_(image, alpha=weight)
    return images


def _need(side: int, facts: Facts) -> None:
    if facts.task.hr_size < side:
        raise Invalid(f"needs pictures of at least {side} px, not of {facts.task.hr_size} px")


class Psnr(ImageMetric):
    """Peak signal-to-noise ratio over RGB, in dB: ``-10 log10(MSE)`` of values in [0, 1].

    One mean squared error over the three channels. Not negative, higher is better; infinite where SR equals HR.

    Example:
        >>> hr = torch.full((1, 3, 64, 64), 0.5)
        >>> Psnr().score(hr + 0.1, hr).round(decimals=3)
        tensor([20.], dtype=torch.float64)
    """

    name, title, unit, bounds = "psnr", "PSNR", "dB", (0, inf)
    needs, infinite = frozenset({"hr"}), "SR equals HR"
    protocol = "RGB (one MSE over the three channels), 8 bit, no crop, per image, then mean of the finite ones"

    def score(self, sr: Tensor, hr: Tensor | None) -> Tensor:
        """PSNR of each image in dB."""
        assert hr is not None
        return psnr(sr, hr)


class PsnrY(ImageMetric):
    """Peak signal-to-noise ratio over luma, in dB: :class:`Psnr` of Y of ITU-R BT.601 YCbCr.

    ``Y = (16 + 65.481 R + 128.553 G + 24.966 B) / 255``, not rounded. Not negative, higher is better; infinite where
    the lumas are equal.

    Example:
        >>> hr = torch.full((1, 3, 64, 64), 0.5)
        >>> PsnrY().score(hr + 0.1, hr).round(decimals=2)  # Y spans 219 of 255 levels: 1.32 dB more than in RGB
        tensor([21.3200], dtype=torch.float64)
    """

    name, title, unit, bounds = "psnr_y", "PSNR-Y", "dB", (0, inf)
    needs, infinite = frozenset({"hr"}), "the luma of SR equals HR's"
    protocol = "Y of BT.601 YCbCr (16-235, not rounded; peak 255), no crop, per image, then mean of the finite ones"

    def score(self, sr: Tensor, hr: Tensor | None) -> Tensor:
        """PSNR of each image's luma in dB."""
        assert hr is not None
        return psnr(luma(sr), luma(hr))


class Ssim(ImageMetric):
    """Structural similarity (Wang, Bovik, Sheikh, Simoncelli, IEEE TIP 13, 2004), mean over R, G and B.

    In a Gaussian window about each pixel, with means m, variances v, covariance c, C1 = 0.01^2 and C2 = 0.03^2:
    ``(2 m_x m_y + C1) (2 c + C2) / ((m_x^2 + m_y^2 + C1) (v_x + v_y + C2))``. From -1 to 1, higher is better; 1 where
    SR equals HR.

    Example:
        >>> hr = torch.linspace(0, 1, 64).expand(1, 3, 64, 64)
        >>> torch.cat([Ssim().score(hr, hr), Ssim().score(hr * 0.9, hr)]).round(decimals=3)
        tensor([1.0000, 0.9920], dtype=torch.float64)
    """

    name, title, digits, bounds = "ssim", "SSIM", 4, (-1, 1)
    needs = frozenset({"hr"})
    protocol = (
        "each RGB channel, then mean; 8 bit, Gaussian window 11 px, sigma 1.5, population covariance, "
        "5 px border left out; as scikit-image"
    )

    def check(self, facts: Facts) -> None:
        """Raise if pictures are smaller than the window."""
        super().check(facts)
        _need(WINDOW, facts)

    def score(self, sr: Tensor, hr: Tensor | None) -> Tensor:
        """SSIM of each image."""
        assert hr is not None
        return ssim(sr, hr)


class MsSsim(ImageMetric):
    """Multi-scale structural similarity (Wang, Simoncelli, Bovik, Asilomar 2003), mean over R, G and B.

    The product over five scales of the mean of SSIM's contrast-structure term (at the coarsest scale of all of SSIM),
    each raised to its scale's weight (0.0448, 0.2856, 0.3001, 0.2363, 0.1333) and 0 if negative. From 0 to 1, higher is
    better; 1 where SR equals HR.

    Example:
        >>> hr = torch.linspace(0, 1, 64).expand(1, 3, 64, 64)
        >>> torch.cat([MsSsim().score(hr, hr), MsSsim().score(hr * 0.9, hr)]).round(decimals=3)
        tensor([1.0000, 0.9940], dtype=torch.float64)
    """

    name, title, digits, bounds = "ms_ssim", "MS-SSIM", 4, (0, 1)
    needs = frozenset({"hr"})
    protocol = (
        "each RGB channel, then mean; 8 bit, five scales (2x2 means) with the weights of Wang et al. 2003, Gaussian "
        "window 11 px, sigma 1.5, shrunk to the picture at scales below 11 px"
    )

    def check(self, facts: Facts) -> None:
        """Raise if pictures cannot be halved four times."""
        super().check(facts)
        _need(2 ** (len(MS_SSIM_WEIGHTS) - 1), facts)

    def score(self, sr: Tensor, hr: Tensor | None) -> Tensor:
        """MS-SSIM of each image."""
        assert hr is not None
        return ms_ssim(sr, hr)
