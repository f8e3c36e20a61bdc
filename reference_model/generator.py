"""The restoration network of the reference model: 16 px faces to 64 px (or 128 px) at about a tenth of SCGAN's cost."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class ResidualBlock(nn.Module):
    """conv - ReLU - conv with an identity skip and no normalisation (Lim et al., EDSR, CVPRW 2017)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        change: Tensor = self.conv2(F.relu(self.conv1(x)))
        return x + change


class RestorationNetwork(nn.Module):
    """Adds learned detail to the bicubic enlargement of an LR face.

    All residual blocks work at LR size, where a 3x3 kernel costs least and sees most of the face; narrowing sub-pixel
    convolutions enlarge at the end (Shi et al., CVPR 2016), because width costs most at full size.

    Args:
        scale: enlargement, 4 or 8.
        channels: feature maps at LR size.
        blocks: residual blocks at LR size.

    Shapes:
        N,3,h,w in [0, 1] -> N,3,h*scale,w*scale, not clipped.
    """

    def __init__(self, scale: int = 4, channels: int = 64, blocks: int = 8) -> None:
        super().__init__()
        if scale not in (4, 8):
            raise ValueError(f"scale must be 4 or 8, not {scale}")
        self.scale = scale
        self.head = nn.Conv2d(3, channels, 3, padding=1)
        self.body = nn.Sequential(*(ResidualBlock(channels) for _ in range(blocks)))
        stages: list[nn.Module] = []
        for _ in range(scale.bit_length() - 1):
            stages += [nn.Conv2d(channels, 2 * channels, 3, padding=1), nn.PixelShuffle(2), nn.ReLU(inplace=True)]
            channels //= 2
        self.enlarge = nn.Sequential(*stages)
        self.tail = nn.Conv2d(channels, 3, 3, padding=1)
        # Training starts from the bicubic picture itself.
        for parameter in self.tail.parameters():
            nn.init.zeros_(parameter)

    @classmethod
    def fitting(cls, tensors: Mapping[str, Tensor]) -> RestorationNetwork:
        """A network with the scale, width and depth of a file's tensors, which are not loaded."""
        blocks = sum(name.startswith("body.") and name.endswith(".conv1.weight") for name in tensors)
        return cls(8 if "enlarge.6.weight" in tensors else 4, len(tensors["head.bias"]), blocks)

    def start_from(self, tensors: Mapping[str, Tensor]) -> None:
        """Load the weights of a network with as many residual blocks or fewer; the others start as the identity.

        Raises:
            RuntimeError: the weights are of another network.
        """
        own = {
            name: torch.zeros_like(value) if ".conv2." in name else value for name, value in self.state_dict().items()
        }
        missing = {name: value for name, value in own.items() if name.startswith("body.") and name not in tensors}
        self.load_state_dict({**missing, **{name: value.float() for name, value in tensors.items()}})

    def forward(self, lr: Tensor) -> Tensor:
        features = self.head(lr - 0.5)
        features = features + self.body(features)
        enlarged = F.interpolate(lr, scale_factor=self.scale, mode="bicubic", align_corners=False)
        detail: Tensor = self.tail(self.enlarge(features))
        return enlarged + detail
