"""An identity loss: SR and HR should look like the same person to a face recognition network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from fsrbench.errors import Unavailable, UserError
from reference_model.fan import FAN

SIDE = 112
TEMPLATE = torch.tensor(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
)
"""Where eyes, nose and mouth corners lie in a 112 px face of ArcFace (Deng et al., CVPR 2019; InsightFace)."""


class IdentityLoss:
    """One minus the cosine of SR's and HR's descriptors, both aligned by the landmarks of HR.

    Args:
        teacher: ONNX file of an ArcFace-style network, N,3,112,112 RGB in [-1, 1] to descriptors. Never the network
            that judges the result.
        fan: finds the landmarks.
        weight: of the loss.
        device: where it runs.

    Raises:
        Unavailable: onnx2torch is not installed.
        UserError: the file cannot be used.
    """

    def __init__(self, teacher: Path, fan: FAN, weight: float, device: torch.device) -> None:
        self.teacher = _load(teacher).to(device).to(memory_format=torch.channels_last).eval().requires_grad_(False)
        self.fan, self.weight = fan.eval().requires_grad_(False), weight

    def __call__(self, sr: Tensor, hr: Tensor) -> dict[str, Tensor]:
        """The weighted loss between SR and HR, N,3,H,W in [0, 1]."""
        with torch.no_grad():
            grid = alignment_grid(five_points(self.fan.landmarks(hr)), hr.shape[-1])
            truth = self._describe(hr, grid)
        likeness = F.cosine_similarity(self._describe(sr, grid), truth)
        return {"identity": self.weight * (1 - likeness).mean()}

    def _describe(self, faces: Tensor, grid: Tensor) -> Tensor:
        chips = F.grid_sample(faces, grid, mode="bicubic", padding_mode="border", align_corners=False)
        descriptors: Tensor = self.teacher(chips.clamp(0, 1) * 2 - 1)
        return descriptors


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


def _load(path: Path) -> Any:
    try:
        import onnx2torch
    except ImportError:
        raise Unavailable("the identity loss needs onnx2torch: pip install 'fsrbench[identity]'") from None
    try:
        return onnx2torch.convert(str(path))
    except Exception as error:  # onnx, protobuf and onnx2torch each raise their own
        raise UserError(f"{path} cannot be used as a teacher: {type(error).__name__}") from None
