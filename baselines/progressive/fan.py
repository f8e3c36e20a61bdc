"""The compressed face alignment network of Kim et al. (BMVC 2019): 68 landmark heatmaps at full resolution."""

from __future__ import annotations

from torch import Tensor, nn


class CompressedFAN(nn.Module):
    """Five convolutions, no hourglass; 321,412 parameters. Layer names are those of the authors' checkpoint.

    Shapes:
        N,3,H,W in [0, 1] -> N,68,H,W heatmaps.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 32, 5, padding=2)
        layers: list[nn.Module] = []
        for inputs, outputs in ((32, 64), (64, 128), (128, 128)):
            layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.LeakyReLU()]
        self.layers = nn.Sequential(*layers, nn.Conv2d(128, 68, 3, padding=1), nn.LeakyReLU())

    def forward(self, faces: Tensor) -> Tensor:
        heatmaps: Tensor = self.layers(self.conv(faces))
        return heatmaps
