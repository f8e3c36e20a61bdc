"""The plan: every image once a method, shard by shard, HR first."""

from __future__ import annotations

from pathlib import Path

import pytest

from fsrbench.datasets import Dataset, Picture, Sample
from fsrbench.datasets.storage import FolderFiles
from fsrbench.engine.plan import SHARD, SHARD_PIXELS, make_plan, make_shards
from fsrbench.runs.names import HR
from fsrbench.tasks import TASKS, Task


def dataset(count: int) -> Dataset:
    picture = Picture(FolderFiles(Path("nowhere")), "none.png")
    return Dataset("made", tuple(Sample(f"{i:04}", hr=picture) for i in range(count)))


@pytest.mark.parametrize("count", [1, SHARD - 1, SHARD, SHARD + 1, 3 * SHARD + 5])
def test_every_image_is_planned_once_per_method_and_in_order(count):
    plan = make_plan(make_shards(dataset(count), TASKS["x4"]), [HR, "a", "b"])
    for method in (HR, "a", "b"):
        ids = [s.id for unit in plan if unit.method == method for s in unit.shard.samples]
        assert ids == [f"{i:04}" for i in range(count)]
    assert all(0 < len(unit.shard.samples) <= SHARD for unit in plan)


@pytest.mark.parametrize("methods", [[HR, "b", "a"], ["b", HR, "a"], ["b", "a", HR]], ids=" ".join)
def test_hr_comes_first_in_every_shard_and_methods_keep_their_order(methods):
    plan = make_plan(make_shards(dataset(SHARD + 1), TASKS["x4"]), methods)
    assert [(u.shard.index, u.method) for u in plan] == [(i, m) for i in (0, 1) for m in (HR, "b", "a")]


@pytest.mark.parametrize(("count", "methods"), [(0, [HR, "a"]), (3, [])])
def test_nothing_to_do_is_no_plan(count, methods):
    assert make_plan(make_shards(dataset(count), TASKS["x4"]), methods) == []


@pytest.mark.parametrize(
    ("lr", "scale", "images"), [(16, 4, 64), (16, 8, 64), (32, 8, 64), (128, 4, 16), (512, 1, 16), (4096, 1, 1)]
)
def test_a_shard_of_large_pictures_has_fewer(lr: int, scale: int, images: int) -> None:
    task = Task(lr, scale)
    shards = make_shards(dataset(150), task)
    assert [len(shard.samples) for shard in shards[:-1]] == [images] * (len(shards) - 1)
    assert images == 1 or images * task.hr_size**2 <= SHARD_PIXELS
    assert [sample.id for shard in shards for sample in shard.samples] == [f"{i:04}" for i in range(150)]
