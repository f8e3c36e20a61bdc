"""Alignment of faces to the five points that face recognition networks are trained with."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

SIDE = 112
TEMPLATE = torch.tensor(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
)
"""Where eyes, nose and mouth corners lie in a 112 px face of ArcFace (Deng et al., CVPR 2019; InsightFace)."""


def five_points(landmarks: Tensor) -> Tensor:
    """Centres of the eyes, tip of the nose and corners of the mouth, N,5,2, of 68 landmarks N,68,2."""
    eyes = [landmarks[:, 36:42].mean(dim=1), landmarks[:, 42:48].mean(dim=1)]
    return torch.stack([*eyes, landmarks[:, 30], landmarks[:, 48], landmarks[:, 54]], dim=1)


def alignment_grid(points: Tensor, side: int) -> Tensor:
    """Where in a face each pixel of its aligned 112 px chip comes from.

    The similarity (turn, scale, shift) that brings the template nearest to the points in the least squares sense.

    Args:
        points: N,5,2 in pixels of a face, pixel centres at whole numbers.
        side: of the face.

    Returns:
        N,112,112,2 for ``grid_sample`` with ``align_corners=False``.
    """
    # Complex numbers: a similarity is z -> a z + b.
    target = torch.view_as_complex(((TEMPLATE + 0.5) / SIDE * 2 - 1).to(points).contiguous())
    source = torch.view_as_complex(((points + 0.5) / side * 2 - 1).contiguous())
    centred = target - target.mean()
    a = ((source - source.mean(dim=1, keepdim=True)) * centred.conj()).sum(dim=1) / centred.abs().square().sum()
    b = source.mean(dim=1) - a * target.mean()
    affine = torch.stack([torch.stack([a.real, -a.imag, b.real], 1), torch.stack([a.imag, a.real, b.imag], 1)], 1)
    return F.affine_grid(affine, [len(points), 3, SIDE, SIDE], align_corners=False)
