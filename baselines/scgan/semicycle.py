"""The degradation networks and discriminators of SCGAN (Hou et al., IEEE TIP 32, 2023), for its training.

Widths and order follow the paper's repository as far as they are known; the code is our own. 12.20 M and 15.13 M
parameters where the paper has 12.29 M and 15.5 M, so some detail differs.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from baselines.scgan.network import ResidualBlock

NOISE = 64


class DegradationNetwork(nn.Module):
    """G_DHL and G_DSL of the paper: down to 4 px, back up to 16 px.

    Shapes:
        N,3,64,64 in [-1, 1] and noise N,64 -> N,3,16,16 in [-1, 1].
    """

    def __init__(self) -> None:
        super().__init__()
        self.noise_map = nn.Linear(NOISE, 64 * 64)
        widths = [4, 96, 96, 128, 128, 256, 256, 512, 512]
        self.down = nn.ModuleList(ResidualBlock(i, o) for i, o in pairwise(widths))
        self.up8 = nn.Sequential(nn.PixelShuffle(2), ResidualBlock(128, 128), ResidualBlock(128, 128))
        self.up16 = nn.Sequential(nn.PixelShuffle(2), ResidualBlock(32, 32), ResidualBlock(32, 32))
        self.tail = nn.Sequential(
            nn.ReLU(), nn.Conv2d(32, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 3, 3, padding=1), nn.Tanh()
        )

    def forward(self, hr: Tensor, noise: Tensor) -> Tensor:
        x = torch.cat([hr, self.noise_map(noise).view(-1, 1, 64, 64)], dim=1)
        for number, block in enumerate(self.down):
            x = block(x)
            if number % 2 == 0:
                x = F.avg_pool2d(x, 2)
        out: Tensor = self.tail(self.up16(self.up8(x)))
        return out


class JudgeBlock(nn.Module):
    """ReLU - conv - ReLU - conv plus skip, all with spectral norm, then optional max-pooling."""

    def __init__(self, inputs: int, outputs: int, pool: bool) -> None:
        super().__init__()
        self.conv1 = spectral_norm(nn.Conv2d(inputs, outputs, 3, padding=1))
        self.conv2 = spectral_norm(nn.Conv2d(outputs, outputs, 3, padding=1))
        self.skip = spectral_norm(nn.Conv2d(inputs, outputs, 1)) if inputs != outputs else nn.Identity()
        self.pool = nn.MaxPool2d(2) if pool else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        change = self.conv2(F.relu(self.conv1(F.relu(x))))
        out: Tensor = self.pool(self.skip(x) + change)
        return out


class Discriminator(nn.Module):
    """Six residual blocks with spectral norm down to 4 px, then 8192 -> 512 -> 1.

    Shapes:
        N,3,size,size in [-1, 1] -> N scores, high for real.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        widths = [3, 128, 128, 256, 256, 512, 512]
        halvings = (size // 4).bit_length() - 1
        self.blocks = nn.Sequential(*(JudgeBlock(i, o, k < halvings) for k, (i, o) in enumerate(pairwise(widths))))
        self.score = nn.Sequential(spectral_norm(nn.Linear(512 * 16, 512)), nn.ReLU(), spectral_norm(nn.Linear(512, 1)))

    def forward(self, faces: Tensor) -> Tensor:
        score: Tensor = self.score(F.relu(self.blocks(faces)).flatten(1))
        return score.squeeze(1)
