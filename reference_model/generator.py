"""The restoration network of the reference model, at x4 about a tenth of SCGAN's cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fsrbench.errors import UserError

SCALES: Final = (1, 2, 4, 8, 16)
"""Supported scales: every stage doubles."""


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
        scale: enlargement, one of :data:`SCALES`; 1 restores without enlarging.
        channels: feature maps at LR size.
        blocks: residual blocks at LR size.

    Shapes:
        N,3,h,w in [0, 1] -> N,3,h*scale,w*scale, not clipped.
    """

    def __init__(self, scale: int = 4, channels: int = 64, blocks: int = 8) -> None:
        super().__init__()
        if scale not in SCALES:
            raise UserError(f"the reference model enlarges by {', '.join(map(str, SCALES))}, not by {scale}")
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
    def fitting(cls, tensors: Mapping[str, Tensor], scale: int | None = None) -> RestorationNetwork:
        """A network with the scale, width and depth of a file's tensors, which are not loaded.

        Raises:
            UserError: there is no such network, or it does not enlarge by ``scale``.
        """
        blocks = sum(name.startswith("body.") and name.endswith(".conv1.weight") for name in tensors)
        stages = sum(name.startswith("enlarge.") and name.endswith(".weight") for name in tensors)
        if "head.bias" not in tensors or not blocks:
            raise UserError("no residual blocks and no head of the reference model in it")
        if scale not in (None, 2**stages):
            raise UserError(f"it enlarges by {2**stages}, not by {scale}")
        return cls(2**stages, len(tensors["head.bias"]), blocks)

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
