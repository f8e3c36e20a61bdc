"""Pictures of appearance-model coefficients, in batches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from tools.sample.appearance import GRID, SIZE, control_points, spline_basis

TEXTURE = 64
"""Side of the texture; the detail network adds what is finer."""


@dataclass
class Appearance:
    """Linear model of texture (on the mean face) and shape, in units of one standard deviation per coefficient."""

    texture_mean: Tensor
    texture_basis: Tensor
    shape_mean: Tensor
    shape_basis: Tensor

    def landmarks(self, coefficients: Tensor) -> NDArray[np.float32]:
        """The 68 points ``[n, 68, 2]`` in pixels."""
        shape = coefficients[:, len(self.texture_basis) :] @ self.shape_basis + self.shape_mean
        return shape.reshape(-1, 68, 2).numpy()

    def nodes(self, landmarks: NDArray[np.float32]) -> Tensor:
        """Where in the mean face each lattice node of each picture lies: ``[n, GRID**2, 2]`` in pixels."""
        mean = control_points(self.shape_mean.reshape(68, 2).numpy())
        return torch.from_numpy(np.stack([spline_basis(control_points(points)) @ mean for points in landmarks]))

    def smooth(self, coefficients: Tensor, place: Tensor) -> Tensor:
        """Texture of the coefficients, laid where ``place`` says: ``[n, 3, 128, 128]`` in -1..1."""
        flat = coefficients[:, : len(self.texture_basis)] @ self.texture_basis + self.texture_mean
        texture = flat.reshape(-1, TEXTURE, TEXTURE, 3).permute(0, 3, 1, 2).clamp(-0.05, 1.05) * 2 - 1
        texture = F.interpolate(texture, scale_factor=SIZE // TEXTURE, mode="bicubic")
        grid = place.permute(0, 2, 3, 1)
        return F.grid_sample(texture, grid, mode="bilinear", padding_mode="border", align_corners=False)


def place_of(nodes: Tensor) -> Tensor:
    """Face coordinates ``[n, 2, 128, 128]`` in -1..1 from the coarse lattice."""
    lattice = nodes.float().reshape(-1, GRID, GRID, 2).permute(0, 3, 1, 2)
    return (F.interpolate(lattice, size=(SIZE, SIZE), mode="bilinear", align_corners=True) + 0.5) / (SIZE / 2) - 1
