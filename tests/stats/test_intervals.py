"""Intervals cover, tests reject as often as they should, and nothing is said where nothing can be said."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import scipy.stats

from fsrbench.stats import intervals as interval_code
from fsrbench.stats import paired as paired_code
from fsrbench.stats.corrections import FEWEST_PEOPLE, LEVEL, benjamini_hochberg, holm, smallest_p
from fsrbench.stats.intervals import block_interval, mean_interval, median_interval, pseudo_values
from fsrbench.stats.paired import compare, p_value

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


# --- images of one person are alike


def people_and_scores(rng: np.random.RandomState, people: int = 34, images: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Scores around 3 that vary between people and within them."""
    who = np.repeat(np.arange(people), images)
    return 3 + rng.normal(0, 1, people)[who] + rng.normal(0, 1, len(who)), who


def test_intervals_of_clustered_scores_cover_in_93_to_97_of_100_draws():
    rng = np.random.RandomState(0)
    found = [mean_interval(*_seeded(people_and_scores(rng), seed)) for seed in range(500)]
    assert 0.93 <= np.mean([low <= 3 <= high for low, high in found]) <= 0.97


def _seeded(drawn: tuple[np.ndarray, np.ndarray], seed: int) -> tuple[np.ndarray, int, np.ndarray]:
    return drawn[0], seed, drawn[1]


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
    """In how many of 100 draws the interval holds the truth."""
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


@pytest.mark.parametrize("images", [_six, _unequal, _one_with_most])
@pytest.mark.parametrize("people", [3, 6, 8, 12])
def test_intervals_of_few_people_cover(people, images):
    assert _coverage(_normal, people, images, 0.0) >= 92


def test_intervals_of_people_with_very_unequal_numbers_of_images_cover():
    assert _coverage(_normal, 60, _unequal, 0.0) >= 93


@pytest.mark.parametrize("people", [3, 6, 12, 20])
def test_skewed_scores_of_few_people_cover_less(people):
    assert _coverage(_skewed, people, _six, 1.5) >= 86


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


# --- paired tests


def test_without_a_difference_3_to_7_of_100_tests_reject():
    rng = np.random.RandomState(4)
    found = []
    for seed in range(500):
        first, who = people_and_scores(rng)
        found.append(compare(first, people_and_scores(rng)[0], seed, who).p < 0.05)
    assert 0.03 <= np.mean(found) <= 0.07


@pytest.mark.parametrize("count", [8, 40])
def test_p_is_scipys(count):
    first, second = np.random.RandomState(5).normal(0.3, 1, (2, count)) * [[1], [0.5]]
    expected = scipy.stats.permutation_test(
        (first, second),
        lambda x, y, axis: (x - y).mean(axis=axis),
        permutation_type="samples",
        n_resamples=20_000,
        rng=0,
    )
    assert compare(first, second).p == pytest.approx(expected.pvalue, abs=0.02)
    if count == 8:  # all 256 exchanges
        assert compare(first, second).p == pytest.approx(expected.pvalue, abs=1e-9)


def test_beyond_what_random_exchanges_resolve_p_is_an_upper_bound():
    difference = np.random.RandomState(13).normal(1, 0.6, 30)
    normal = 2 * scipy.stats.norm.sf(difference.sum() / np.sqrt((difference**2).sum()))
    assert normal < p_value(difference) < 1 / 5000


def test_many_clusters_have_the_p_that_permutations_would_give(monkeypatch):
    difference = np.random.RandomState(6).exponential(1, 600) - 0.93
    permuted = p_value(difference)
    monkeypatch.setattr(paired_code, "MANY", 500)
    assert p_value(difference) == pytest.approx(permuted, abs=0.02)


def test_what_a_comparison_says():
    second = np.random.RandomState(7).normal(size=50)
    found = compare(second + np.linspace(0.1, 0.3, 50), second)
    assert found.difference == pytest.approx(0.2)
    assert found.ci_low < 0.2 < found.ci_high
    assert found.p < 1e-8  # all 50 have one sign: 2 of 2^50 exchanges are as large
    assert (found.win_rate, found.n) == (1.0, 50)
    assert found.effect == pytest.approx(0.2 / np.linspace(0.1, 0.3, 50).std(ddof=1))


