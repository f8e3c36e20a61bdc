"""Face descriptors of both samples: a distance per picture, and distances of the sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from fsrbench.drift.known import DISTANCES, SETS, SIDES, Measure
from fsrbench.drift.set_distance import SetDistance
from fsrbench.drift.windows import Window


def with_distances(window: Window, reference: Window) -> tuple[Window, Window]:
    """Add to both, as one more measure, the distance of each picture's descriptor from the mean over both.

    That mean does not depend on which is the window, so that pictures of one source can be exchanged. Faces of other
    people than the reference's are farther from it; a method that makes all faces alike brings SR nearer.
    """
    for side, measure in zip(SIDES, DISTANCES, strict=True):
        given = [each.descriptors.get(side) for each in (window, reference)]
        alike = len({x.shape[1] for x in given if x is not None}) == 1
        middle = np.nanmean(np.concatenate([x for x in given if x is not None]), axis=0) if alike else 0.0
        window, reference = (
            each if x is None else replace(each, values=each.values.assign(**{measure.name: _length(x - middle)}))
            for each, x in zip((window, reference), given, strict=True)
        )
    return window, reference


def _length(vectors: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.linalg.norm(vectors, axis=1)
    return found


def set_distances(
    window: Window, reference: Window, names: Sequence[str], chosen: np.ndarray, blocks: np.ndarray
) -> dict[Measure, SetDistance]:
    """The distances of the sets that can be compared.

    Args:
        window, reference: both samples.
        names: the measures that are compared.
        chosen: N, which pictures of the reference and then of the window are read.
        blocks: N labels.
    """
    found = {}
    for side, measure, of_set in zip(SIDES, DISTANCES, SETS, strict=True):
        if measure.name in names:
            pooled = np.concatenate([each.descriptors[side] for each in (reference, window)])
            found[of_set] = SetDistance(np.where(chosen[:, None], pooled, np.nan), blocks)
    return found


def frechet_note(measure: Measure, distance: SetDistance, inside: np.ndarray) -> list[str]:
    """A note with the FID of the sets, if they are large enough for it; it is not tested."""
    found = distance.frechet(inside[distance.known])
    if found is None:
        return []
    name = measure.title.replace("KID", "FID")
    return [f"{name} {found[0]:.4f}; for sets of these sizes that do not differ it is {found[1]:.4f}"]
