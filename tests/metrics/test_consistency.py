"""Consistency: against OpenCV, 0 for HR under any degradation, keyed by LR, and only where the run made LR."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from made import draw_picture, picture_files, run, write_files
from PIL import Image
from torch import Tensor

from fsrbench.degradations.base import rng_for
from fsrbench.degradations.recipes import DEGRADATIONS, find_degradation
from fsrbench.errors import Invalid
from fsrbench.metrics import resolve
from fsrbench.metrics.base import InputMetric
from fsrbench.metrics.consistency import Consistency, consistency
from fsrbench.metrics.facts import Facts
from fsrbench.pictures.decode import to_tensor
from fsrbench.tasks import Task

IDS = ["ann/1", "bob/2"]
TASKS = (Task(16, 4), Task(24, 4), Task(64, 4), Task(128, 4))
FACTS = Facts(TASKS[0], images=2, has_hr=True, has_pairs=False, degradation="noise:10", seed=3)


def pictures(side: int, strength: float = 0) -> np.ndarray:
    """Two smooth pictures with noise."""
    smooth = np.stack([np.asarray(draw_picture(seed, side), np.float64) for seed in range(2)])
    noise = np.random.RandomState(1).normal(0, 1, smooth.shape)
    return np.clip(np.rint(smooth + strength * noise), 0, 255).astype(np.uint8)


def reduced(hr: np.ndarray, task: Task, name: str, seed: int = 3) -> Tensor:
    made = [
        find_degradation(name)(Image.fromarray(p), task.lr_size, rng_for(i, seed)) for p, i in zip(hr, IDS, strict=True)
    ]
    return to_tensor(np.stack([np.array(lr) for lr, _ in made]))


@pytest.mark.parametrize("task", TASKS, ids=str)
def test_is_the_rmse_to_opencvs_reduction_of_sr(task):
    hr, sr = pictures(task.hr_size), pictures(task.hr_size, strength=12)
    lr = [cv2.resize(p, (task.lr_size, task.lr_size), interpolation=cv2.INTER_CUBIC) for p in hr]
    again = [cv2.resize(p, (task.lr_size, task.lr_size), interpolation=cv2.INTER_CUBIC) for p in sr]
    expected = [np.sqrt(np.mean((a.astype(float) - b) ** 2)) for a, b in zip(again, lr, strict=True)]
    found = consistency(to_tensor(sr), to_tensor(np.stack(lr)), IDS, find_degradation("opencv-cubic"), seed=0)
    assert found.tolist() == pytest.approx(expected, abs=0.05)  # OpenCV rounds its weights to 11 bits
    assert min(expected) > 3


@pytest.mark.parametrize("name", [*DEGRADATIONS, "noise:25", "blur:1", "jpeg:30"])
def test_hr_is_consistent_under_any_degradation(name):
    task = TASKS[0]
    hr = pictures(task.hr_size, strength=5)
    metric = Consistency().configured(Facts(task, 2, True, False, seed=3, degradation=name))
    assert metric.score(to_tensor(hr), reduced(hr, task, name), IDS).tolist() == [0, 0]
    darker = to_tensor((hr * 0.7).astype(np.uint8))
    assert (metric.score(darker, reduced(hr, task, name), IDS) > 5).all()


@pytest.mark.parametrize("name", ["codeformer-large", "difface-test"])
def test_hr_is_consistent_with_lr_of_its_own_size(name):
    task = Task(128, 1)
    hr = pictures(128, strength=5)
    metric = Consistency().configured(Facts(task, 2, True, False, seed=3, degradation=name))
    lr = reduced(hr, task, name)
    assert metric.score(to_tensor(hr), lr, IDS).tolist() == [0, 0]
    assert (metric.score(to_tensor(hr).flip(2), lr, IDS) > 5).all()


def test_the_random_numbers_are_those_of_the_image_and_the_seed():
    hr = pictures(64)
    lr = reduced(hr, TASKS[0], "noise:10")
    metric = Consistency().configured(FACTS)
    assert isinstance(metric, InputMetric)
    for other, ids in ((metric.replace(seed=4), IDS), (metric, IDS[::-1])):
        assert (other.score(to_tensor(hr), lr, ids) > 10).all()  # noise of 10 less other noise of 10


def test_a_shift_of_all_levels_scores_its_size():
    hr = np.full((2, 64, 64, 3), 100, np.uint8)
    lr = torch.full((2, 3, 16, 16), 100 / 255)
    assert consistency(to_tensor(hr + 7), lr, IDS, find_degradation("bicubic"), 0).tolist() == [7, 7]


def test_needs_lr_that_the_run_made():
    with pytest.raises(Invalid, match="LR pictures are given; it needs LR made by the run from HR"):
        Consistency().check(Facts(TASKS[0], images=2, has_hr=True, has_pairs=False))
    Consistency().check(FACTS)


def test_a_run_scores_hr_0_anew_for_another_lr_and_nothing_where_lr_is_given(tmp_path: Path):
    data = write_files(tmp_path / "data", picture_files(["a.png", "b.png"]))
    values = []
    for name in ("bicubic", "area"):  # in one folder, where scores are kept
        found = run(data, tmp_path / "out", "--metrics", "consistency", "--degradation", name)
        assert found.status("bicubic", "consistency") == "ok"
        assert set(found.values("hr", "consistency").values()) == {0}
        values.append(found.values("bicubic", "consistency"))
    assert all(values[0][image] != values[1][image] for image in values[0])
    expected = _by_pillow(tmp_path / "data" / "a.png")
    assert values[0]["a"] == pytest.approx(expected)
    given = {f"{side}/a.png": (data / "a.png").read_bytes() for side in ("HR", "LR")}
    found = run(write_files(tmp_path / "pair", given), tmp_path / "given", "--metrics", "consistency")
    assert (found.code, found.status("bicubic", "consistency")) == (0, "invalid")


def _by_pillow(path: Path) -> float:
    def small(picture: Image.Image) -> Image.Image:
        return picture.resize((16, 16), Image.Resampling.BICUBIC)

    lr = small(Image.open(path))
    again = small(lr.resize((64, 64), Image.Resampling.BICUBIC))
    return float(np.sqrt(np.mean((np.asarray(lr, float) - np.asarray(again, float)) ** 2)))


def test_the_registry_has_it():
    (metric,) = resolve(["consistency"])
    assert (metric.direction, metric.unit, metric.scores_hr) == ("lower", "of 255", True)
