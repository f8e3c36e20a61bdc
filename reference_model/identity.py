"""An identity loss: SR and HR should look like the same person to a face recognition network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fsrbench.errors import Unavailable, UserError
from fsrbench.faces.alignment import alignment_grid
from fsrbench.faces.points import five_points
from reference_model.fan import FAN


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
        network = with_fast_gradients(_load(teacher)).to(device)
        self.teacher = network.to(memory_format=torch.channels_last).eval().requires_grad_(False)
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
        return descriptors.float()


def with_fast_gradients(network: nn.Module) -> nn.Module:
    """Replace two kinds of layers, in place, by equivalent ones whose gradients are cheap on a CPU.

    With bfloat16 PReLU, which also computes its slope's gradient, and strided depthwise convolutions took three
    quarters of a MobileFaceNet's backward pass.
    """
    from onnx2torch.node_converters.activations import OnnxPReLU

    for name, layer in list(network.named_children()):
        if isinstance(layer, OnnxPReLU):
            setattr(network, name, _FixedPReLU())
        elif isinstance(layer, nn.Conv2d) and layer.groups == layer.in_channels and max(layer.stride) > 1:
            setattr(network, name, _Strided(layer))
    return network


class _FixedPReLU(nn.Module):
    def forward(self, x: Tensor, slope: Tensor) -> Tensor:
        slope = slope.to(x.dtype).reshape(1, -1, 1, 1)
        return F.relu(x) * (1 - slope) + slope * x


class _Strided(nn.Module):
    """A strided convolution, computed at every pixel and then subsampled."""

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        self.rows, self.columns = convolution.stride
        convolution.stride = (1, 1)
        self.convolution = convolution

    def forward(self, x: Tensor) -> Tensor:
        kept: Tensor = self.convolution(x)[:, :, :: self.rows, :: self.columns]
        return kept


def _load(path: Path) -> Any:
    try:
        import onnx2torch
    except ImportError:
        raise Unavailable("the identity loss needs onnx2torch: pip install 'fsrbench[identity]'") from None
    try:
        return onnx2torch.convert(str(path))
    except Exception as error:  # onnx, protobuf and onnx2torch each raise their own
        raise UserError(f"{path} cannot be used as a teacher: {type(error).__name__}") from None
