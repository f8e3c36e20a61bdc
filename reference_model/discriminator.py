"""The discriminators of the reference model, for LR and HR faces."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from fsrbench.training.semicycle import Judgement


class Discriminator(nn.Module):
    """Strided convolutions with spectral norm down to 4 px, then one score (Miyato et al., ICLR 2018).

    Args:
        size: side of the faces in pixels, a power of two, at least 8.
        channels: feature maps after the first convolution; they double with every halving, up to four times.

    Shapes:
        N,3,size,size -> N scores, high for real.
    """

    def __init__(self, size: int, channels: int = 48) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs, outputs = 3, channels
        while size > 4:
            layers += [spectral_norm(nn.Conv2d(inputs, outputs, 4, stride=2, padding=1)), nn.LeakyReLU(0.2)]
            inputs, outputs, size = outputs, min(2 * outputs, 4 * channels), size // 2
        self.features = nn.Sequential(*layers)
        self.score = spectral_norm(nn.Linear(inputs * 16, 1))

    def forward(self, faces: Tensor) -> Tensor:
        score: Tensor = self.score(self.features(faces - 0.5).flatten(1))
        return score.squeeze(1)


class UNetDiscriminator(nn.Module):
    """A U-Net with spectral norm: a score for the whole face and one for each pixel (Schönfeld et al., CVPR 2020).

    The scores of pixels catch periodic artefacts that one score for the whole misses.

    Args:
        size: side of the faces in pixels, a power of two, at least 16.
        channels: feature maps at full size; they double with every halving, up to four times.

    Shapes:
        N,3,size,size -> scores N,1 and N,1,size,size; features from full size to the smallest and back.
    """

    SMALLEST = 8

    def __init__(self, size: int, channels: int = 32) -> None:
        super().__init__()
        halvings = (size // self.SMALLEST).bit_length() - 1
        widths = [min(channels * 2**i, 4 * channels) for i in range(halvings + 1)]
        self.first = _conv(3, widths[0])
        self.down = nn.ModuleList(_conv(a, b, stride=2) for a, b in pairwise(widths))
        self.up = nn.ModuleList(_conv(b, a) for a, b in reversed(list(pairwise(widths))))
        self.pixels = spectral_norm(nn.Conv2d(widths[0], 1, 1))
        self.whole = spectral_norm(nn.Linear(widths[-1] * self.SMALLEST**2, 1))

    def forward(self, faces: Tensor) -> Judgement:
        levels = [F.leaky_relu(self.first(faces - 0.5), 0.2)]
        for layer in self.down:
            levels.append(F.leaky_relu(layer(levels[-1]), 0.2))
        features = list(levels)
        whole: Tensor = self.whole(levels[-1].flatten(1))
        x = levels.pop()
        for layer in self.up:
            x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
            x = F.leaky_relu(layer(x), 0.2) + levels.pop()
            features.append(x)
        return Judgement([whole, self.pixels(x)], features)


def _conv(inputs: int, outputs: int, stride: int = 1) -> nn.Module:
    size = 3 if stride == 1 else 4
    layer: nn.Module = spectral_norm(nn.Conv2d(inputs, outputs, size, stride=stride, padding=1))
    return layer
