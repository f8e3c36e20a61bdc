"""The mixture of degradations that makes the LR of training pairs, as a setting."""

from typing import Any

import numpy as np
import pytest
from made import draw_picture

from fsrbench.degradations.base import rng_for
from fsrbench.degradations.recipes import find_degradation
from fsrbench.errors import UserError
from fsrbench.pictures.decode import to_uint8
from fsrbench.tasks import find_task
from fsrbench.training.data import MIXTURE, check_mixture, default_mixture, make_batch

X4, RESTORATION = find_task("x4"), find_task("64x1")


def test_default_is_a_mixture() -> None:
    assert check_mixture(MIXTURE, X4) == default_mixture(X4) == MIXTURE
    assert sum(MIXTURE.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (None, "NAME: SHARE"),
        ([1], "NAME: SHARE"),
        ({"wild": -1}, "share of wild must be 0 or more"),
        ({"wild": "much"}, "share of wild must be 0 or more"),
        ({"wild": float("nan")}, "share of wild must be 0 or more"),
        ({"wild": 0}, "all shares are 0"),
        ({"wlid": 1}, "wlid"),
        ({"noise:1000": 1}, "the strength must be"),
    ],
)
def test_what_is_no_mixture_is_refused(values: Any, reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        check_mixture(values, X4)


def test_in_restoration_the_default_leaves_out_what_only_reduces() -> None:
    assert default_mixture(RESTORATION) == {"wild": 0.65, "realworld": 0.15}
    hr = np.stack([np.asarray(draw_picture(i)) for i in range(4)])
    batch = make_batch(hr, 64, 16, check_mixture({"gfpgan": 1, "codeformer-large": 1}, RESTORATION), rng_for("a"))
    assert batch.lr.shape == batch.hr.shape
    assert (batch.lr - batch.hr).abs().mean(dim=(1, 2, 3)).min() > 0.01


def test_what_leaves_lr_equal_to_hr_is_no_part_of_a_mixture_for_restoration() -> None:
    with pytest.raises(UserError, match="degradation bicubic leaves LR equal to HR in task 64x1; use realworld, wild"):
        check_mixture(MIXTURE, RESTORATION)


def test_only_what_is_named_makes_lr() -> None:
    hr = np.stack([np.asarray(draw_picture(i)) for i in range(4)])
    batch = make_batch(hr, 16, 8, {"area": 1.0, "bicubic": 0.0}, rng_for("a"))
    averaged = batch.hr.unfold(2, 4, 4).unfold(3, 4, 4).mean(dim=(-1, -2))
    assert np.abs(to_uint8(batch.lr).astype(int) - to_uint8(averaged)).max() <= 1


def test_strengths_are_degradations_alike() -> None:
    hr = np.full((1, 64, 64, 3), 128, np.uint8)
    batch = make_batch(hr, 16, 64, check_mixture({"noise:10": 1}, X4), rng_for("a"))
    assert float(batch.lr.std()) * 255 == pytest.approx(10, rel=0.05)
    assert find_degradation("noise:10").strength == 10
