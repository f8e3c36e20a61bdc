"""The plan: units of work, each one method on one shard of images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fsrbench.datasets import Dataset, Sample
from fsrbench.datasets.roles import ENROLLED
from fsrbench.runs.names import HR, LR
from fsrbench.tasks import Task

SHARD = 64
"""Maximum images per unit, which bounds the work that a killed run loses."""
SHARD_PIXELS = 2**22
"""Maximum pixels of a unit's SR pictures, 16 of 512 px: as floats, with metrics' intermediates, some 100 MB each."""
REFERENCE = "reference"
"""Method name of units of the reference set, which has no row."""


@dataclass(frozen=True)
class Shard:
    """Consecutive samples of the dataset."""

    index: int
    samples: tuple[Sample, ...]

    @property
    def all_enrolled(self) -> bool:
        """Whether all of them are gallery or distractors of identification."""
        return all(sample.role in ENROLLED for sample in self.samples)


@dataclass(frozen=True)
class Unit:
    """One method on one shard. A shard's HR unit, if any, comes first, then LR: the others read their features."""

    shard: Shard
    method: str

    @property
    def of_hr(self) -> bool:
        """Whether its pictures are the shard's HR images."""
        return self.method in (HR, REFERENCE)

    @property
    def of_lr(self) -> bool:
        """Whether its pictures are the shard's LR images."""
        return self.method == LR

    @property
    def is_given(self) -> bool:
        """Whether its pictures come from the data and not from a method."""
        return self.of_hr or self.of_lr


def make_shards(dataset: Dataset, task: Task) -> list[Shard]:
    """Split the dataset into shards of :data:`SHARD` samples, fewer if pictures are large (:data:`SHARD_PIXELS`)."""
    size = max(1, min(SHARD, SHARD_PIXELS // task.hr_size**2))
    starts = range(0, len(dataset), size)
    return [Shard(index, dataset.samples[start : start + size]) for index, start in enumerate(starts)]


def make_plan(
    shards: Sequence[Shard], methods: Sequence[str], reference: Sequence[Shard] = (), probes_only: bool = False
) -> list[Unit]:
    """All units, shard by shard, each shard's HR and LR units first because the others read their features.

    Args:
        shards: of the dataset.
        methods: including HR and LR.
        reference: shards of the reference set.
        probes_only: leave out methods' units of shards whose images are all enrolled in identification.
    """
    ordered = sorted(methods, key=lambda method: (HR, LR).index(method) if method in (HR, LR) else 2)
    units = [Unit(shard, method) for shard in shards for method in ordered]
    units = [unit for unit in units if not (probes_only and unit.shard.all_enrolled and not unit.is_given)]
    return units + [Unit(shard, REFERENCE) for shard in reference]
