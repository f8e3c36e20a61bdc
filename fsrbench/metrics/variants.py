"""An image metric under another protocol: described as the metric itself, but computed in another way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from fsrbench.metrics.base import ImageMetric, Metric


def name_of(base: Metric, protocol: str) -> str:
    """The name of a metric under a protocol: it tells variants apart in a run's store."""
    return f"{base.name}: {protocol}"


def described_as(base: Metric, name: str, recipe: str) -> dict[str, Any]:
    """The attributes of a variant: those of the metric itself, but for its name and protocol."""
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
