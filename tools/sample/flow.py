"""From the Gaussian population to the real distribution of coefficients.

Hair, background and light are far from Gaussian: half a fringe, or a background that is half sky, do not exist. A
small network moves Gaussian draws to where real coefficients lie, along straight paths (flow matching with
optimal-transport pairs), so that a draw moves little and pictures of one identity stay together.
"""

from __future__ import annotations

import logging

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn

from tools.sample.identity import Population

LOG = logging.getLogger(__name__)
FREQUENCIES = 8


class Block(nn.Module):
    """Residual layer conditioned on time."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.one = nn.Linear(width, width)
        self.time = nn.Linear(2 * FREQUENCIES, width)
        self.two = nn.Linear(width, width)
        nn.init.zeros_(self.two.weight)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        """Add the output of two layers."""
        return x + self.two(nn.functional.silu(self.one(self.norm(x)) + self.time(time)))


class Flow(nn.Module):
    """Velocity of coefficients at a time between 0 (Gaussian) and 1 (real)."""

    def __init__(self, size: int, width: int = 448, blocks: int = 3) -> None:
        super().__init__()
        self.enter = nn.Linear(size, width)
        self.blocks = nn.ModuleList(Block(width) for _ in range(blocks))
        self.leave = nn.Linear(width, size)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        """Velocity ``[n, size]`` at ``x`` and ``time`` (``[n, 1]``)."""
        angles = time * (torch.arange(FREQUENCIES) + 1) * (torch.pi / 2)
        code = torch.cat([angles.sin(), angles.cos()], 1)
        hidden = self.enter(x)
        for block in self.blocks:
            hidden = block(hidden, code)
        return self.leave(hidden)

    @torch.no_grad()
    def move(self, x: Tensor, steps: int = 24) -> Tensor:
        """Follow the velocity from 0 to 1 (midpoint rule)."""
        step = 1 / steps
        for k in range(steps):
            half = x + step / 2 * self(x, torch.full((len(x), 1), k * step))
            x = x + step * self(half, torch.full((len(x), 1), (k + 0.5) * step))
        return x


def paired(gauss: Tensor, real: Tensor) -> Tensor:
    """The real rows, reordered so that each lies close to the Gaussian row it is paired with."""
    _, order = linear_sum_assignment(torch.cdist(gauss, real).square().numpy())
    return real[torch.from_numpy(order)]


def fit_flow(coefficients: NDArray[np.float32], population: Population, steps: int = 6000, batch: int = 256) -> Flow:
    """Train a flow from ``population`` to the rows of ``coefficients``; returns the running average."""
    rng = np.random.default_rng(0)
    flow = Flow(coefficients.shape[1])
    mean = torch.optim.swa_utils.AveragedModel(flow, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.998))
    steps_of = torch.optim.AdamW(flow.parameters(), 1e-3, weight_decay=0.01)
    plan = torch.optim.lr_scheduler.CosineAnnealingLR(steps_of, steps)
    data = torch.from_numpy(coefficients)
    for number in range(steps):
        gauss = torch.from_numpy(population.draw(batch, 1, seed=number, spread=1.0)[:, 0])
        real = paired(gauss, data[torch.from_numpy(rng.integers(0, len(data), batch))])
        time = torch.rand(batch, 1)
        loss = (flow(gauss + time * (real - gauss), time) - (real - gauss)).square().mean()
        steps_of.zero_grad()
        loss.backward()
        steps_of.step()
        plan.step()
        mean.update_parameters(flow)
        if number % 500 == 0:
            LOG.info("flow step %d: %.4f", number, loss.item())
    return mean.module
