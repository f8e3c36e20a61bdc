"""From a sample's files to LR and HR at the task's sizes."""

from pathlib import Path

import numpy as np
import pytest
from made import draw_picture, encode_picture, write_files
from PIL import Image

from fsrbench.datasets import Dataset, open_dataset
from fsrbench.datasets.inputs import Inputs, prepare, resized_note
from fsrbench.degradations.base import rng_for
from fsrbench.degradations.recipes import DEGRADATIONS
from fsrbench.tasks import TASKS

PNG = encode_picture(draw_picture(0, 64))


def inputs(
    folder: Path, files: dict[str, bytes], task: str = "x4", degradation: str = "bicubic", seed: int = 0
) -> Inputs:
    return prepare(opened(folder, files), TASKS[task], DEGRADATIONS[degradation], seed)


def opened(folder: Path, files: dict[str, bytes]) -> Dataset:
    return open_dataset(str(write_files(folder, files)))


def png(side: int, other_side: int | None = None, seed: int = 0) -> bytes:
    image = draw_picture(seed, max(side, other_side or 0))
    return encode_picture(image.crop((0, 0, side, other_side or side)))


def resized(image: Image.Image, side: int, kernel: Image.Resampling) -> np.ndarray:
    return np.asarray(image.resize((side, side), kernel))


@pytest.mark.parametrize(("task", "hr_side"), [("x4", 64), ("x8", 128)])
@pytest.mark.parametrize("degradation", list(DEGRADATIONS))
def test_lr_is_made_from_hr(tmp_path: Path, task: str, hr_side: int, degradation: str) -> None:
    made = inputs(tmp_path, {"a.png": png(hr_side)}, task, degradation, seed=5)
    expected, drawn = DEGRADATIONS[degradation](draw_picture(0, hr_side), 16, rng_for("a", 5))
    assert made.ids == ["a"]
    assert made.hr is not None
    assert np.array_equal(made.hr[0], np.asarray(draw_picture(0, hr_side)))
    assert np.array_equal(made.lr[0], np.asarray(expected))
    assert made.degraded == {"a": drawn}
    assert not made.problems
    assert not made.notes


@pytest.mark.parametrize("side", [65, 100, 128, 300])
def test_larger_hr_is_reduced_once_with_lanczos_and_lr_made_from_that(tmp_path: Path, side: int) -> None:
    made = inputs(tmp_path, {"a.png": png(side)})
    hr = resized(draw_picture(0, side), 64, Image.Resampling.LANCZOS)
    assert made.hr is not None
    assert np.array_equal(made.hr[0], hr)
    assert np.array_equal(made.lr[0], resized(Image.fromarray(hr), 16, Image.Resampling.BICUBIC))


@pytest.mark.parametrize(("side", "task", "needed"), [(63, "x4", 64), (16, "x4", 64), (127, "x8", 128), (1, "x4", 64)])
def test_too_small_hr_is_left_out(tmp_path: Path, side: int, task: str, needed: int) -> None:
    made = inputs(tmp_path, {"a.png": png(side), "b.png": png(200)}, task)
    assert made.ids == ["b"]
    assert made.problems == {"a": f"HR is {side} px, task {task} needs at least {needed}"}


@pytest.mark.parametrize("size", [(80, 64), (64, 99)])
def test_non_square_hr_is_cut_to_its_centre_and_noted(tmp_path: Path, size: tuple[int, int]) -> None:
    made = inputs(tmp_path, {"a.png": png(*size)})
    left, top = (size[0] - 64) // 2, (size[1] - 64) // 2
    whole = draw_picture(0, max(size)).crop((0, 0, *size))
    assert made.hr is not None
    assert np.array_equal(made.hr[0], np.asarray(whole.crop((left, top, left + 64, top + 64))))
    assert made.notes == {"a": f"{size[0]} x {size[1]} px cut to the central square"}


def test_non_square_hr_with_a_short_side_is_left_out(tmp_path: Path) -> None:
    assert "HR is 60 px" in inputs(tmp_path, {"a.png": png(60, 90)}).problems["a"]


def test_given_lr_of_the_right_size_is_used_as_it_is(tmp_path: Path) -> None:
    made = inputs(tmp_path, {"HR/a.png": PNG, "LR/a.png": png(16, seed=9)}, degradation="realworld")
    assert np.array_equal(made.lr[0], np.asarray(draw_picture(9, 16)))
    assert made.degraded == {}


