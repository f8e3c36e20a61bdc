"""NIQE: naturalness without a reference (Mittal et al., IEEE SPL 20, 2013), computed by pyiqa."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from fsrbench import weights
from fsrbench.images import to_tensor, to_uint8
from fsrbench.metrics.base import Facts, ImageMetric
from fsrbench.metrics.enlarge import ENLARGED, enlarge


class Niqe(ImageMetric):
    """Natural image quality evaluator; needs blocks of 96 px, so small pictures are enlarged first."""

    name, title, direction, digits = "niqe", "NIQE", "lower", 3
    protocol = (
        f"pictures below {ENLARGED} px, SR and HR alike, enlarged to {ENLARGED} px by bicubic and rounded to 8 bit; "
        "pyiqa's NIQE (Y of YIQ, 96 px blocks), BasicSR's pristine parameters"
    )

    def check(self, facts: Facts) -> None:
        """Refuse without the pristine parameters."""
        super().check(facts)
        weights.find("niqe")

    @cached_property
    def _pristine(self) -> dict[str, Tensor]:
        with np.load(weights.find("niqe")) as file:
            return {
                "mu_pris_param": torch.from_numpy(file["mu_pris_param"].reshape(1, -1)),
                "cov_pris_param": torch.from_numpy(file["cov_pris_param"]),
            }

    def score(self, sr: Tensor, hr: Tensor | None) -> Tensor:
        """NIQE of each image."""
        calculate = _pyiqa_niqe()
        pictures = to_tensor(np.stack([enlarge(picture) for picture in to_uint8(sr)]))
        # One by one: pyiqa drops the batch dimension of a single image and shares no work between images.
        scores = [calculate(picture[None], **self._pristine).reshape(()) for picture in pictures]
        return torch.stack(scores).double()


def _pyiqa_niqe() -> Any:
    from pyiqa.archs.niqe_arch import calculate_niqe  # four seconds of imports, only where NIQE is asked for

    return calculate_niqe
