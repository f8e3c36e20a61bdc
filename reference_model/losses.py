"""Losses through the face alignment network: eyes, nose and mouth where they belong."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from reference_model.fan import FAN


class AlignmentLosses:
    """Heatmap loss and facial attention loss through a frozen FAN (Kim et al., BMVC 2019; Fathy et al. 2026).

    Heatmap loss: mean squared difference of the heatmaps of SR and HR. Attention loss: L1 weighted by M, the maximum
    over the HR's heatmaps, scaled to [0, 1] in each image.

    Args:
        fan: trained; its parameters are frozen here.
        heatmap: weight of the heatmap loss.
        attention: weight of the attention loss.
    """

    def __init__(self, fan: FAN, heatmap: float, attention: float) -> None:
        self.fan = fan.eval().requires_grad_(False)
        self.heatmap, self.attention = heatmap, attention

    def __call__(self, sr: Tensor, hr: Tensor) -> dict[str, Tensor]:
        """Weighted losses between SR and HR, N,3,H,W in [0, 1]."""
        with torch.no_grad():
            truth = self.fan.heatmaps(hr)
            attention = attention_map(truth, hr.shape[-1])
        heatmap = (self.fan.heatmaps(sr) - truth).square().mean()
        return {
            "heatmap": self.heatmap * heatmap,
            "attention": self.attention * (attention * (sr - hr).abs()).mean(),
        }


def attention_map(heatmaps: Tensor, side: int) -> Tensor:
    """M of the BMVC paper: N,68,h,w heatmaps to N,1,side,side in [0, 1]."""
    strongest = heatmaps.amax(dim=1, keepdim=True)
    low, high = strongest.amin(dim=(2, 3), keepdim=True), strongest.amax(dim=(2, 3), keepdim=True)
    scaled = (strongest - low) / (high - low).clamp(min=1e-6)
    return nn.functional.interpolate(scaled, size=(side, side), mode="bilinear", align_corners=False)
