"""Generator of progressive face super-resolution (Kim et al., BMVC 2019, arXiv 1908.08239), as published.

8.97 M parameters and 5.24 GMACs at 16 -> 128 px. Layer widths and order follow the authors' repository; the code is
our own.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class EqualizedConv2d(nn.Module):
    """3x3 convolution whose weights are scaled at run time (equalised learning rate, Karras et al., ICLR 2018)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(channels, channels, 3, 3))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.gain = math.sqrt(2 / (channels * 9))

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight * self.gain, self.bias, padding=1)


class ResidualBlock(nn.Module):
    """Twice (equalised conv - batch norm - ReLU), plus identity."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            EqualizedConv2d(channels),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
            EqualizedConv2d(channels),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
        )

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.layers(x)
        return out + x


class Step(nn.Sequential):
    """One doubling of the size: residual block, 4x4 stride-2 transposed convolution, batch norm, ReLU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            ResidualBlock(inputs),
            nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )


class Generator(nn.Module):
    """The three-step generator; each step doubles the size and has its own 1x1 to-RGB convolution.

    Shapes:
        N,3,16,16 in [-1, 1] -> N,3,16*2**step,16*2**step in [-1, 1], not clipped.
    """

    WIDTHS = (512, 256, 128, 64)

    def __init__(self) -> None:
        super().__init__()
        width = self.WIDTHS[0]
        self.head = nn.Sequential(nn.Conv2d(3, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(inplace=True))
        self.steps = nn.ModuleList(Step(i, o) for i, o in zip(self.WIDTHS, self.WIDTHS[1:], strict=False))
        self.to_rgb = nn.ModuleList(nn.Conv2d(width, 3, 1) for width in self.WIDTHS[1:])

    def forward(self, lr: Tensor, step: int = 3, alpha: float = 1.0) -> Tensor:
        """Enlarge by ``2**step``; ``alpha`` < 1 fades the step in over the previous one's enlarged output."""
        x = self.head(lr)
        for layers in self.steps[: step - 1]:
            x = layers(x)
        out: Tensor = self.to_rgb[step - 1](self.steps[step - 1](x))
        if alpha < 1 and step > 1:
            previous = F.interpolate(self.to_rgb[step - 2](x), scale_factor=2, mode="nearest")
            out = (1 - alpha) * previous + alpha * out
        return out
