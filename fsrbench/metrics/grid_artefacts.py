"""Grid artefacts: the comb or checkerboard that sub-pixel and transposed convolutions leave in SR pictures."""

from __future__ import annotations

from math import inf
from typing import Self

import torch
from torch import Tensor

from fsrbench.errors import Invalid
from fsrbench.metrics.base import Direction, ImageMetric
from fsrbench.metrics.facts import Facts
from fsrbench.metrics.quality import luma
from fsrbench.tasks import Task

NEIGHBOURS = (-4, -3, 3, 4)
"""Offsets of the bins that a grid frequency is compared with; nearer bins are in the window's main lobe."""
FLOOR = 2e-6
"""Added to the power, about twenty times what rounding to 8 bits adds: a grid that weak cannot be seen."""
RESTORATION_PERIOD = 8
"""Period in pixels of grids in restoration: blocks of JPEG, and networks that work at 1/2, 1/4 or 1/8."""


def grid_artefacts(images: Tensor, period: int) -> Tensor:
    """Amplitude at the frequencies of a grid relative to their neighbours', of each image; about 1 without a grid.

    A network that makes ``period`` x ``period`` pixels of one can repeat a pattern every ``period`` pixels: energy at
    ``k / period`` cycles per pixel, ``k = 1 .. period / 2`` (Odena et al., Deconvolution and Checkerboard Artifacts,
    Distill 2016; Aitken et al., arXiv:1707.02937). With ``P(f)`` the power of luma at the frequency ``f`` along one
    axis, under a Hann window and averaged over all frequencies along the other, plus 2e-6, this is the geometric mean
    over both axes and all ``k`` of ``sqrt(P(k / period) / G)``, ``G`` the geometric mean of ``P`` 3 and 4 bins to
    either side.

    Args:
        images: N,3,H,W in [0, 1], H and W multiples of ``period``, at least 9 times it.
        period: of the grid in pixels, 2 or more.

    Example:
        >>> grey = 0.1 * torch.rand(1, 1, 64, 64, generator=torch.manual_seed(0)).expand(1, 3, 64, 64)
        >>> comb = 0.1 * (torch.arange(64) % 4 == 0)
        >>> bool(grid_artefacts(grey, 4) < 1.1 < grid_artefacts(grey + comb, 4))
        True
    """
    return torch.stack([_grid_artefacts(luma(image[None])[0, 0], period) for image in images])


def _grid_artefacts(picture: Tensor, period: int) -> Tensor:
    down, across = (torch.hann_window(side + 2, periodic=False).to(picture)[1:-1] for side in picture.shape)
    spectrum = torch.fft.fft2((picture - picture.mean()) * down[:, None] * across, norm="ortho")
    power = spectrum.abs().square()
    return torch.stack([_excess(power.mean(dim=axis) + FLOOR, period) for axis in (0, 1)]).mean().div(2).exp()


def _excess(power: Tensor, period: int) -> Tensor:
    """Mean over k of the logarithm of the power at k / period less that of its neighbours."""
    side, power = len(power), power.log()
    bins = torch.arange(1, period // 2 + 1, device=power.device) * side // period
    neighbours = torch.stack([power[(bins + offset) % side] for offset in NEIGHBOURS]).mean(dim=0)
    return (power[bins] - neighbours).mean()


def period_of(task: Task) -> int:
    """Period in pixels of the grids that a task's methods can leave: its scale; for restoration 8."""
    return RESTORATION_PERIOD if task.is_restoration else task.scale


class GridArtefacts(ImageMetric):
    """Grid artefacts of SR: amplitude at the sub-pixel frequencies relative to their neighbours'.

    Not negative; closer to HR's own value (row ``hr``) is better: photographs of faces have about 0.9 at 64 px, 1 at
    512 px. A value well above HR's is a comb or checkerboard; one below is no advantage, because interpolation leaves
    little energy at these frequencies and ``nearest`` none. So methods are not ranked by it. See
    :func:`grid_artefacts` for the formula.

    Example:
        >>> grey = torch.rand(1, 1, 64, 64, generator=torch.manual_seed(0)).expand(1, 3, 64, 64)
        >>> GridArtefacts().score(grey, None).round(decimals=1)
        tensor([1.], dtype=torch.float64)
    """

    name, title, digits, bounds = "grid_artefacts", "Grid artefacts", 2, (0, inf)
    direction: Direction = "none"
    period = 4
    protocol = (
        "amplitude of luma at k/scale cycles a pixel (scale 1: k/8), k from 1 to half the scale, over that 3 and 4 "
        "bins beside it; Hann window, power averaged over the other axis, then geometric mean; compare with HR's"
    )

    def check(self, facts: Facts) -> None:
        """Raise if a picture holds too few periods of the grid, or no whole number of them."""
        super().check(facts)
        side, period = facts.task.hr_size, period_of(facts.task)
        if side % period or side // period <= 2 * max(NEIGHBOURS):
            least = 2 * max(NEIGHBOURS) + 1
            raise Invalid(f"needs a whole number of periods of {period} px, at least {least}; pictures have {side} px")

    def configured(self, facts: Facts) -> Self:
        """The metric for the task's scale."""
        return self.replace(period=period_of(facts.task))

    def score(self, sr: Tensor, hr: Tensor | None) -> Tensor:
        """Grid artefacts of each image."""
        return grid_artefacts(sr, self.period)
