"""The mixture of degradations that makes the LR of training pairs, as a setting."""

from typing import Any

import numpy as np
import pytest
from made import draw_picture

from fsrbench.degradations.base import rng_for
from fsrbench.degradations.recipes import find_degradation
from fsrbench.errors import UserError
from fsrbench.pictures.decode import to_uint8
from fsrbench.training.data import MIXTURE, check_mixture, make_batch


def test_default_is_a_mixture() -> None:
    assert check_mixture(MIXTURE) == MIXTURE
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
        check_mixture(values)


def test_only_what_is_named_makes_lr() -> None:
    hr = np.stack([np.asarray(draw_picture(i)) for i in range(4)])
    batch = make_batch(hr, 16, 8, {"area": 1.0, "bicubic": 0.0}, rng_for("a"))
    averaged = batch.hr.unfold(2, 4, 4).unfold(3, 4, 4).mean(dim=(-1, -2))
    assert np.abs(to_uint8(batch.lr).astype(int) - to_uint8(averaged)).max() <= 1


def test_strengths_are_degradations_alike() -> None:
    hr = np.full((1, 64, 64, 3), 128, np.uint8)
    batch = make_batch(hr, 16, 64, check_mixture({"noise:10": 1}), rng_for("a"))
    assert float(batch.lr.std()) * 255 == pytest.approx(10, rel=0.05)
    assert find_degradation("noise:10").strength == 10