def test_equal_scores_differ_by_nothing():
    scores = np.arange(20.0)
    found = compare(scores, scores)
    assert (found.difference, found.ci_low, found.ci_high, found.p, found.win_rate) == (0, 0, 0, 1, 0.5)
    assert np.isnan(found.effect)


def test_p_is_never_0():
    assert p_value(np.full(20_000, 3.0)) == pytest.approx(1e-12)
    assert min(holm([1e-14, 0.5])) > 0
    assert min(benjamini_hochberg([1e-14, 0.5])) > 0


def test_infinite_scores_are_compared_by_rank():
    first, second = np.full(16, 36.0), np.r_[np.full(15, np.inf), 30.0]
    found = compare(second, first)
    ranks = np.r_[np.full(15, 9.0), -1.0]  # the fifteen share the ranks 2 to 16
    assert found.p == p_value(ranks)
    assert found.p < 0.001
    assert (found.n, found.infinite, found.difference, found.win_rate) == (1, 15, -6, 15 / 16)
    assert compare(first, second).p == found.p


def test_two_infinite_scores_are_equal():
    both = np.array([np.inf, np.inf, 20.0])
    found = compare(both, both)
    assert (found.difference, found.p, found.win_rate) == (0, 1, 0.5)


def test_a_method_equal_to_hr_everywhere_has_an_infinite_lead():
    found = compare(np.full(20, np.inf), np.linspace(20, 30, 20))
    assert found.difference == np.inf
    assert found.p < 0.001


@pytest.mark.parametrize("people", range(1, 11))
def test_the_smallest_p_is_that_of_people_who_all_agree(people):
    assert smallest_p(people) == p_value(np.ones(3 * people), clusters=np.repeat(range(people), 3))


def test_the_gate_tests_from_so_many_people_on_that_a_hundred_tests_can_tell():
    assert 100 * smallest_p(FEWEST_PEOPLE) < LEVEL < 100 * smallest_p(FEWEST_PEOPLE - 1)


def test_equal_rates_of_sixty_people_may_still_differ():
    ones, who = np.ones(120), np.repeat(np.arange(60), 2)
    unlike = 1 - scipy.stats.binomtest(60, 60).proportion_ci(0.95).low
    same = compare(ones, ones, 0, who, rate=True)
    assert (same.ci_low, same.difference, same.ci_high) == pytest.approx((-unlike, 0, unlike))
    opposite = compare(ones, 0 * ones, 0, who, rate=True)
    assert (opposite.ci_low, opposite.difference, opposite.ci_high) == pytest.approx((1 - 2 * unlike, 1, 1))


def test_a_few_large_differences_are_no_proof_and_many_small_ones_are():
    lucky = np.zeros(60)
    lucky[:2] = 5
    assert p_value(lucky) > 0.2
    assert p_value(np.full(60, 0.01) + np.random.RandomState(8).normal(0, 0.02, 60)) < 0.01


def test_swapped_methods_have_the_same_p():
    first, second = np.random.RandomState(9).normal(size=(2, 30))
    assert compare(first, second).p == compare(second, first).p


# --- Holm


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


# --- numbers of whole sets


def test_pseudo_values_of_a_mean_are_the_blocks_means():
    values = np.random.RandomState(10).normal(size=(20, 5))
    without = np.array([np.delete(values, i, axis=0).mean() for i in range(20)])
    assert pseudo_values(values.mean(), without) == pytest.approx(values.mean(axis=1))


def test_block_intervals_cover():
    rng = np.random.RandomState(11)
    found = [block_interval(values.mean(), values) for values in rng.normal(2, 1, (500, 20))]
    assert 0.93 <= np.mean([low <= 2 <= high for low, high in found]) <= 0.97
