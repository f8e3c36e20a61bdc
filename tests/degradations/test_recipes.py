"""Names of degradations, and the tasks that each suits."""

import pytest

from fsrbench.degradations.recipes import DEGRADATIONS, check_task, find_degradation
from fsrbench.errors import UserError
from fsrbench.tasks import Task, find_task

FIXED = ["bicubic", "area", "bilinear-steps", "opencv-cubic", "opencv-linear", "skimage-rescale"]
MIXED = ["realworld", "wild", "gfpgan", "codeformer-small", "codeformer-large", "daefr", "difface-test"]


def test_names() -> None:
    assert list(DEGRADATIONS) == FIXED + MIXED
    assert all(d.name == name and d.protocol for name, d in DEGRADATIONS.items())
    assert len({d.protocol for d in DEGRADATIONS.values()}) == len(DEGRADATIONS)  # cached LR is found by it
    assert find_degradation("realworld") is DEGRADATIONS["realworld"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("nois:3", "did you mean noise:STRENGTH"),
        ("bicubik", "did you mean bicubic"),
        ("gfpgan-v1", "did you mean gfpgan"),
        ("bicubic:3", "unknown degradation"),
    ],
)
def test_unknown_names_are_refused(name: str, reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        find_degradation(name)


@pytest.mark.parametrize("name", [*FIXED, "noise:0", "blur:0"])
def test_what_leaves_lr_equal_to_hr_is_refused_for_restoration(name: str) -> None:
    with pytest.raises(UserError) as refused:
        check_task(find_degradation(name), find_task("512x1"))
    assert str(refused.value) == (
        f"degradation {name} leaves LR equal to HR in task 512x1; use realworld, wild, gfpgan, codeformer-small, "
        "codeformer-large, daefr, difface-test, blur:STRENGTH, noise:STRENGTH, jpeg:STRENGTH"
    )


@pytest.mark.parametrize("name", [*MIXED, "noise:0.5", "blur:1", "jpeg:95"])
def test_the_others_restore_and_enlarge(name: str) -> None:
    for task in ("512x1", "128x4", "24x3", "x4", "x8"):
        check_task(find_degradation(name), find_task(task))


@pytest.mark.parametrize("task", ["24x3", "16x6", "10x12"])
def test_halvings_reach_only_powers_of_two(task: str) -> None:
    with pytest.raises(UserError, match=r"degradation bilinear-steps only halves, .* scale of .* use bicubic, area"):
        check_task(find_degradation("bilinear-steps"), find_task(task))


@pytest.mark.parametrize("task", ["x4", "x8", "256x2", "8x64"])
def test_any_reduction_suits_other_tasks(task: str) -> None:
    found: Task = find_task(task)
    for name in FIXED:
        check_task(find_degradation(name), found)
