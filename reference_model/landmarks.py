"""The face alignment network as a feature extractor of the benchmark."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from fsrbench import weights
from fsrbench.metrics.extractors.base import Extractor, Features
from reference_model.fan import FAN, load_fan


class FanLandmarks(Extractor):
    """68 landmarks by the reference model's face alignment network, which sees the whole picture at 64 px."""

    on_gpu = True
    weight_files = ("fan",)

    @cached_property
    def _network(self) -> FAN:
        return load_fan(weights.find("fan")).to(self.device)

    def extract(self, images: Tensor, guide: Features) -> dict[str, np.ndarray]:
        """``landmarks`` N,68,2 in pixels of the image."""
        with torch.inference_mode():
            return {"landmarks": self._network.landmarks(images.to(self.device)).double().cpu().numpy()}
