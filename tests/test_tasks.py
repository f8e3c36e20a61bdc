"""Tasks by name."""

from __future__ import annotations

import pytest

from fsrbench.errors import UserError
from fsrbench.tasks import Task, find_task


@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("x4", Task(16, 4)),
        ("16x4", Task(16, 4)),
        ("16x8", Task(16, 8)),
        ("128x4", Task(128, 4)),
        ("64x8", Task(64, 8)),
        ("32x4", Task(32, 4)),
        ("512x1", Task(512, 1)),
    ],
)
def test_a_name_gives_sizes(name: str, task: Task) -> None:
    assert find_task(name) == task


def test_sizes_give_one_name() -> None:
    assert [find_task(name).name for name in ("16x4", "16x8", "128x4", "512x1")] == ["x4", "x8", "128x4", "512x1"]


def test_a_task_shows_its_sizes() -> None:
    assert [str(find_task(name)) for name in ("x4", "512x1")] == ["x4 (16 to 64 px)", "512x1 (512 px)"]


def test_restoration_enlarges_nothing() -> None:
    task = find_task("512x1")
    assert task.is_restoration
    assert task.hr_size == task.lr_size == 512
    assert not find_task("128x4").is_restoration


@pytest.mark.parametrize(
    "name", ["x3", "x16", "128", "128x", "x", "", "auto", "0x4", "16x0", "-16x4", "16x4.0", "16X4", " x4"]
)
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(UserError, match="write x4, x8 or LRxSCALE"):
        find_task(name)


@pytest.mark.parametrize(("name", "sizes"), [("2x4", "2 to 8 px"), ("512x4", "512 to 2048 px")])
def test_sizes_have_limits(name: str, sizes: str) -> None:
    with pytest.raises(UserError, match=f"task {name} is {sizes}; LR has at least 4 px, HR at most 1024"):
        find_task(name)
