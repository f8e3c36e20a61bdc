"""The reference model's face alignment network: 68 landmarks of a 64 px face, for training losses and metrics."""

from __future__ import annotations

import math
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fsrbench.training.recipe import load_weights

POINTS = 68
INPUT = 64
"""Side in pixels that faces are resized to; heatmaps have half of it."""
SIGMA = 1.0
"""Width of the heatmaps' Gaussians, in heatmap pixels."""


def _conv(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    )


class ResidualBlock(nn.Module):
    """Twice (conv - batch norm - ReLU), plus identity."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(_conv(channels, channels), _conv(channels, channels))

    def forward(self, x: Tensor) -> Tensor:
        change: Tensor = self.layers(x)
        return x + change


class FAN(nn.Module):
    """A small hourglass (Newell et al., ECCV 2016) with one heatmap per landmark; points are the heatmaps' means.

    Taking the mean over a softmax gives sub-pixel points and lets their error train the network (Nibali et al.,
    *Numerical coordinate regression with convolutional neural networks*, 2018). 0.38 M parameters, 0.2 GMACs at 64 px.

    Shapes:
        N,3,H,W in [0, 1], RGB -> N,68,32,32 logits; :meth:`heatmaps` and :meth:`landmarks` read them.
    """

    def __init__(self, channels: int = 64) -> None:
        super().__init__()
        half = channels // 2
        self.stem = nn.Sequential(_conv(3, half, stride=2), ResidualBlock(half))
        self.down16 = nn.Sequential(_conv(half, channels, stride=2), ResidualBlock(channels))
        self.down8 = nn.Sequential(nn.AvgPool2d(2), ResidualBlock(channels))
        self.down4 = nn.Sequential(nn.AvgPool2d(2), ResidualBlock(channels))
        self.up8 = _conv(channels, channels)
        self.up16 = _conv(channels, channels)
        self.skip32 = nn.Conv2d(half, channels, 1)
        self.up32 = _conv(channels, channels)
        self.head = nn.Conv2d(channels, POINTS, 1)

    def forward(self, faces: Tensor) -> Tensor:
        if faces.shape[-1] != INPUT:
            faces = F.interpolate(faces, size=(INPUT, INPUT), mode="bicubic", antialias=True)
        at32 = self.stem(faces - 0.5)
        at16 = self.down16(at32)
        at8 = self.down8(at16)
        up = self.up8(at8 + _double(self.down4(at8)))
        up = self.up16(at16 + _double(up))
        up = self.up32(self.skip32(at32) + _double(up))
        logits: Tensor = self.head(up)
        return logits

    def heatmaps(self, faces: Tensor) -> Tensor:
        """N,68,32,32 heatmaps; a sharp, certain one peaks at about 1."""
        return probabilities(self(faces)) * (2 * math.pi * SIGMA**2)

    def landmarks(self, faces: Tensor) -> Tensor:
        """N,68,2 points, x and y in pixels of the faces given (pixel centres at whole numbers)."""
        return points_of(probabilities(self(faces))) * faces.shape[-1] - 0.5


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


def probabilities(logits: Tensor) -> Tensor:
    """Softmax over each heatmap's pixels."""
    return logits.float().flatten(2).softmax(dim=2).view_as(logits)


def points_of(p: Tensor) -> Tensor:
    """Means of N,K,h,w probabilities: N,K,2, x and y in [0, 1] of the picture's side."""
    side = p.shape[-1]
    centres = (torch.arange(side, device=p.device, dtype=p.dtype) + 0.5) / side
    return torch.stack([(p.sum(2) * centres).sum(2), (p.sum(3) * centres).sum(2)], dim=2)


def gaussians(points: Tensor, side: int) -> Tensor:
    """Gaussian probabilities N,K,side,side around points N,K,2 in [0, 1]; points outside give a flat border."""
    centres = torch.arange(side, device=points.device, dtype=points.dtype) + 0.5
    distance = (centres - points[..., None] * side).square() / (2 * SIGMA**2)  # N,K,2,side
    x, y = (-distance).softmax(dim=-1).unbind(dim=2)
    return y[..., :, None] * x[..., None, :]


def load_fan(path: Path) -> FAN:
    """The network with trained weights, for inference on the CPU.

    Raises:
        UserError: the file cannot be read or does not fit.
    """
    network = FAN()
    load_weights(network, path)
    return network.eval().to(memory_format=torch.channels_last)
