"""What holds for every degradation: each one is found by its name, those with a strength at three strengths."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest
from made import draw_picture
from PIL import Image

from fsrbench.degradations.base import Parameters, rng_for
from fsrbench.degradations.recipes import DEGRADATIONS, find_degradation
from fsrbench.degradations.strengths import STRENGTHS
from fsrbench.tasks import TASKS, Task

NAMES = [*DEGRADATIONS] + [
    f"{name}:{strength:g}"
    for name, known in STRENGTHS.items()
    for strength in (known.least, round((known.least + known.most) / 2), known.most)
]
HR = draw_picture(3, 64)


def degrade(name: str, image: str = "a/1", seed: int = 0, hr: Image.Image = HR) -> tuple[bytes, Parameters]:
    lr, drawn = find_degradation(name)(hr, 16, rng_for(image, seed))
    return lr.tobytes(), drawn


def draws(name: str) -> bool:
    """Whether it takes numbers from its generator."""
    rng = rng_for("a/1")
    find_degradation(name)(HR, 16, rng)
    return bool(rng.uniform() != rng_for("a/1").uniform())


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)
@pytest.mark.parametrize("name", NAMES)
def test_lr_has_the_tasks_size_and_hr_stays(name: str, task: Task) -> None:
    hr = draw_picture(5, task.hr_size)
    before = hr.tobytes()
    lr, drawn = find_degradation(name)(hr, task.lr_size, rng_for("a/1"))
    assert (lr.size, lr.mode) == ((task.lr_size, task.lr_size), "RGB")
    assert hr.tobytes() == before
    assert json.loads(json.dumps(drawn)) == drawn  # it goes into the manifest


@pytest.mark.parametrize("name", NAMES)
def test_it_restores_where_it_says_so_and_else_leaves_hr_as_it_is(name: str) -> None:
    degradation, changed = find_degradation(name), []
    for i in range(12):
        lr, _ = degradation(HR, HR.width, rng_for(f"face {i}"))
        assert (lr.size, lr.mode) == (HR.size, "RGB")
        changed.append(lr.tobytes() != HR.tobytes())
    assert sum(changed) >= 8 if degradation.restores else not any(changed)  # wild leaves some as they are


@pytest.mark.parametrize("name", NAMES)
def test_an_image_and_a_seed_give_the_same_lr_in_any_company(name: str) -> None:
    alone = degrade(name)
    np.random.seed(1)
    random.seed(1)
    state = np.random.get_state()[1].tolist(), random.getstate()
    for other in ("b/1", "a/2"):
        degrade(name, other, hr=draw_picture(7, 64))
    assert degrade(name) == alone
    assert (np.random.get_state()[1].tolist(), random.getstate()) == state  # global generators play no part


@pytest.mark.parametrize("name", NAMES)
def test_other_images_and_seeds_differ_where_numbers_are_drawn(name: str) -> None:
    found = {degrade(name, image, seed)[0] for image in ("a/1", "a/2", "b/1") for seed in (0, 1)}
    weakest = name.partition(":")[2] == "0"
    assert len(found) == (6 if draws(name) and not weakest else 1)


@pytest.mark.parametrize("name", NAMES)
def test_a_flat_picture_keeps_its_brightness(name: str) -> None:
    lr, _ = find_degradation(name)(Image.new("RGB", (64, 64), (128, 128, 128)), 16, rng_for("a/1"))
    assert abs(np.asarray(lr, dtype=float).mean() - 128) <= 12  # the mean of noise of 100 varies by 4


@pytest.mark.parametrize("name", STRENGTHS)
def test_stronger_is_farther_from_the_plain_one(name: str) -> None:
    known, plain = STRENGTHS[name], np.frombuffer(degrade("bicubic")[0], np.uint8).astype(float)
    strengths = [known.least, round((known.least + known.most) / 2), known.most]
    apart = [np.abs(np.frombuffer(degrade(f"{name}:{s:g}")[0], np.uint8) - plain).mean() for s in strengths]
    assert sorted(apart, reverse=name == "jpeg") == apart
    assert len(set(apart)) == 3
