"""Keep face descriptors of a finished run's pictures, if a metric asks for it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fsrbench.engine.prepare import Prepared
from fsrbench.engine.results import MethodResults
from fsrbench.engine.run import Outcome
from fsrbench.engine.unit_features import stored_features
from fsrbench.errors import FsrbenchError
from fsrbench.gallery.keep import most_kept
from fsrbench.metrics.base import FeatureMetric
from fsrbench.runs.descriptors import Descriptors
from fsrbench.runs.names import LR

DESCRIPTOR = "descriptor"
"""Name of the extractors' array of descriptors."""


def kept_descriptors(run: Prepared, outcome: Outcome) -> Descriptors | None:
    """Descriptors of LR and of the methods' pictures, for the images whose pictures the run keeps.

    Returns:
        ``None`` if no metric of the run keeps its descriptors, or there are none.
    """
    metric = next((m for m in run.metrics if isinstance(m, FeatureMetric) and m.keeps_descriptors), None)
    if metric is None or LR not in outcome.results:
        return None
    most = None if run.spec.save_images else most_kept(run.spec.the_task)
    images = outcome.results[LR].ids[:most]
    found = {}
    for row in (LR, *run.methods):
        if row in outcome.results and metric.feature_set not in outcome.results[row].failed:
            of_row = _of_row(run, outcome.results[row], metric.feature_set, images)
            if of_row:
                found[row] = of_row
    if not found:
        return None
    size = len(next(array for row in found.values() for array in row.values()))
    missing = np.full(size, np.nan)
    arrays = {row: np.stack([of_row.get(image, missing) for image in images]) for row, of_row in found.items()}
    return Descriptors(tuple(images), arrays)


def _of_row(run: Prepared, result: MethodResults, name: str, images: Sequence[str]) -> dict[str, np.ndarray]:
    """The descriptors of one row, by image; reads only as many shards as needed."""
    found: dict[str, np.ndarray] = {}
    ids, wanted = result.ids_with(name), set(images)
    needed = max((place for place, image in enumerate(ids) if image in wanted), default=-1) + 1
    for key in result.features.get(name, ()):
        if len(found) >= needed:
            break
        try:
            rows = stored_features(run.context.store, key).get(DESCRIPTOR)
        except FsrbenchError:  # gone from the cache
            return {}
        for image, descriptor in zip(ids[len(found) :], () if rows is None else rows, strict=False):
            found[image] = descriptor
    return {image: descriptor for image, descriptor in found.items() if image in wanted}
