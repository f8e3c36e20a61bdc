"""The task that the sizes of pictures show."""

from __future__ import annotations

from pathlib import Path

import pytest
from made import call
from PIL import Image

from fsrbench.datasets import open_dataset
from fsrbench.datasets.sizes import task_of
from fsrbench.errors import UserError


def write(folder: Path, **sides: list[tuple[int, int]]) -> Path:
    for side, sizes in sides.items():
        (folder / side).mkdir(parents=True)
        for number, size in enumerate(sizes):
            Image.new("RGB", size, (90, 60, 50)).save(folder / side / f"face{number}.png")
    return folder


def found(folder: Path, *outputs: Path) -> str:
    return task_of(open_dataset(str(folder)), outputs).name


@pytest.mark.parametrize(
    ("sides", "task"),
    [
        ({"HR": [(64, 64)]}, "x4"),
        ({"HR": [(128, 128)] * 2}, "x8"),
        ({"HR": [(512, 512)], "LR": [(512, 512)]}, "512x1"),
        ({"HR": [(512, 512)] * 2, "LR": [(128, 128)] * 2}, "128x4"),
        ({"HR": [(300, 256)], "LR": [(32, 40)]}, "32x8"),  # the central square is taken
    ],
)
def test_data_show_the_task(tmp_path: Path, sides: dict[str, list[tuple[int, int]]], task: str) -> None:
    assert found(write(tmp_path, **sides)) == task


def test_outputs_give_the_side_of_hr(tmp_path: Path) -> None:
    data, outputs = write(tmp_path / "data", LR=[(128, 128)]), write(tmp_path / "made", sr=[(512, 512)])
    assert found(data, outputs / "sr") == "128x4"


def test_outputs_that_do_not_fit_lr_are_named(tmp_path: Path) -> None:
    data, outputs = write(tmp_path / "data", LR=[(512, 512)]), write(tmp_path / "made", small=[(256, 256)])
    with pytest.raises(UserError, match="SR of small has 256 px, not a multiple of LR's 512 px"):
        found(data, outputs / "small")


@pytest.mark.parametrize(
    ("sides", "message"),
    [
        ({"HR": [(512, 512)]}, r"HR of 512 px does not say how small LR is; give --task 512x1 \(restoration\), 128x4"),
        ({"LR": [(512, 512)]}, "LR of 512 px does not say the scale; give --task 512x1, 512x4 or another"),
        ({"HR": [(100, 100)], "LR": [(30, 30)]}, "HR has 100 px, not a multiple of LR's 30 px"),
        ({"LR": [(16, 16), (16, 16), (24, 24)]}, "LR has several sizes: 2 of 16 px, 1 of 24 px; give --task"),
    ],
)
def test_sizes_without_a_scale_are_refused(
    tmp_path: Path, sides: dict[str, list[tuple[int, int]]], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        found(write(tmp_path, **sides))


def test_outputs_of_another_size_are_refused(tmp_path: Path) -> None:
    data = write(tmp_path / "data", LR=[(128, 128)], HR=[(512, 512)])
    outputs = write(tmp_path / "made", small=[(256, 256)])
    with pytest.raises(UserError, match="the pictures of small have 256 px, HR or other SR 512 px"):
        found(data, outputs / "small")


def test_a_broken_file_decides_nothing(tmp_path: Path) -> None:
    data = write(tmp_path, LR=[(32, 32)] * 2, HR=[(64, 64)] * 2)
    (data / "LR" / "face1.png").write_bytes(b"no picture")
    assert found(data) == "32x2"


def test_a_run_says_what_it_took_and_is_finished_then(tmp_path: Path) -> None:
    data = write(tmp_path / "data", HR=[(96, 96)] * 2, LR=[(48, 48)] * 2)
    asked = (
        "run",
        "--methods",
        "bicubic",
        "--task",
        "auto",
        "--data",
        data,
        "--metrics",
        "psnr",
        "--out",
        tmp_path / "run",
    )
    first, second = call(*asked), call(*asked)
    assert first.exit_code == second.exit_code == 0
    assert "task 48x2 (48 to 96 px), from the sizes of the pictures" in first.stderr
    assert "nothing has changed since this run finished" in second.stderr
