"""Inception activations of pictures that are resized as pytorch-fid and BasicSR resize them."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fsrbench.metrics.extractors.base import Features
from fsrbench.metrics.extractors.inception import Inception

SIDE: Final = 299


class InceptionResized(Inception):
    """:class:`Inception` on pictures resized to 299 px by torch's bilinear without antialiasing, in [-1, 1].

    As pytorch-fid (M. Seitzer) does, and with it BasicSR, VQFR and NTIRE's challenges, which read the same weight file;
    :class:`Inception` resizes as TensorFlow 1 does and maps 8-bit values by ``(x - 128) / 128``.
    """

    @cached_property
    def _layers(self) -> nn.Sequential:
        """From a picture of 299 px to its activations: the network's parts in their order, without the classifier."""
        parts = [part for name, part in self._network.named_children() if name != "fc"]
        return nn.Sequential(*parts, nn.Flatten())

    def extract(self, images: Tensor, guide: Features) -> dict[str, np.ndarray]:
        """``activations`` N,2048."""
        device = next(self._layers.parameters()).device
        resized = F.interpolate(images.float().to(device), (SIDE, SIDE), mode="bilinear", align_corners=False)
        with torch.inference_mode():
            found: Any = self._layers(2 * resized - 1)
        return {"activations": found.cpu().numpy()}
