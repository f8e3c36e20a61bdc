"""A metric under another protocol: as the benchmark's own, but computed in another way."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from torch import Tensor

from fsrbench.metrics.base import Evaluation, Faces, Facts, FeatureMetric, ImageMetric, Metric
from fsrbench.metrics.detection import is_hit
from fsrbench.metrics.pairing import self_pairs
from fsrbench.metrics.verification import best_threshold, distances, summarise_folds


def describe_as(variant: Metric, base: Metric, name: str, recipe: str) -> None:
    """Copy the metric's attributes to a variant, under a name and recipe of its own."""
    variant.name, variant.protocol = f"{base.name}: {name}", recipe
    variant.title, variant.unit, variant.digits = base.title, base.unit, base.digits
    variant.direction, variant.needs = base.direction, base.needs


class ImageVariant(ImageMetric):
    """A full-reference metric whose scores come from another function."""

    def __init__(self, base: Metric, name: str, recipe: str, function: Callable[[Tensor, Tensor], Tensor]) -> None:
        describe_as(self, base, name, recipe)
        self._function = function

    def score(self, sr: Tensor, hr: Tensor | None) -> Tensor:
        """The function's N scores."""
        assert hr is not None
        return self._function(sr, hr)


class FeatureVariant(FeatureMetric):
    """A feature metric that judges by another function, and is trusted where the metric itself is."""

    def __init__(self, base: FeatureMetric, name: str, recipe: str, judge: Callable[[Faces, int], Evaluation]) -> None:
        describe_as(self, base, name, recipe)
        self.extractor, self._base, self._judge = base.extractor, base, judge
        self.least_ceiling = base.least_ceiling

    def ceiling(self, hr: Faces, seed: int) -> float | None:
        """As the metric: what fails on the HR images is no judge by another threshold either."""
        return self._base.ceiling(hr, seed)

    def configure(self, facts: Facts) -> None:
        """Refuse what the metric itself refuses, and read what it reads."""
        self._base.check(facts)
        self.extractor = self._base.extractor

    def evaluate(self, faces: Faces, seed: int) -> Evaluation:
        """What the function makes of the features."""
        return self._judge(faces, seed)


def detected(confidence: float, iou: float) -> Callable[[Faces, int], Evaluation]:
    """Detection under other thresholds; see :func:`fsrbench.metrics.detection.is_hit`."""

    def judge(faces: Faces, seed: int) -> Evaluation:
        hits = is_hit(faces.features, None if faces.is_hr else faces.hr, confidence, iou)
        return Evaluation(hits.astype(np.float64))

    return judge


def verified_in_hindsight(faces: Faces, seed: int) -> Evaluation:
    """Verification with the threshold that is best on the very pairs judged: optimistic by construction."""
    pairs = self_pairs(faces.people, seed)
    distance = distances(faces, pairs)
    right = (distance < best_threshold(distance, pairs.genuine)) == pairs.genuine
    # Every image is the probe of two pairs, one genuine and one not: first come all genuine ones, then the others
    return Evaluation(right.reshape(2, -1).mean(axis=0), summarise_folds(right, pairs.fold))
