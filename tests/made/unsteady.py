"""Methods whose pictures depend on the batch or on chance, and two that only seem to."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import interpolate


def batch_statistics(lr: Tensor) -> Tensor:
    """Normalises by the batch's own statistics, as a network in training mode."""
    norm = nn.BatchNorm2d(3, affine=False, track_running_stats=False)
    large: Tensor = norm(interpolate(lr, scale_factor=4)) * 0.2 + 0.5
    return large.clamp(0, 1)


def dropout(lr: Tensor) -> Tensor:
    """Drops pixels, as a network in training mode."""
    return nn.functional.dropout(interpolate(lr, scale_factor=4), 0.1, training=True).clamp(0, 1)


def steady(lr: Tensor) -> Tensor:
    """The same always."""
    return interpolate(lr, scale_factor=4)


def noisy(lr: Tensor) -> Tensor:
    """The same but for float noise that depends on the batch and moves some values over a rounding edge."""
    return interpolate(lr, scale_factor=4, mode="bicubic") + 1e-5 * len(lr)


def needs_two(lr: Tensor) -> Tensor:
    """A normalisation of one value a channel, which torch refuses for one image."""
    nn.functional.batch_norm(lr.mean((2, 3)), None, None, training=True)
    return interpolate(lr, scale_factor=4)
