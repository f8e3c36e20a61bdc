"""NIQE with a pristine model of faces, at the picture's own size."""

from __future__ import annotations

from functools import cached_property
from math import inf
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor

from fsrbench import weights
from fsrbench.errors import Invalid
from fsrbench.metrics.base import ImageMetric
from fsrbench.metrics.facts import Facts
from fsrbench.metrics.niqe_features import block_features, distance, luma, without_flat
from fsrbench.pictures.decode import to_tensor, to_uint8
from fsrbench.pictures.enlarge import enlarge
from fsrbench.weights.tensors import check_tensors

SIDES = (64, 128)
"""Sizes in pixels of the pristine models."""
ACROSS = 4
"""Blocks per row; 16 per picture, of 16 px at 64 px and of 32 px at 128 px."""


def _protocol(side: int) -> str:
    first = f"pictures below {side} px enlarged to {side} px by Pillow BICUBIC and rounded to 8 bit; " if side else ""
    return (
        f"{first}NIQE's features (Y of YIQ rounded) and distance, at the picture's own size: 4 x 4 blocks of a quarter "
        "of the side; pristine model of 12,137 aligned CelebA faces of that size, all blocks that are not flat"
    )


def face_features(images: Tensor) -> Tensor:
    """NIQE's features of the 4 x 4 blocks of square pictures: float N,3,S,S in [0, 1] -> double N,16,36."""
    return block_features(luma(images), images.shape[-1] // ACROSS)


class NiqeFace(ImageMetric):
    """Naturalness of a face without a reference: NIQE with a pristine model of faces, on pictures not enlarged.

    NIQE (Mittal, Soundararajan, Bovik, IEEE SPL 20, 2013) describes each block of a picture by 36 statistics of its
    normalised luma, and gives the distance of the blocks' mean and covariance (m, S) to those of pristine pictures
    (n, P): ``sqrt((n - m)^T ((P + S) / 2)^-1 (n - m))``. Features and distance are NIQE's own. What differs:

    * the pristine model: 12,137 aligned faces (CelebA crops of 946 people, none of them in a test set), a model for 64
      and one for 128 px, with all blocks that are not flat, where NIQE takes the sharpest ones of 125 photographs;
    * blocks of a quarter of the side where NIQE's have 96 px, so that nothing is enlarged and all of the face counts.

    On held-out faces it ranks blur, noise and JPEG by their strength, and HR before learned before interpolated
    pictures; see docs/metrics.md. Its numbers compare only with each other, at one size and framing. The model is
    fitted by ``python -m tools.niqe_face``. Not negative, lower is better.

    Args:
        side: that smaller pictures are enlarged to first (Pillow BICUBIC), in pixels; 0: none are.

    Example:
        >>> noise = torch.rand(1, 3, 64, 64, generator=torch.manual_seed(0))
        >>> bool(NiqeFace().score(noise, None) > 5)  # HR faces have about 1.8
        True
    """

    name, title, direction, digits, bounds = "niqe_face", "NIQE (face)", "lower", 3, (0, inf)
    weight_files = ("niqe_face",)

    def __init__(self, side: int = 0) -> None:
        self.side = side
        self.protocol = _protocol(side)

    def check(self, facts: Facts) -> None:
        """Raise if there is no pristine model of the pictures' size."""
        super().check(facts)
        if max(facts.task.hr_size, self.side) not in SIDES:
            known = " and ".join(map(str, SIDES))
            raise Invalid(f"has pristine models of faces of {known} px, not of {facts.task.hr_size} px")
        check_tensors("niqe_face", self._read)

    @staticmethod
    def _read(path: Path) -> dict[str, tuple[Tensor, Tensor]]:
        model = load_file(path)
        return {str(side): (model[f"mean_{side}"], model[f"covariance_{side}"]) for side in SIDES}

    @cached_property
    def _pristine(self) -> dict[str, tuple[Tensor, Tensor]]:
        return self._read(weights.find("niqe_face"))

    def score(self, sr: Tensor, hr: Tensor | None) -> Tensor:
        """NIQE of each face; NaN if all blocks are flat."""
        pictures = to_tensor(np.stack([enlarge(picture, self.side) for picture in to_uint8(sr)]))
        mean, covariance = self._pristine[str(pictures.shape[-1])]
        scores = [distance(without_flat(blocks), mean, covariance) for blocks in face_features(pictures)]
        return torch.tensor(scores, dtype=torch.float64)
