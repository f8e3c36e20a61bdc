"""The degradation networks of the reference model: from an HR face to a realistic LR face."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from reference_model.generator import ResidualBlock

NOISE = 64


class DegradationNetwork(nn.Module):
    """Learned blur, noise and compression on top of the area-averaged face. 0.36 M parameters.

    Shapes:
        N,3,h*scale,w*scale in [0, 1] and noise N,64 -> N,3,h,w, not clipped.
    """

    def __init__(self, scale: int = 4, channels: int = 64, blocks: int = 4, lr_size: int = 16) -> None:
        super().__init__()
        self.scale, self.lr_size = scale, lr_size
        self.noise_map = nn.Linear(NOISE, 4 * lr_size**2)
        # All HR pixels of an LR pixel become its channels, so that no detail is lost.
        self.head = nn.Conv2d(3 * scale**2 + 4, channels, 3, padding=1)
        self.body = nn.Sequential(*(ResidualBlock(channels) for _ in range(blocks)))
        self.tail = nn.Conv2d(channels, 3, 3, padding=1)
        # Training starts from area averaging.
        for parameter in self.tail.parameters():
            nn.init.zeros_(parameter)

    def forward(self, hr: Tensor, noise: Tensor) -> Tensor:
        maps = self.noise_map(noise).view(-1, 4, self.lr_size, self.lr_size)
        features = self.head(torch.cat([F.pixel_unshuffle(hr - 0.5, self.scale), maps], dim=1))
        change: Tensor = self.tail(self.body(features))
        return F.avg_pool2d(hr, self.scale) + change
