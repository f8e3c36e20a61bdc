"""The discriminators of the reference model, for LR and HR faces."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm


class Discriminator(nn.Module):
    """Strided convolutions with spectral norm down to 4 px, then one score (Miyato et al., ICLR 2018).

    Args:
        size: side of the faces in pixels, 16, 64 or 128.
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
