"""Corrections for many tests, and the least number of people that a test needs."""

from __future__ import annotations

import numpy as np
import pytest

from fsrbench.stats.corrections import FEWEST_PEOPLE, LEVEL, holm, smallest_p
from fsrbench.stats.paired import p_value


@pytest.mark.parametrize("people", range(1, 11))
def test_the_smallest_p_is_that_of_people_who_all_agree(people):
    assert smallest_p(people) == p_value(np.ones(3 * people), clusters=np.repeat(range(people), 3))


def test_the_gate_tests_from_so_many_people_on_that_a_hundred_tests_can_tell():
    assert 100 * smallest_p(FEWEST_PEOPLE) < LEVEL < 100 * smallest_p(FEWEST_PEOPLE - 1)


@pytest.mark.parametrize(
    ("p", "expected"),
    [
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),  # R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm")
        ([0.2], [0.2]),
        ([0.9, 0.8], [1.0, 1.0]),
        ([], []),
    ],
)
def test_holm_is_rs(p, expected):
    assert holm(p) == pytest.approx(expected)


def test_holm_does_not_count_what_was_not_tested():
    assert holm([0.02, float("nan"), 0.03]) == pytest.approx([0.04, float("nan"), 0.04], nan_ok=True)
