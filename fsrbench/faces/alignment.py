"""Alignment of faces to the five points that face recognition networks are trained with."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from fsrbench.faces.points import similarity

SIDE = 112
TEMPLATE = torch.tensor(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
)
"""Eyes, nose and mouth corners in ArcFace's 112 px face (Deng et al., CVPR 2019; InsightFace), pixels."""


def alignment_grid(points: Tensor, side: int) -> Tensor:
    """Sampling grid of a face's aligned 112 px chip, by the similarity that brings the template nearest to the points.

    Args:
        points: N,5,2 in pixels of a face, pixel centres at whole numbers.
        side: of the face in pixels.

    Returns:
        N,112,112,2 for ``grid_sample`` with ``align_corners=False``.
    """
    template = torch.view_as_complex(((TEMPLATE + 0.5) / SIDE * 2 - 1).to(points).contiguous())
    a, b = similarity(template, torch.view_as_complex(((points + 0.5) / side * 2 - 1).contiguous()))
    affine = torch.stack([torch.stack([a.real, -a.imag, b.real], 1), torch.stack([a.imag, a.real, b.imag], 1)], 1)
    return F.affine_grid(affine, [len(points), 3, SIDE, SIDE], align_corners=False)
