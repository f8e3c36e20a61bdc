"""A feature metric under another protocol: described as the benchmark's own, but computed in another way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

import numpy as np

from fsrbench.metrics.base import FeatureMetric
from fsrbench.metrics.detection import is_hit
from fsrbench.metrics.evaluation import Evaluation, Faces
from fsrbench.metrics.facts import Facts
from fsrbench.metrics.pairing import self_pairs
from fsrbench.metrics.variants import described_as
from fsrbench.metrics.verification import best_threshold, distances, summarise_folds

Judge = Callable[[Faces, int], Evaluation]
"""Maps the features of all images and a seed to their evaluation."""


class FeatureVariant(FeatureMetric):
    """A feature metric on other features or judged by another function, trusted if the metric itself is."""

    def __init__(self, base: FeatureMetric, name: str, recipe: str, judge: Judge | None = None) -> None:
        vars(self).update(described_as(base, name, recipe))
        self.extractor, self._base, self._judge = base.extractor, base, judge
        self.least_ceiling, self.uses_lr = base.least_ceiling, base.uses_lr

    def ceiling(self, hr: Faces, seed: int) -> float | None:
        """As the metric itself: a judge that fails on the HR images fails at any threshold."""
        return self._base.ceiling(hr, seed)

    def check(self, facts: Facts) -> None:
        """Refuse what the metric itself refuses."""
        self._base.check(facts)

    def configured(self, facts: Facts) -> Self:
        """Read what the metric itself reads in this run."""
        base = self._base.configured(facts)
        return self.replace(_base=base, extractor=base.extractor, by_lr=base.by_lr)

    def evaluate(self, faces: Faces, seed: int) -> Evaluation:
        """The function's evaluation of the features, or the metric's own."""
        return (self._judge or self._base.evaluate)(faces, seed)


def detected(confidence: float, iou: float) -> Judge:
    """Detection under other thresholds; see :func:`fsrbench.metrics.detection.is_hit`."""

    def judge(faces: Faces, seed: int) -> Evaluation:
        hits = is_hit(faces.features, None if faces.is_hr else faces.hr, confidence, iou)
        return Evaluation(hits.astype(np.float64))

    return judge


def verified_in_hindsight(faces: Faces, seed: int) -> Evaluation:
    """Verification with the threshold that is best on the very pairs that are judged: optimistic by construction."""
    pairs = self_pairs(faces.people, seed)
    distance = distances(faces, pairs)
    right = (distance < best_threshold(distance, pairs.genuine)) == pairs.genuine
    # Every image is the probe of two pairs, one genuine and one not: first come all genuine ones, then the others
    return Evaluation(right.reshape(2, -1).mean(axis=0), summarise_folds(right, pairs.fold))
