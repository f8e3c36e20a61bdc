"""Properties of a run's images: measurements of the LR pictures, and head pose."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
import pandas as pd

from fsrbench.engine.prepare import Prepared
from fsrbench.engine.results import MethodResults
from fsrbench.engine.unit_features import stored_features
from fsrbench.errors import FsrbenchError
from fsrbench.faces.points import five_points
from fsrbench.faces.pose import head_pose
from fsrbench.runs.columns import PROPERTY_COLUMNS
from fsrbench.runs.names import HR, LR

POINTS: Final = (68, 5)
"""Numbers of landmarks whose order is known."""
LANDMARKS: Final = "landmarks"
"""Name of extractors' array of landmarks."""


def image_properties(prepared: Prepared, results: Mapping[str, MethodResults]) -> pd.DataFrame:
    """The properties of every usable image, one row each.

    Landmarks are those of the data, else those that a metric's extractor found in the HR pictures, or without HR in
    the LR pictures at HR's side.

    Returns:
        :data:`PROPERTY_COLUMNS`; NaN without landmarks. ``lr_size`` is the side in pixels of the LR picture before it
        was resized to the task's; ``eye_distance`` is in pixels of that picture.
    """
    table = pd.DataFrame(list(_of_pictures(prepared)), columns=list(PROPERTY_COLUMNS[:6]))
    side = prepared.spec.the_task.hr_size
    found = {image: points / side for image, points in _found(prepared, results)} | dict(_given(prepared))
    known = [image for image in table["image"] if image in found]
    if not known:
        return table.reindex(columns=list(PROPERTY_COLUMNS))
    pose = head_pose(np.array([found[image] for image in known]))
    heads = pd.DataFrame({"yaw": pose.yaw, "pitch": pose.pitch, "roll": pose.roll, "eye_distance": pose.eye_distance})
    whole = table.join(heads.set_index(pd.Index(known, name="image")), on="image")
    whole["eye_distance"] *= whole["lr_size"]
    return whole[list(PROPERTY_COLUMNS)]


def _of_pictures(prepared: Prepared) -> Iterator[tuple[str | float, ...]]:
    """The first six columns of each image's row."""
    size = prepared.spec.the_task.lr_size
    for shard in prepared.shards:
        facts = prepared.context.inputs.facts(shard)
        for image in facts.ids:
            measured, given = facts.properties.get(image, {}), facts.sizes.get("LR", {}).get(image, size)
            yield image, float(given), *(measured.get(name, math.nan) for name in PROPERTY_COLUMNS[2:6])


def _given(prepared: Prepared) -> Iterator[tuple[str, np.ndarray]]:
    """The data's landmarks: the image, and 5,2 points as fractions of the HR picture's side."""
    for shard in prepared.shards:
        sizes = prepared.context.inputs.facts(shard).sizes.get("HR", {})
        for sample in shard.samples:
            if sample.landmarks is not None:
                side = sizes.get(sample.id, prepared.spec.the_task.hr_size)
                yield sample.id, five_points(sample.landmarks) / side


def _found(prepared: Prepared, results: Mapping[str, MethodResults]) -> Iterator[tuple[str, np.ndarray]]:
    """Landmarks of the first extractor that has any: the image, and 5,2 points in pixels of the task's HR size."""
    row = results.get(HR) or results.get(LR)
    if row is None:
        return
    for name, keys in sorted(row.features.items()):
        try:
            first = stored_features(prepared.context.store, keys[0]).get(LANDMARKS, np.empty(0))
            if name in row.failed or first.ndim != 3 or first.shape[1] not in POINTS:
                continue
            parts = [stored_features(prepared.context.store, key)[LANDMARKS] for key in keys]
        except (FsrbenchError, KeyError):  # gone from the cache, or all images of a shard failed
            continue
        yield from zip(row.ids_with(name), five_points(np.concatenate(parts)), strict=True)
        return
