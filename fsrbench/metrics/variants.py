"""An image metric under another protocol: described as the metric itself, but computed differently."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor

from fsrbench.metrics.base import ImageMetric, Metric
from fsrbench.metrics.changes import Change
from fsrbench.metrics.facts import Facts


def name_of(base: Metric, protocol: str) -> str:
    """The name of a metric under a protocol, which distinguishes variants in a run's store."""
    return f"{base.name}: {protocol}"


def described_as(base: Metric, name: str, recipe: str) -> dict[str, Any]:
    """The attributes of a variant: those of the metric itself except its name and protocol."""
    shared = ("title", "unit", "digits", "direction", "needs")
    return {attribute: getattr(base, attribute) for attribute in shared} | {
        "name": name_of(base, name),
        "protocol": recipe,
    }


class ImageVariant(ImageMetric):
    """A full-reference metric whose scores come from another function."""

    def __init__(self, base: Metric, name: str, recipe: str, function: Callable[[Tensor, Tensor], Tensor]) -> None:
        vars(self).update(described_as(base, name, recipe))
        self._function = function

    def score(self, sr: Tensor, hr: Tensor | None) -> Tensor:
        """The function's N scores."""
        assert hr is not None
        return self._function(sr, hr)


class ChangedPictures(ImageMetric):
    """A metric under another name, on pictures that are changed before it sees them.

    Args:
        base: the metric; weights, packages and limits are its own.
        name: of the variant.
        protocol: one line that says what is done to the pictures and how they are compared.
        change: of SR and HR; ``None``: the metric sees them as they are.

    Example:
        >>> from fsrbench.metrics.changes import crop
        >>> from fsrbench.metrics.quality import Psnr
        >>> hr = torch.zeros(1, 3, 16, 16)
        >>> sr = hr.clone()
        >>> sr[..., 0] = 1  # the left border is wrong
        >>> ChangedPictures(Psnr(), "lab:psnr", "4 px cropped", crop(4)).score(sr, hr)
        tensor([inf], dtype=torch.float64)
    """

    def __init__(self, base: ImageMetric, name: str, protocol: str, change: Change | None = None) -> None:
        shared = ("title", "unit", "digits", "direction", "needs", "bounds", "infinite", "weight_files")
        vars(self).update({attribute: getattr(base, attribute) for attribute in shared}, name=name, protocol=protocol)
        self._base, self._change = base, change

    def check(self, facts: Facts) -> None:
        """As the metric itself."""
        self._base.check(facts)

    def on(self, device: torch.device) -> Self:
        """With the metric itself on the device."""
        return self.replace(_base=self._base.on(device))

    def fingerprint(self) -> str:
        """As the metric itself."""
        return self._base.fingerprint()

    def files(self) -> frozenset[Path] | None:
        """As the metric itself."""
        return self._base.files()

    @property
    def threads_matter(self) -> bool:
        """As the metric itself."""
        return self._base.threads_matter

    def score(self, sr: Tensor, hr: Tensor | None) -> Tensor:
        """The metric's N scores of the changed pictures."""
        if self._change is not None:
            assert hr is not None
            sr, hr = self._change(sr, hr)
        return self._base.score(sr, hr)
