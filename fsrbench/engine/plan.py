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


def make_plan(dataset: Dataset, methods: Sequence[str]) -> list[Unit]:
    """All units, shard by shard, the HR images of a shard first."""
    shards = [
        Shard(index, dataset.samples[start : start + SHARD])
        for index, start in enumerate(range(0, len(dataset), SHARD))
    ]
    rows = ([HR] if dataset.has_hr else []) + list(methods)
    return [Unit(shard, method) for shard in shards for method in rows]
