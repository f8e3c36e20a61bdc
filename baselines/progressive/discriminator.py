"""Discriminator of progressive face super-resolution (Kim et al., BMVC 2019): mirrors the generator's steps."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

WIDTHS = (512, 256, 128, 64)
"""Feature maps at 16, 32, 64 and 128 px, as in the generator."""
SIZE = 16
"""Side in pixels at which the score is taken."""


class DiscriminatorStep(nn.Sequential):
    """Two 3x3 convolutions, then half the size."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            nn.Conv2d(inputs, inputs, 3, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(inputs, outputs, 3, padding=1),
            nn.LeakyReLU(0.2),
            nn.AvgPool2d(2),
        )


class Discriminator(nn.Module):
    """Scores faces of 32, 64 or 128 px; no normalisation, as WGAN-GP requires.

    Shapes:
        N,3,16*2**step,16*2**step in [-1, 1] -> N scores, high for real.
    """

    def __init__(self) -> None:
        super().__init__()
        self.from_rgb = nn.ModuleList(nn.Conv2d(3, width, 1) for width in WIDTHS[1:])
        self.steps = nn.ModuleList(DiscriminatorStep(inner, outer) for outer, inner in pairwise(WIDTHS))
        self.last = nn.Sequential(nn.Conv2d(WIDTHS[0] + 1, WIDTHS[0], 3, padding=1), nn.LeakyReLU(0.2))
        self.score = nn.Linear(WIDTHS[0] * SIZE, 1)

    def forward(self, faces: Tensor, step: int, alpha: float = 1.0) -> Tensor:
        """Score faces of ``step``; ``alpha`` < 1 fades the step in over the one before."""
        x = self.steps[step - 1](F.leaky_relu(self.from_rgb[step - 1](faces), 0.2))
        if alpha < 1 and step > 1:
            before = F.leaky_relu(self.from_rgb[step - 2](F.avg_pool2d(faces, 2)), 0.2)
            x = alpha * x + (1 - alpha) * before
        for layers in reversed(self.steps[: step - 1]):
            x = layers(x)
        x = self.last(torch.cat([x, _spread(x)], dim=1))
        score: Tensor = self.score(F.adaptive_avg_pool2d(x, 4).flatten(1))
        return score.squeeze(1)


def _spread(x: Tensor) -> Tensor:
    """Minibatch standard deviation (Karras et al., ICLR 2018): one number, as a map, that shows a lack of variety."""
    return (x.var(dim=0, correction=0) + 1e-8).sqrt().mean().expand(len(x), 1, *x.shape[2:])
