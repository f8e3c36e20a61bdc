"""The test and the interval of a slice against SciPy's and against draws."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from fsrbench.slices.columns import Column
from fsrbench.slices.conditions import Condition
from fsrbench.slices.held_out import difference_interval, judge
from fsrbench.slices.search import Scored

OVER = (Condition("x", ">", 0.0),)


def scored(rng: np.random.RandomState, people: int, each: int, effect: float) -> Scored:
    who = np.repeat(np.arange(people), each)
    x = rng.normal(0, 1, len(who))
    badness = rng.normal(0, 1, people)[who] + rng.normal(0, 1, len(who)) + effect * (x > 0)
    return Scored(badness, (Column("x", x), Column("y", rng.normal(0, 1, len(who)))), who)


def test_interval_of_people_with_one_image_is_welchs() -> None:
    """With one image a person and equally many on both sides Welch's interval differs by its degrees of freedom."""
    rng = np.random.RandomState(0)
    values, inside = rng.normal(0, 1, 400), np.arange(400) % 2 == 0
    low, high = difference_interval(values, inside, np.arange(400))
    welch = stats.ttest_ind(values[inside], values[~inside], equal_var=False).confidence_interval()
    assert (low, high) == pytest.approx((welch.low, welch.high), abs=0.003)


def test_intervals_hold_the_truth_and_honest_p_are_even() -> None:
    """400 draws, many images a person: 95 % of the intervals hold the effect, and 5 % of honest p are below 5 %."""
    rng = np.random.RandomState(1)
    held, honest = 0, []
    for _ in range(400):
        found = judge(scored(rng, 30, 5, 1.0), OVER, 0)
        held += found.ci_low < 1 < found.ci_high
        honest.append(judge(scored(rng, 30, 5, 0.0), OVER, 0).p)
    assert 0.91 <= held / 400 <= 0.985
    assert 0.02 <= np.mean(np.array(honest) < 0.05) <= 0.08
    assert 0.4 <= np.mean(honest) <= 0.62


def test_a_second_condition_that_adds_nothing_is_not_confirmed() -> None:
    data = scored(np.random.RandomState(2), 60, 4, 2.0)
    more = (*OVER, Condition("y", ">", 0.0))
    assert judge(data, OVER, 0).p < 1e-4
    assert judge(data, more, 0).p > 0.05


@pytest.mark.parametrize("value", [-99.0, 99.0])
def test_a_slice_of_everything_or_nothing_says_nothing(value: float) -> None:
    found = judge(scored(np.random.RandomState(3), 20, 2, 0.0), (Condition("x", ">", value),), 0)
    assert found.p == 1
    assert np.isnan(found.effect)
