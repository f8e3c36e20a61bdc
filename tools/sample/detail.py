"""Detail network: turns a smooth appearance-model face into one with hair, eyes, skin and background.

The generator adds a residual to the appearance model's picture. It is given the position of each pixel on the face (the
coordinates of the mean face, warped to the picture), and gets noise to draw from.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SIZE = 128
NOISE = 2


def place_code(place: Tensor) -> Tensor:
    """Sines and cosines of face coordinates ``[n, 2, h, w]`` (in -1..1) at three frequencies: ``[n, 12, h, w]``."""
    angles = torch.cat([place * (math.pi * 2.0**k) / 2 for k in range(3)], 1)
    return torch.cat([angles.sin(), angles.cos()], 1)


class Residual(nn.Module):
    """Pre-activation residual block of two 3x3 convolutions."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.one = nn.Conv2d(width, width, 3, padding=1)
        self.two = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Add the output of the two convolutions."""
        return x + self.two(F.leaky_relu(self.one(F.leaky_relu(x, 0.2)), 0.2))


class Generator(nn.Module):
    """U-Net over 64, 32, 16 and 8 px whose output is a residual at 128 px."""

    def __init__(self, widths: tuple[int, ...] = (32, 64, 128, 160), out: int = 16) -> None:
        super().__init__()
        self.enter = nn.Conv2d(4 * (3 + NOISE + 12), widths[0], 3, padding=1)
        self.down = nn.ModuleList(nn.Conv2d(a, b, 4, 2, 1) for a, b in pairwise(widths))
        self.left = nn.ModuleList(Residual(w) for w in widths)
        self.right = nn.ModuleList(nn.Sequential(Residual(w), Residual(w)) for w in widths)
        self.up = nn.ModuleList(nn.Conv2d(b, a, 3, padding=1) for a, b in pairwise(widths))
        self.spread = nn.Conv2d(widths[0], 4 * out, 3, padding=1)
        self.mix = nn.Conv2d(out + 3, out, 3, padding=1)
        self.leave = nn.Conv2d(out, 3, 3, padding=1)
        nn.init.normal_(self.leave.weight, std=0.01)
        nn.init.zeros_(self.leave.bias)

    def forward(self, smooth: Tensor, place: Tensor, noise: Tensor) -> Tensor:
        """Detailed picture from the smooth one (both in -1..1)."""
        fine = torch.cat([smooth, noise], 1)
        x = self.enter(F.pixel_unshuffle(torch.cat([fine, place_code(place)], 1), 2))
        skips = []
        for level, block in enumerate(self.left):
            x = block(x)
            skips.append(x)
            if level < len(self.down):
                x = self.down[level](F.leaky_relu(x, 0.2))
        for level in reversed(range(len(skips))):
            x = self.right[level](x if level == len(skips) - 1 else x + skips[level])
            if level:
                x = F.interpolate(self.up[level - 1](x), scale_factor=2, mode="nearest")
        x = F.pixel_shuffle(F.leaky_relu(self.spread(F.leaky_relu(x, 0.2)), 0.2), 2)
        x = F.leaky_relu(self.mix(torch.cat([x, smooth], 1)), 0.2)
        return smooth + self.leave(x)


class Experts(nn.Module):
    """Frozen features of MTCNN's last stage, scaled to unit size per channel: they know eyes, noses and mouths."""

    def __init__(self) -> None:
        super().__init__()
        from facenet_pytorch.models.mtcnn import ONet

        net = ONet()
        self.stages = nn.ModuleList(
            [
                nn.Sequential(net.conv1, net.prelu1),
                nn.Sequential(net.pool1, net.conv2, net.prelu2),
                nn.Sequential(net.pool2, net.conv3, net.prelu3),
            ]
        )
        self.size = nn.ParameterList(torch.ones(1, width, 1, 1) for width in (32, 64, 64))
        self.requires_grad_(False)

    def forward(self, picture: Tensor) -> list[Tensor]:
        """Features at 126, 61 and 28 px of a 128-px picture in -1..1."""
        x, found = picture, []
        for stage, size in zip(self.stages, self.size, strict=True):
            x = stage(x)
            found.append(x / size)
        return found

    def calibrate(self, pictures: Tensor) -> None:
        """Set the channels' sizes from real pictures."""
        for size, feature in zip(self.size, self(pictures), strict=True):
            size.copy_(feature.square().mean((0, 2, 3), keepdim=True).sqrt() + 1e-3)


class Head(nn.Sequential):
    """Judge of one kind of frozen features."""

    def __init__(self, inside: int, width: int = 64) -> None:
        super().__init__(
            nn.Conv2d(inside, width, 1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(width, width, 4, 2, 1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(width, 1, 3, padding=1),
        )


class Discriminator(nn.Module):
    """Patch judges: two on a trunk (texture at 32 px, the whole face at 8 px), two on the experts' features."""

    def __init__(self, widths: tuple[int, ...] = (32, 64, 128, 192)) -> None:
        super().__init__()
        ins = (3 + 4, *widths)
        self.trunk = nn.ModuleList(nn.Conv2d(a, b, 4, 2, 1) for a, b in zip(ins, widths, strict=False))
        self.refine = nn.ModuleList(nn.Conv2d(w, w, 3, padding=1) for w in widths)
        self.local = nn.Conv2d(widths[1], 1, 3, padding=1)
        self.whole = nn.Conv2d(widths[-1], 1, 3, padding=1)
        self.heads = nn.ModuleList([Head(64), Head(64)])
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, 0.2)
                nn.init.zeros_(layer.bias)

    def forward(self, picture: Tensor, place: Tensor, features: list[Tensor]) -> list[Tensor]:
        """Judgements, positive for real, of pictures whose experts' features are given."""
        angle = place * math.pi / 2
        x = torch.cat([picture, angle.sin(), angle.cos()], 1)
        judged = [head(feature) for head, feature in zip(self.heads, features[1:], strict=True)]
        for level, (step, more) in enumerate(zip(self.trunk, self.refine, strict=True)):
            x = F.leaky_relu(step(x), 0.2)
            x = F.leaky_relu(x + more(x), 0.2)
            if level == 1:
                judged.append(self.local(x))
        return [*judged, self.whole(x)]
