"""Paired tests reject as often as they should, and p is scipy's."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
from made.people_scores import people_and_scores

from fsrbench.stats import paired as paired_code
from fsrbench.stats.corrections import benjamini_hochberg, holm
from fsrbench.stats.paired import compare, p_value, p_values


@pytest.mark.heavy
def test_without_a_difference_3_to_7_of_100_tests_reject():
    rng = np.random.RandomState(4)
    found = []
    for seed in range(500):
        (first, who), (second, _) = people_and_scores(rng), people_and_scores(rng)
        found.append(p_value(first - second, seed, who))
    assert 0.03 <= np.mean(np.array(found) < 0.05) <= 0.07
    assert compare(first, second, seed, who).p == found[-1]


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


@pytest.mark.parametrize("people", [8, 40, 1200])
def test_many_pairs_at_once_have_the_p_of_each_alone(people: int) -> None:
    rng = np.random.default_rng(people)
    pairs = rng.normal(0.1, 1, (people, 5))
    pairs[:, 1] = 0
    pairs[0, 2] = np.inf
    pairs[:, 3] = rng.integers(-1, 2, people)
    who = rng.integers(0, people - 1, people)
    for clusters in (None, who):
        found = p_values(pairs, clusters=clusters)
        assert found == pytest.approx([p_value(column, clusters=clusters) for column in pairs.T], rel=1e-9)
    exact = scipy.stats.permutation_test((pairs[:, 0],), np.mean, permutation_type="samples", n_resamples=4999, rng=0)
    assert p_values(pairs)[0] == pytest.approx(exact.pvalue, abs=0.02 * (people > 8) + 1e-12)
    assert p_values(np.empty((people, 0))).size == 0
