"""Strengths against SciPy's optimiser on the likelihood as Davidson's paper writes it, and against known answers."""

from __future__ import annotations

import numpy as np
import pytest
from made.raters import davidson
from scipy import optimize

from fsrbench.study.bradley_terry import RIDGE, fit, pairs_of, preference


def counts_of(methods: int, seed: int, most: int = 40) -> np.ndarray:
    return np.random.default_rng(seed).integers(1, most, (len(pairs_of(methods)), 3)).astype(float)


def by_scipy(counts: np.ndarray, methods: int) -> np.ndarray:
    """Log-strengths less their mean, and log v, from the probabilities in the paper's form."""

    def loss(parameters: np.ndarray) -> float:
        strength, tie = np.exp(parameters[:-1]), np.exp(parameters[-1])
        total = RIDGE / 2 * (parameters**2).sum()
        for (a, b), (first, second, tied) in zip(pairs_of(methods), counts, strict=True):
            both = tie * np.sqrt(strength[a] * strength[b])
            whole = strength[a] + strength[b] + both
            total -= first * np.log(strength[a] / whole) + second * np.log(strength[b] / whole)
            total -= tied * np.log(both / whole)
        return float(total)

    found = optimize.minimize(loss, np.zeros(methods + 1), method="BFGS", options={"gtol": 1e-7}).x
    return np.r_[found[:-1] - found[:-1].mean(), found[-1]]


@pytest.mark.parametrize("methods", [2, 3, 5])
def test_equals_scipys_optimum(methods: int) -> None:
    counts = counts_of(methods, methods)
    found = fit(counts[None], methods)
    expected = by_scipy(counts, methods)
    np.testing.assert_allclose(found.log[0], expected[:-1], atol=1e-4)
    np.testing.assert_allclose(found.tie[0], expected[-1], atol=1e-4)


def test_many_sets_are_fitted_as_one_by_one() -> None:
    sets = np.stack([counts_of(4, seed) for seed in range(6)])
    together = fit(sets, 4)
    for place, counts in enumerate(sets):
        np.testing.assert_allclose(together.log[place], fit(counts[None], 4).log[0], atol=1e-7)


def test_expected_counts_give_back_the_strengths() -> None:
    log, tie = np.array([-1.0, 0.2, 0.8]), -0.4
    chances = np.stack([davidson(log[a] - log[b], tie) for a, b in pairs_of(3)])
    found = fit(1e6 * chances[None], 3)
    np.testing.assert_allclose(found.log[0], log, atol=1e-5)
    np.testing.assert_allclose(found.tie[0], tie, atol=1e-5)


def test_where_pairs_are_asked_equally_often_preference_is_the_share_of_wins_and_half_ties() -> None:
    random = np.random.default_rng(1)
    counts = random.multinomial(60, [0.5, 0.3, 0.2], len(pairs_of(5))).astype(float)
    wins = np.zeros(5)
    for (a, b), (first, second, tied) in zip(pairs_of(5), counts, strict=True):
        wins[a] += first + tied / 2
        wins[b] += second + tied / 2
    np.testing.assert_allclose(fit(counts[None], 5).preference()[0], wins / (4 * 60), atol=1e-4)


def test_preference_is_the_mean_probability_against_the_others() -> None:
    log, tie = np.array([0.3, -0.8, 1.1]), -0.7
    expected = []
    for a in range(3):
        chances = [davidson(log[a] - log[b], tie) for b in range(3) if b != a]
        expected.append(np.mean([first + tied / 2 for first, _, tied in chances]))
    np.testing.assert_allclose(preference(log[None], np.array([tie]))[0], expected, atol=1e-12)


def test_one_that_always_wins_stays_finite() -> None:
    counts = np.array([[[20.0, 0, 0], [20.0, 0, 0], [10.0, 10.0, 0]]])
    found = fit(counts, 3)
    assert np.isfinite(found.log).all()
    assert 0.99 < found.preference()[0, 0] < 1


def test_without_answers_all_are_equal() -> None:
    np.testing.assert_allclose(fit(np.zeros((1, 3, 3)), 3).preference(), 0.5)
