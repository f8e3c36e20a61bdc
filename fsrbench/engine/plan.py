"""The plan: units of work, a method on a shard of images each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fsrbench.datasets import Dataset, Sample

SHARD = 64
"""Images a unit; what a kill can lose at most."""
HR = "hr"
"""Name of the row that scores the HR images themselves."""


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


def make_shards(dataset: Dataset) -> list[Shard]:
    """The dataset in pieces of :data:`SHARD` samples."""
    starts = range(0, len(dataset), SHARD)
    return [Shard(index, dataset.samples[start : start + SHARD]) for index, start in enumerate(starts)]


def make_plan(shards: Sequence[Shard], methods: Sequence[str]) -> list[Unit]:
    """All units, shard by shard, the HR images of a shard first because the others read their features."""
    ordered = sorted(methods, key=lambda method: method != HR)
    return [Unit(shard, method) for shard in shards for method in ordered]