@pytest.mark.parametrize("side", [1, 8, 15, 17, 24, 32, 100])
def test_given_lr_of_another_size_goes_to_the_task_by_bicubic(tmp_path: Path, side: int) -> None:
    made = inputs(tmp_path, {"LR/a.png": png(side)})
    assert made.hr is None
    assert np.array_equal(made.lr[0], resized(draw_picture(0, side), 16, Image.Resampling.BICUBIC))


def test_non_square_lr_is_cut_to_its_centre(tmp_path: Path) -> None:
    made = inputs(tmp_path, {"LR/a.png": png(20, 16)})
    assert np.array_equal(made.lr[0], np.asarray(draw_picture(0, 20).crop((2, 0, 18, 16))))
    assert "a" in made.notes


@pytest.mark.parametrize("side", ["HR", "LR"])
def test_pair_with_one_bad_file_is_left_out_whole(tmp_path: Path, side: str) -> None:
    files = {"HR/a.png": PNG, "HR/b.png": PNG, "LR/a.png": png(16), "LR/b.png": png(16)}
    made = inputs(tmp_path, files | {f"{side}/a.png": b""})
    assert made.ids == ["b"]
    assert made.problems == {"a": "empty file"}
    assert made.hr is not None
    assert len(made.hr) == len(made.lr) == 1


def test_file_that_vanished_is_left_out(tmp_path: Path) -> None:
    data = opened(tmp_path, {"a.png": PNG, "b.png": PNG})
    (tmp_path / "a.png").unlink()
    made = prepare(data, TASKS["x4"], DEGRADATIONS["bicubic"], 0)
    assert made.ids == ["b"]
    assert "No such file" in made.problems["a"]


def test_nothing_usable_gives_empty_arrays(tmp_path: Path) -> None:
    made = inputs(tmp_path, {"a.png": b"", "b.png": b"text"})
    assert made.ids == []
    assert made.lr.shape == (0, 16, 16, 3)
    assert set(made.problems) == {"a", "b"}


def test_lr_of_an_image_does_not_depend_on_the_others(tmp_path: Path) -> None:
    files = {f"{i}.png": png(64, seed=i) for i in range(5)}
    together = inputs(tmp_path / "all", files, degradation="realworld")
    alone = inputs(tmp_path / "one", {"3.png": files["3.png"]}, degradation="realworld")
    assert np.array_equal(together.lr[3], alone.lr[0])
    assert together.degraded["3"] == alone.degraded["3"]


def test_equal_pictures_with_other_names_are_degraded_otherwise(tmp_path: Path) -> None:
    made = inputs(tmp_path, {"a.png": PNG, "b.png": PNG}, degradation="realworld")
    assert not np.array_equal(made.lr[0], made.lr[1])


def test_seed_reaches_the_degradation(tmp_path: Path) -> None:
    lr = [inputs(tmp_path, {"a.png": PNG}, degradation="realworld", seed=s).lr for s in (0, 1)]
    assert not np.array_equal(*lr)


def test_sizes_of_what_was_resized_are_known(tmp_path: Path) -> None:
    files = {f"HR/{side}.png": png(side * 4 + 8) for side in (14, 16, 24, 51)}
    files |= {f"LR/{side}.png": png(side) for side in (14, 16, 24, 51)}
    made = inputs(tmp_path, files)
    assert made.sizes == {"HR": {"16": 72, "24": 104, "51": 212}, "LR": {"14": 14, "24": 24, "51": 51}}


@pytest.mark.parametrize(
    ("sizes", "images", "said"),
    [
        ({}, 2, ""),
        ({"a": 24, "b": 24}, 2, "LR resized from 24 px to 16 px by BICUBIC"),
        ({"a": 51, "b": 24}, 2, "LR resized from 24..51 px to 16 px by BICUBIC"),
        ({"a": 51, "b": 24}, 5, "LR resized from 24..51 px to 16 px by BICUBIC (2 of 5 images)"),
    ],
)
def test_the_note_on_resized_pictures(sizes: dict[str, int], images: int, said: str) -> None:
    assert resized_note("LR", sizes, images, 16, "BICUBIC") == said
