"""The features and the distance of NIQE (Mittal, Soundararajan, Bovik, IEEE SPL 20, 2013), for any block size.

With blocks of 96 px the features are bit for bit those of pyiqa for the same luma. Its code needs OpenCV and seconds of
imports and is slower: it searches all shapes for each fit.
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor
from torch.nn import functional as F

from fsrbench.metrics import quality

YIQ = (0.299, 0.587, 0.114)
"""Weights of R, G and B in the Y of YIQ."""
SHIFTS = ((0, 1), (1, 0), (1, 1), (1, -1))
"""Offsets, down and across, of the neighbours that a coefficient is multiplied with."""
STRIP = 32
"""Rows of a picture that are convolved at a time."""


def luma(images: Tensor) -> Tensor:
    """Y of YIQ, rounded to whole numbers: float32 N,3,H,W in [0, 1] -> double N,H,W in [0, 255].

    One pixel in 1,000 lies halfway between two numbers, and float32's rounding decides. Here it is that of products and
    sums one by one; in pyiqa's matrix product it depends on the processor.
    """
    red, green, blue = (channel * weight for channel, weight in zip(images.unbind(1), YIQ, strict=True))
    return ((red + green + blue) * 255).round().double()


def matlab_luma(images: Tensor) -> Tensor:
    """Y of MATLAB's YCbCr (16-235), rounded: float32 N,3,H,W in [0, 1] -> double N,H,W in [16, 235]."""
    return (quality.luma(images)[:, 0] * 255).round()


