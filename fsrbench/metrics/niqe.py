"""NIQE: naturalness without a reference (Mittal et al., IEEE SPL 20, 2013), with the numbers of pyiqa."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from math import inf
from pathlib import Path
from typing import Final, Literal, Self

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from fsrbench import weights
from fsrbench.errors import Invalid
from fsrbench.metrics.base import ImageMetric
from fsrbench.metrics.facts import Facts
from fsrbench.metrics.niqe_features import block_features, distance, luma, matlab_luma
from fsrbench.pictures.decode import to_tensor, to_uint8
from fsrbench.pictures.enlarge import enlarge
from fsrbench.weights.tensors import check_tensors

BLOCK = 96
"""Side in pixels of NIQE's blocks."""
SIDE = 256
"""Side in pixels that small pictures are enlarged to. NIQE reads whole blocks only, so of these it sees 192 x 192."""
NATIVE = 2 * BLOCK
"""From this side in pixels on, pictures are scored as they are: NIQE needs two blocks, and four are better."""
Colour = Literal["YIQ", "MATLAB YCbCr"]
NIQE: Final[Mapping[Colour, str]] = {
    "YIQ": "pyiqa's NIQE (Y of YIQ rounded; whole 96 px blocks from the top left), BasicSR's pristine parameters",
    "MATLAB YCbCr": "BasicSR's NIQE (Y of MATLAB's YCbCr, 16-235, rounded; whole 96 px blocks from the top left) and "
    "pristine parameters",
}
"""By the Y that it sees, for the protocol."""
LUMAS: Final[Mapping[Colour, Callable[[Tensor], Tensor]]] = {"YIQ": luma, "MATLAB YCbCr": matlab_luma}


def _read(path: Path) -> dict[str, Tensor]:
    with np.load(path, allow_pickle=False) as file:
        return {
            "mu_pris_param": torch.from_numpy(file["mu_pris_param"].reshape(1, -1)),
            "cov_pris_param": torch.from_numpy(file["cov_pris_param"]),
        }


class Niqe(ImageMetric):
    """Natural image quality evaluator (Mittal, Soundararajan, Bovik, IEEE SPL 20, 2013), without a reference.

    Each block of 96 px is described by 36 statistics of its normalised luma; with the mean m and covariance S of a
    picture's blocks and n, P of pristine photographs: ``sqrt((n - m)^T ((P + S) / 2)^-1 (n - m))``. Pictures below
    192 px are enlarged first. Not negative, lower is better.

    Args:
        side: that small pictures are enlarged to, in pixels.
        kernel: that they are enlarged by.
        native: from this side in pixels on, pictures are scored as they are; 0: all are.
        colour: the Y that it reads.

    Example (the pristine parameters are not shipped but fetched, so the score is not computed here):
        >>> Niqe().protocol.partition(";")[0]
        'pictures below 192 px, SR and HR alike, enlarged to 256 px by Pillow BICUBIC and rounded to 8 bit'
        >>> Niqe().score(torch.rand(1, 3, 64, 64), None)  # doctest: +SKIP
        tensor([...], dtype=torch.float64)
    """

    name, title, direction, digits, bounds = "niqe", "NIQE", "lower", 3, (0, inf)
    weight_files = ("niqe",)

    def __init__(
        self,
        side: int = SIDE,
        kernel: Image.Resampling = Image.Resampling.BICUBIC,
        native: int = NATIVE,
        colour: Colour = "YIQ",
    ) -> None:
        self.side, self.kernel, self.native, self.colour = side, kernel, native, colour
        first = f"{self._enlarged(native)}; larger ones as they are" if native else "pictures as they are"
        self.protocol = f"{first}; {NIQE[colour]}"

    def configured(self, facts: Facts) -> Self:
        """With the protocol for pictures of the task's size."""
        side = facts.task.hr_size
        first = self._enlarged(self.side) if side < self.native else f"pictures as they are, at {side} px"
        return self.replace(protocol=f"{first}; {NIQE[self.colour]}")

    def _enlarged(self, below: int) -> str:
        return (
            f"pictures below {below} px, SR and HR alike, enlarged to {self.side} px by Pillow {self.kernel.name} and "
            "rounded to 8 bit"
        )

    def check(self, facts: Facts) -> None:
        """Raise if the pristine parameters are missing, their file holds anything else, or pictures are too small."""
        super().check(facts)
        if not self.native and facts.task.hr_size < NATIVE:
            raise Invalid(f"needs pictures of at least {NATIVE} px: it enlarges none")
        check_tensors("niqe", _read)

    @cached_property
    def _pristine(self) -> dict[str, Tensor]:
        return _read(weights.find("niqe"))

    def score(self, sr: Tensor, hr: Tensor | None) -> Tensor:
        """NIQE of each image; NaN if all blocks are flat."""
        return torch.tensor([self._one(picture) for picture in to_uint8(sr)], dtype=torch.float64)

    def _one(self, picture: np.ndarray) -> float:
        if min(picture.shape[:2]) < self.native:
            picture = enlarge(picture, self.side, self.kernel)
        pixels = to_tensor(picture[None])
        pristine = self._pristine
        blocks = block_features(LUMAS[self.colour](pixels), BLOCK)[0]
        return distance(blocks, pristine["mu_pris_param"][0], pristine["cov_pris_param"])
