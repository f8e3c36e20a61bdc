"""The restoration network of SCGAN (Hou et al., IEEE TIP 32, 2023), as its authors published it.

15.48 M parameters and 5.38 GMACs at 16 -> 64 px. Layer widths, order and activations follow the authors' repository;
the code is our own.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F


class ResidualBlock(nn.Module):
    """ReLU - conv - ReLU - conv plus skip, without normalisation; the 3x3 convolutions have no bias."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.skip = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(x)  # The published block activates in place, so its own skip sees relu(x), not x,
        residual: Tensor = self.skip(x)
        change: Tensor = self.conv2(F.relu(self.conv1(x)))
        return residual + change


class Enlarge(nn.Sequential):
    """Bilinear x2, batch norm, ReLU and a 1x1 convolution."""

    def __init__(self, channels: int) -> None:
        super().__init__(
            nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 1),
        )


class RestorationNetwork(nn.Module):
    """G_RLS of the paper.

    Shapes:
        N,3,16,16 in [-1, 1], BGR -> N,3,64,64 in [-1, 1], BGR.
    """

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Conv2d(3, 256, 3, padding=1, bias=False)
        self.blocks16 = nn.Sequential(*(ResidualBlock(256, 256) for _ in range(12)))
        self.enlarge32 = Enlarge(256)
        self.blocks32 = nn.Sequential(ResidualBlock(256, 128), ResidualBlock(128, 128), ResidualBlock(128, 128))
        self.skip32 = nn.Conv2d(256, 128, 1)
        self.enlarge64 = Enlarge(128)
        # Never used in the published forward pass, yet part of the published network and its checkpoints.
        self.skip64 = nn.Conv2d(128, 96, 1)
        self.tail = nn.Sequential(
            nn.Conv2d(128, 96, 3, padding=1, bias=False),
            nn.ReLU(inplace=True),
            nn.Conv2d(96, 96, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(96, 3, 1),
            nn.Tanh(),
        )

    def forward(self, lr: Tensor) -> Tensor:
        x = F.relu(self.head(lr))  # and so do the long skips, hence the ReLUs here.
        x = self.enlarge32(x + self.blocks16(x))
        x = F.relu(x)
        x = self.enlarge64(self.skip32(x) + self.blocks32(x))
        out: Tensor = self.tail(x)
        return out