def block_features(grey: Tensor, block: int) -> Tensor:
    """The 36 features of each whole block, from the top left.

    18 at full and 18 at half size (MATLAB's bicubic). At each: normalised coefficients (local mean and deviation by a
    Gaussian of 7 px, sigma 7/6, borders repeated) of the block are fitted by a generalised Gaussian (shape, scale), and
    their products with four neighbours by asymmetric ones (shape, mean, left and right scale).

    Args:
        grey: double N,H,W in [0, 255].
        block: even side in pixels, at most H and W.

    Returns:
        Double N,blocks,36; of a flat block most are NaN.
    """
    height, width = (side // block * block for side in grey.shape[-2:])
    grey = grey[:, :height, :width]
    both = [_fits(_blocks(_normalised(grey), block)), _fits(_blocks(_normalised(_halved(grey)), block // 2))]
    return torch.cat(both, dim=-1)


def without_flat(features: Tensor) -> Tensor:
    """Features of the blocks that are not flat: blocks,36 -> fewer,36."""
    return features[~features.isnan().any(dim=1)]


def distance(features: Tensor, mean: Tensor, covariance: Tensor) -> float:
    """Equation 10 of the paper, between the blocks of a picture and a pristine model.

    NaN if fewer than two blocks are not flat. As in MATLAB's and pyiqa's code, flat blocks are left out of the
    covariance, and of the mean where they are NaN.

    Args:
        features: double blocks,36.
        mean, covariance: of the pristine model, double 36 and 36,36.
    """
    whole = without_flat(features)
    if len(whole) < 2:
        return float("nan")
    difference = mean - features.nanmean(dim=0)
    pooled = (covariance + whole.T.cov()) / 2
    return float((difference @ torch.linalg.pinv(pooled) @ difference).sqrt())


def _normalised(grey: Tensor) -> Tensor:
    mean = _gaussian(grey)
    variance = (_gaussian(grey.square()) - mean.square()).abs()
    return (grey - mean) / ((variance + torch.finfo(grey.dtype).eps).sqrt() + 1)


def _gaussian(grey: Tensor) -> Tensor:
    taps = torch.exp(-0.5 * (torch.arange(-3, 4, dtype=grey.dtype) / (7 / 6)) ** 2)
    kernel = taps[:, None] * taps
    kernel = (kernel / kernel.sum()).float().to(grey)  # pyiqa rounds it
    padded = F.pad(grey[:, None], (3, 3, 3, 3), mode="replicate")
    # torch's convolution of doubles is ten times slower on more rows than fit into the processor's cache
    starts = range(0, grey.shape[-2], STRIP)
    strips = [[picture[:, top : top + STRIP + 6] for top in starts] for picture in padded]
    return torch.stack([torch.cat([F.conv2d(strip[None], kernel[None, None])[0, 0] for strip in p]) for p in strips])


def _halved(grey: Tensor) -> Tensor:
    """Half the size as MATLAB's imresize (cubic, a = -0.5, twice as wide, borders mirrored); in float32, as pyiqa."""
    half = (grey / 255).float()
    for axis in (-2, -1):
        side = half.shape[axis]
        taps = [half.index_select(axis, _mirrored(side, offset)) for offset in range(-3, 5)]
        half = torch.stack([weight * tap for weight, tap in zip(_cubic_weights(), taps, strict=True)]).sum(0)
    return half.double() * 255


def _mirrored(side: int, offset: int) -> Tensor:
    places = torch.arange(0, side, 2) + offset
    places = torch.where(places < 0, -1 - places, places)
    return torch.where(places >= side, 2 * side - 1 - places, places)


@cache
def _cubic_weights() -> Tensor:
    x = (torch.arange(-3, 5) - 0.5).abs() / 2
    near = 1.5 * x**3 - 2.5 * x**2 + 1
    far = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    weights = torch.where(x <= 1, near, far)
    return weights / weights.sum()


def _blocks(picture: Tensor, block: int) -> Tensor:
    """N,H,W -> N,blocks,block,block; blocks column by column, as in MATLAB."""
    n, height, width = picture.shape
    cut = picture.reshape(n, height // block, block, width // block, block)
    return cut.permute(0, 3, 1, 2, 4).reshape(n, -1, block, block)


def _fits(blocks: Tensor) -> Tensor:
    """N,blocks,side,side -> the 18 features of one scale, N,blocks,18."""
    products = [blocks * blocks.roll(shift, dims=(-2, -1)) for shift in SHIFTS]
    shape, left, right = _asymmetric_gaussian(torch.stack([blocks, *products], dim=2).flatten(-2))
    mean = (right - left) * (torch.lgamma(2 / shape) - torch.lgamma(1 / shape)).exp()
    first = torch.stack([shape[..., 0], (left[..., 0] + right[..., 0]) / 2], dim=-1)
    others = torch.stack([shape, mean, left, right], dim=-1)[:, :, 1:]
    return torch.cat([first, others.flatten(-2)], dim=-1)


def _asymmetric_gaussian(values: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Shape, left and right scale of the last dimension's numbers, by moment matching; NaN if one side is empty."""
    squares = values.square()
    left, right = ((squares * side).sum(-1) / side.sum(-1) for side in (values < 0, values > 0))
    left, right = left.sqrt(), right.sqrt()
    ratio = left / right
    peaked = values.abs().mean(-1).square() / squares.mean(-1)
    wanted = peaked * (ratio**3 + 1) * (ratio + 1) / (ratio.square() + 1).square()
    shapes, moments = _shapes()
    above = torch.searchsorted(moments, wanted).clamp(1, len(shapes) - 1)
    below = above - 1
    nearest = torch.where(wanted - moments[below] <= moments[above] - wanted, below, above)
    shape = shapes[torch.where(wanted.isnan(), 0, nearest)]  # NaN: the smallest, as in MATLAB
    scale = (torch.lgamma(1 / shape) - torch.lgamma(3 / shape)).exp().sqrt()
    return shape, left * scale, right * scale


@cache
def _shapes() -> tuple[Tensor, Tensor]:
    """Shapes from 0.2 to 10, and the ratio of moments of each, which grows with the shape."""
    shapes = torch.arange(0.2, 10 + 0.001, 0.001).double()
    moments = (2 * torch.lgamma(2 / shapes) - torch.lgamma(1 / shapes) - torch.lgamma(3 / shapes)).exp()
    return shapes, moments
