"""Inception activations as features, by torch-fidelity."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fsrbench import weights
from fsrbench.errors import Unavailable, one_line
from fsrbench.images import to_uint8
from fsrbench.metrics.base import Features
from fsrbench.metrics.features import Extractor

LAYER = "2048"


class Inception(Extractor):
    """The 2048 pooled activations of TensorFlow's Inception v3 of 2015, the one that FID was defined with."""

    weight_files = ("inception",)

    def check(self) -> None:
        """Refuse without the weights, or if they hold anything but tensors."""
        super().check()
        path = weights.find("inception")
        try:
            # torch-fidelity unpickles without restrictions; what loads with them holds no code.
            torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:  # pickle, zipfile and torch each raise their own
            raise Unavailable(f"{path} cannot be used: {one_line(error)}") from None

    @cached_property
    def _network(self) -> Any:
        from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

        return FeatureExtractorInceptionV3("inception", [LAYER], str(weights.find("inception")))

    def extract(self, images: Tensor, guide: Features) -> dict[str, np.ndarray]:
        """``activations`` N,2048; pictures are enlarged to 299 px as TensorFlow 1 does."""
        pixels = torch.from_numpy(to_uint8(images)).permute(0, 3, 1, 2).contiguous()
        with torch.inference_mode():
            found = [self._network(part)[0] for part in pixels.split(16)]
        return {"activations": torch.cat(found).numpy()}
