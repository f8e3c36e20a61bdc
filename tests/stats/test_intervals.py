"""Intervals have their nominal coverage, for images of few and of many people."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import scipy.stats
from made.people_scores import people_and_scores

from fsrbench.stats import intervals as interval_code
from fsrbench.stats.intervals import block_interval, mean_interval, median_interval, pseudo_values

INTERVALS = [mean_interval, median_interval]


intervals = pytest.mark.parametrize("interval", INTERVALS, ids=lambda i: i.__name__)


@intervals
def test_intervals_cover_in_nineteen_of_twenty_draws(interval, monkeypatch):
    monkeypatch.setattr(interval_code, "RESAMPLES", 400)
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


@pytest.mark.heavy
def test_intervals_of_clustered_scores_cover_in_93_to_97_of_100_draws():
    rng = np.random.RandomState(0)
    found = [mean_interval(*_seeded(people_and_scores(rng), seed)) for seed in range(500)]
    assert 0.93 <= np.mean([low <= 3 <= high for low, high in found]) <= 0.97


def _seeded(drawn: tuple[np.ndarray, np.ndarray], seed: int) -> tuple[np.ndarray, int, np.ndarray]:
    return drawn[0], seed, drawn[1]


@pytest.mark.heavy
@pytest.mark.parametrize("draw", ["normal", "exponential"])
def test_intervals_of_single_scores_cover_in_93_to_97_of_100_draws(draw):
    rng = np.random.RandomState(1)
    truth = {"normal": 0.0, "exponential": 1.0}[draw]
    found = [mean_interval(getattr(rng, draw)(size=120), seed) for seed in range(500)]
    assert 0.93 <= np.mean([low <= truth <= high for low, high in found]) <= 0.97


def test_people_are_what_is_drawn():
    scores, who = people_and_scores(np.random.RandomState(2))
    means = np.array([scores[who == person].mean() for person in range(34)])
    assert mean_interval(scores, clusters=who) == pytest.approx(mean_interval(means), abs=0.02)
    width = np.ptp(mean_interval(scores, clusters=who))
    assert width > 1.5 * np.ptp(mean_interval(scores))


def test_many_clusters_have_the_interval_that_the_bootstrap_would_give(monkeypatch):
    rng = np.random.RandomState(3)
    who = rng.randint(0, 400, 1500)  # people with more and with fewer images
    scores = rng.normal(0, 1, 400)[who] + rng.exponential(1, 1500)
    bootstrap = mean_interval(scores, clusters=who)
    monkeypatch.setattr(interval_code, "MANY", 300)
    assert mean_interval(scores, clusters=who) == pytest.approx(bootstrap, abs=0.02)


def _coverage(draw, people, images, truth, draws=300, **options):
    """In how many of 100 draws the interval covers the truth."""
    rng = np.random.RandomState(people)
    held = 0
    for seed in range(draws):
        who = np.repeat(np.arange(people), images(rng, people))
        low, high = mean_interval(draw(rng, who, people), seed, who, **options)
        held += low <= truth <= high
    return 100 * held / draws


def _six(rng, people):
    return np.full(people, 6)


def _unequal(rng, people):
    return rng.geometric(0.15, people)


def _one_with_most(rng, people):
    return np.r_[30, np.full(people - 1, 3)]


def _normal(rng, who, people):
    return rng.normal(0, 1, people)[who] + rng.normal(0, 1, len(who))


def _skewed(rng, who, people):
    return rng.exponential(1, people)[who] + 0.5 * rng.exponential(1, len(who))


def _hits(rng, who, people):
    return (rng.uniform(size=len(who)) < rng.beta(8.55, 0.45, people)[who]).astype(float)


@pytest.mark.heavy
@pytest.mark.parametrize("images", [_six, _unequal, _one_with_most])
@pytest.mark.parametrize("people", [3, 6, 8, 12])
def test_intervals_of_few_people_cover(people, images):
    assert _coverage(_normal, people, images, 0.0) >= 92


@pytest.mark.heavy
def test_intervals_of_people_with_very_unequal_numbers_of_images_cover():
    assert _coverage(_normal, 60, _unequal, 0.0) >= 93


@pytest.mark.heavy
@pytest.mark.parametrize("people", [3, 6, 12, 20])
def test_skewed_scores_of_few_people_cover_less(people):
    assert _coverage(_skewed, people, _six, 1.5) >= 86


@pytest.mark.heavy
@pytest.mark.parametrize("images", [_six, _unequal, _one_with_most])
@pytest.mark.parametrize("people", [3, 6, 12, 34, 60])
def test_intervals_of_rates_cover(people, images):
    assert _coverage(_hits, people, images, 0.95, rate=True) >= 92


def test_interval_of_few_people_is_students_on_their_means():
    scores, who = people_and_scores(np.random.RandomState(5), people=8)
    means = scores.reshape(8, 6).mean(axis=1)
    expected = scipy.stats.t.interval(0.95, 7, means.mean(), scipy.stats.sem(means))
    assert mean_interval(scores, clusters=who) == pytest.approx(expected)


@pytest.mark.parametrize("rate", [0.0, 1.0])
@pytest.mark.parametrize("images", [1, 6])
def test_rates_of_0_and_100_per_cent_have_the_exact_interval_of_people(rate, images):
    who = np.repeat(np.arange(60), images)
    exact = scipy.stats.binomtest(int(60 * rate), 60).proportion_ci(0.95)
    assert mean_interval(np.full(len(who), rate), 0, who, rate=True) == pytest.approx((exact.low, exact.high))
    assert exact.high - exact.low == pytest.approx(0.0596, abs=1e-4)


def test_a_rate_on_which_all_people_agree_has_the_exact_interval_of_people():
    who = np.repeat(np.arange(20), 2)
    exact = scipy.stats.binomtest(10, 20).proportion_ci(0.95)
    assert mean_interval(np.tile([0.0, 1.0], 20), 0, who, rate=True) == pytest.approx((exact.low, exact.high))


def test_a_rate_of_single_images_has_clopper_and_pearsons_interval_nearly():
    hits = np.r_[np.ones(190), np.zeros(10)]
    exact = scipy.stats.binomtest(190, 200).proportion_ci(0.95)
    assert mean_interval(hits, rate=True) == pytest.approx((exact.low, exact.high), abs=0.002)


def test_one_person_says_little_of_a_rate():
    assert mean_interval(np.ones(16), 0, ["ann"] * 16, rate=True) == pytest.approx((0.025, 1))


def test_pseudo_values_of_a_mean_are_the_blocks_means():
    values = np.random.RandomState(10).normal(size=(20, 5))
    without = np.array([np.delete(values, i, axis=0).mean() for i in range(20)])
    assert pseudo_values(values.mean(), without) == pytest.approx(values.mean(axis=1))


def test_block_intervals_cover():
    rng = np.random.RandomState(11)
    found = [block_interval(values.mean(), values) for values in rng.normal(2, 1, (500, 20))]
    assert 0.93 <= np.mean([low <= 2 <= high for low, high in found]) <= 0.97
