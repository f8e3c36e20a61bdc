"""The plan: units of work, a method on a shard of images each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fsrbench.datasets import Dataset, Sample
from fsrbench.runs.names import HR

SHARD = 64
"""Images a unit; what a kill can lose at most."""
REFERENCE = "reference"
"""Name under which the pictures of a named reference set are looked at; it has no row."""


@dataclass(frozen=True)
class Shard:
    """Consecutive samples of the dataset."""

    index: int
    samples: tuple[Sample, ...]


@dataclass(frozen=True)
class Unit:
    """One piece of work. Units of a shard depend on its HR unit, where there is one, and come after it."""

    shard: Shard
    method: str

    @property
    def of_hr(self) -> bool:
        """Whether its pictures are the shard's HR images and not made by a method."""
        return self.method in (HR, REFERENCE)


def make_shards(dataset: Dataset) -> list[Shard]:
    """The dataset in pieces of :data:`SHARD` samples."""
    starts = range(0, len(dataset), SHARD)
    return [Shard(index, dataset.samples[start : start + SHARD]) for index, start in enumerate(starts)]


def make_plan(shards: Sequence[Shard], methods: Sequence[str], reference: Sequence[Shard] = ()) -> list[Unit]:
    """All units, shard by shard, the HR images of a shard first because the others read their features."""
    ordered = sorted(methods, key=lambda method: method != HR)
    units = [Unit(shard, method) for shard in shards for method in ordered]
    return units + [Unit(shard, REFERENCE) for shard in reference]
