"""Inception activations as features, by torch-fidelity."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fsrbench import weights
from fsrbench.machine.packages import import_torchvision
from fsrbench.metrics.extractors.base import Extractor, Features
from fsrbench.pictures.decode import to_uint8
from fsrbench.weights.tensors import check_tensors

LAYER = "2048"


class Inception(Extractor):
    """The 2048 pooled activations of TensorFlow's Inception v3 of 2015, the one that FID was defined with."""

    on_gpu = True
    weight_files = ("inception",)

    def check(self) -> None:
        """Raise if the weights are missing, or hold anything but tensors."""
        super().check()
        check_tensors("inception")  # torch-fidelity unpickles without restrictions

    @cached_property
    def _network(self) -> Any:
        import_torchvision()
        from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

        return FeatureExtractorInceptionV3("inception", [LAYER], str(weights.find("inception"))).to(self.device)

    def extract(self, images: Tensor, guide: Features) -> dict[str, np.ndarray]:
        """``activations`` N,2048, of pictures resized to 299 px as in TensorFlow 1: bilinear, without antialiasing."""
        pixels = torch.from_numpy(to_uint8(images)).permute(0, 3, 1, 2).contiguous()
        with torch.inference_mode():
            return {"activations": self._network(pixels.to(self.device))[0].cpu().numpy()}
