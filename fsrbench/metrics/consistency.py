"""Consistency: does the SR picture give back the LR picture that it was made from?"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Self

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from fsrbench.degradations.base import Degradation, rng_for
from fsrbench.degradations.recipes import find_degradation
from fsrbench.errors import Invalid
from fsrbench.metrics.base import InputMetric
from fsrbench.metrics.facts import Facts
from fsrbench.pictures.decode import to_uint8


def consistency(sr: Tensor, lr: Tensor, ids: Sequence[str], degradation: Degradation, seed: int) -> Tensor:
    """RMSE between each LR picture and its SR picture reduced as the LR was made, in levels of 255.

    Args:
        sr: N,3,H,W in [0, 1].
        lr: N,3,h,w in [0, 1], made by ``degradation`` of the HR pictures with the random numbers of ``ids`` and
            ``seed``; see :func:`fsrbench.degradations.base.rng_for`.
        ids: of the images.
        degradation: applied to SR with the same random numbers, noise included.
        seed: of the random numbers.

    Returns:
        N errors in levels of 8 bits, over R, G and B.
    """
    errors = []
    for picture, given, image in zip(to_uint8(sr), to_uint8(lr), ids, strict=True):
        again, _ = degradation(Image.fromarray(picture), len(given), rng_for(image, seed))
        errors.append(np.sqrt(np.square(np.asarray(again, np.float64) - given).mean()))
    return torch.tensor(np.array(errors), dtype=torch.float64)


class Consistency(InputMetric):
    """Consistency of SR with LR: RMSE between LR and SR reduced as HR was, in levels of 255.

    ``sqrt(mean((D(SR) - LR)^2))`` over pixels and channels, in levels of 8 bits, where ``D`` is the run's degradation
    with the random numbers of the image: kernel, noise and compression are those that made its LR. The "consistency"
    of Saharia et al. (SR3, IEEE TPAMI 45, 2023), there the MSE, for any degradation. Not negative, lower is better; 0
    for HR. A consistent picture need not be right, as many HR pictures have the same LR; an inconsistent one is wrong.

    Example:
        >>> hr = torch.rand(1, 3, 64, 64, generator=torch.manual_seed(0))
        >>> lr, _ = find_degradation("area")(Image.fromarray(to_uint8(hr)[0]), 16, rng_for("a"))
        >>> lr = torch.from_numpy(np.asarray(lr) / 255).permute(2, 0, 1)[None]
        >>> metric = Consistency().replace(degradation="area")
        >>> metric.score(hr, lr, ["a"]), metric.score(hr * 0.9, lr, ["a"]) > 5
        (tensor([0.], dtype=torch.float64), tensor([True]))
    """

    name, title, unit, direction, digits, bounds = "consistency", "Consistency", "of 255", "lower", 2, (0, inf)
    protocol = (
        "SR (8 bit) reduced by the degradation that made LR, with the image's own random numbers, against LR: RMSE "
        "over pixels and RGB, in levels of 8 bits"
    )
    degradation = ""
    seed = 0

    def check(self, facts: Facts) -> None:
        """Raise if it is not known how LR was made."""
        super().check(facts)
        if facts.degradation is None:
            raise Invalid("how LR was made is not known: LR pictures are given; it needs LR made by the run from HR")

    def configured(self, facts: Facts) -> Self:
        """The metric with the run's degradation and seed."""
        return self.replace(degradation=facts.degradation, seed=facts.seed)

    def score(self, sr: Tensor, lr: Tensor, ids: Sequence[str]) -> Tensor:
        """Consistency of each image in levels of 8 bits."""
        return consistency(sr, lr, ids, find_degradation(self.degradation), self.seed)
