"""Bootstrap intervals: they cover, they are seeded, and they say nothing where nothing can be said."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from fsrbench import stats
from fsrbench.stats import mean_interval, median_interval

INTERVALS = [mean_interval, median_interval]
intervals = pytest.mark.parametrize("interval", INTERVALS, ids=lambda i: i.__name__)


@intervals
def test_intervals_cover_in_nineteen_of_twenty_draws(interval, monkeypatch):
    monkeypatch.setattr(stats, "RESAMPLES", 400)
    rng = np.random.RandomState(0)
    draws = [interval(rng.normal(3, 2, 50), seed) for seed in range(200)]
    covered = np.mean([low <= 3 <= high for low, high in draws])
    assert 0.90 <= covered <= 0.99


def test_interval_is_as_wide_as_the_standard_error_says():
    values = np.random.RandomState(1).normal(size=400)
    low, high = mean_interval(values)
    assert high - low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)
    assert low < values.mean() < high


@intervals
def test_intervals_are_seeded(interval):
    values = np.random.RandomState(0).normal(size=30)
    assert interval(values, seed=1) == interval(values, seed=1)
    assert interval(values, seed=1) != interval(values, seed=2)


@intervals
@pytest.mark.parametrize("values", [[], [1.0]])
def test_fewer_than_two_values_have_no_interval(interval, values):
    assert all(np.isnan(interval(np.array(values))))


@intervals
def test_equal_values_have_a_point_for_an_interval_and_no_warning(interval):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert interval(np.full(10, 0.25)) == (0.25, 0.25)
