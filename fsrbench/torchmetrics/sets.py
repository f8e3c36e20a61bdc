"""Metrics of features over a whole set: FID, verification, detection and the like."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch

from fsrbench.engine.frames import failures
from fsrbench.errors import Invalid, UserError
from fsrbench.metrics.base import FeatureMetric, Metric
from fsrbench.metrics.evaluation import Faces
from fsrbench.metrics.extractors.base import Features
from fsrbench.metrics.facts import Facts
from fsrbench.process.state import standardise
from fsrbench.torchmetrics.base import Batch, FaceMetric
from fsrbench.torchmetrics.features import BatchFeatures
from fsrbench.torchmetrics.names import Names

SIDES = ("sr", "hr", "lr")


def shapes_of(features: Features) -> dict[str, list[int]]:
    """The shape of each array without its first axis, by name."""
    return {name: list(array.shape[1:]) for name, array in sorted(features.items())}


def packed(features: Features, shapes: Mapping[str, Sequence[int]]) -> np.ndarray:
    """Flatten arrays with N rows to one matrix N,K, which processes can exchange."""
    return np.concatenate([np.asarray(features[name]).reshape(len(features[name]), -1) for name in shapes], axis=1)


def unpacked(matrix: np.ndarray, shapes: Mapping[str, Sequence[int]]) -> dict[str, np.ndarray]:
    """The arrays of :func:`packed`.

    Example:
        >>> arrays = {"box": np.arange(8.0).reshape(2, 4), "confidence": np.ones(2)}
        >>> unpacked(packed(arrays, shapes_of(arrays)), shapes_of(arrays))["confidence"]
        array([1., 1.])
    """
    ends = np.cumsum([math.prod(shape) for shape in shapes.values()])[:-1]
    parts = np.split(matrix, ends, axis=1)
    return {name: part.reshape(len(part), *shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)}


class ImageSet(FaceMetric):
    """An :class:`fsrbench.FeatureMetric` in torchmetrics' form.

    Raises:
        Unavailable: weights or packages are missing.
    """

    arrays = SIDES

    def __init__(self, metric: FeatureMetric, facts: Facts) -> None:
        super().__init__(metric, facts)
        try:
            metric.check(facts)
        except Invalid as error:
            raise UserError(f"{metric.name}: {error}") from None

    def _computed_of(self, metric: Metric, batch: Batch) -> tuple[list[int], dict[str, np.ndarray]]:
        """Features of the images that have them."""
        assert isinstance(metric, FeatureMetric)
        read = [side for side in SIDES if side != "lr" or self._reads_lr(metric, batch.hr is not None)]
        if "lr" in read and batch.lr is None:
            raise UserError(f"{self.name} reads LR: update(sr, hr, lr)")
        features = BatchFeatures(batch, self._facts.alignment, self._facts.seed, torch.device(self.device))
        found = {side: features.of(metric.feature_set, side) for side in read if getattr(batch, side) is not None}
        problems = {image: why for side in found.values() for image, why in side.problems.items()}
        if problems:
            self._warn(failures(problems, len(batch.sr)))
        kept = [image for image in batch.ids if image not in problems]
        if not kept:
            return [], {}
        self._shapes = shapes_of(found["sr"].arrays)
        arrays = {side: packed(rows.of(kept, batch.ids), self._shapes) for side, rows in found.items()}
        return [row for row, image in enumerate(batch.ids) if image not in problems], arrays

    def _reads_lr(self, metric: FeatureMetric, has_hr: bool) -> bool:
        return metric.uses_lr and not (metric.control and has_hr)

    def _value(self, metric: Metric, names: Names, arrays: dict[str, np.ndarray]) -> float:
        """The metric's own summary, or the mean of its finite values."""
        assert isinstance(metric, FeatureMetric)
        features = {side: unpacked(matrix, self._shapes) for side, matrix in arrays.items()}
        self._check_judge(metric, names, features.get("hr"))
        standardise(self._facts.seed)
        reference = features.get("hr") if metric.uses_reference else None
        found = metric.evaluate(
            _faces(names, features["sr"], features.get("hr"), features.get("lr"), reference), self._facts.seed
        )
        if found.summary is not None:
            return found.summary.value
        values = np.empty(0) if found.values is None else found.values[np.isfinite(found.values)]
        if not len(values):
            raise Invalid("no finite score")
        return float(values.mean())

    def _check_judge(self, metric: FeatureMetric, names: Names, hr: Features | None) -> None:
        """Refuse a network that fails even on the HR images, as a run does."""
        if hr is None or not math.isfinite(metric.least_ceiling):
            return
        reference = hr if metric.uses_reference else None
        ceiling = metric.ceiling(_faces(names, hr, hr, None, reference, is_hr=True), self._facts.seed)
        if ceiling is not None and ceiling < metric.least_ceiling:
            raise Invalid(f"on the HR images themselves the judge is right in {100 * ceiling:.1f} %, near chance")


def _faces(
    names: Names,
    sr: Features,
    hr: Features | None,
    lr: Features | None,
    reference: Features | None,
    is_hr: bool = False,
) -> Faces:
    ids, identities, roles = (list(part) for part in zip(*names, strict=True))
    return Faces(
        ids, identities, sr, hr, is_hr, reference, lr, roles if any(role is not None for role in roles) else ()
    )
