"""A metric: one score per image."""

from __future__ import annotations

from torch import Tensor

from fsrbench import ImageMetric


def colour_error(sr: Tensor, hr: Tensor) -> Tensor:
    """Mean absolute difference of the pictures' mean colours: two float N,3,H,W in [0, 1], to N values."""
    return (sr.mean(dim=(2, 3)) - hr.mean(dim=(2, 3))).abs().mean(dim=1)


class ColourError(ImageMetric):
    """How far the mean colour moved."""

    name, title, unit, direction, digits = "colour_error", "Colour error", "", "lower", 4
    needs = frozenset({"hr"})
    protocol = "mean absolute difference of the mean R, G and B of SR and HR, in [0, 1]"

    def score(self, sr: Tensor, hr: Tensor | None) -> Tensor:
        """N scores."""
        assert hr is not None
        return colour_error(sr, hr)
