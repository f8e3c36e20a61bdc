"""Proportional measures against the formulas of the published script, written out, and against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2_contingency, chisquare

from fsrbench.stats.proportional import equally_kept_p, goodness_p, proportions, script_p

CLASSES = ["a", "b", "c"]
RNG = np.random.default_rng(0)
TRUTH = np.repeat(CLASSES, 40)
SEEN = np.where(RNG.random(120) < 0.7, TRUTH, RNG.choice(CLASSES, 120, p=[0.6, 0.3, 0.1]))
FOUND = proportions(TRUTH.tolist(), SEEN.tolist(), [str(i) for i in range(120)], CLASSES)


def by_the_script(shares: np.ndarray) -> tuple[float, ...]:
    """src/fairness.py: chi, kl, tv, cheb of the shares from equal ones."""
    k = len(shares)
    return (
        k * np.sum((shares - 1 / k) ** 2),
        sum(p * np.log(p) for p in shares) + np.log(k),
        np.sum(np.abs(shares - 1 / k)),
        np.max(np.abs(shares - 1 / k)),
    )


def test_rdp_is_the_scripts():
    right = np.array([np.mean(SEEN[k == TRUTH] == k) for k in CLASSES])
    assert FOUND.kept == pytest.approx(right)
    assert FOUND.rdp.shares == pytest.approx(right / right.sum())
    measured = (FOUND.rdp.chi2, FOUND.rdp.kl, FOUND.rdp.tv, FOUND.rdp.chebyshev)
    assert measured == pytest.approx(by_the_script(right / right.sum()))
    table = [[r * 40, 40 - r * 40] for r in right]
    assert FOUND.rdp.p == pytest.approx(chi2_contingency(table).pvalue)


def test_pr_and_ucpr_are_the_scripts_on_balanced_data():
    counts = np.array([(k == SEEN).sum() for k in CLASSES])
    for measure in (FOUND.pr, FOUND.ucpr):
        assert measure.shares == pytest.approx(counts / 120)
        assert (measure.chi2, measure.kl, measure.tv, measure.chebyshev) == pytest.approx(by_the_script(counts / 120))
        assert measure.p == pytest.approx(chisquare(counts).pvalue)


def test_p_of_the_script_is_its_own():
    shares = np.array(FOUND.pr.shares)
    observed, expected = [int(120 * share) for share in shares], [40.0] * 3
    assert FOUND.pr.p_script == pytest.approx(chi2_contingency([observed, expected])[1])
    assert FOUND.pr.p < FOUND.pr.p_script  # the script's finds fewer differences


def test_pr_asks_for_the_shares_of_hr_where_they_are_not_equal():
    truth = ["a"] * 30 + ["b"] * 10
    found = proportions(truth, truth, [str(i) for i in range(40)], ["a", "b"])
    assert (found.pr.chi2, found.pr.p) == (0, pytest.approx(1))
    assert found.ucpr.chi2 == pytest.approx(0.25)
    assert found.ucpr.p == pytest.approx(chisquare([30, 10]).pvalue)


def test_each_person_counts_once():
    twice = proportions(
        np.repeat(TRUTH, 2).tolist(), np.repeat(SEEN, 2).tolist(), np.repeat(range(120), 2).tolist(), CLASSES
    )
    assert (twice.images, twice.people) == (240, 120)
    for name in ("rdp", "pr", "ucpr"):
        assert getattr(twice, name).p == pytest.approx(getattr(FOUND, name).p)


def test_classes_that_are_never_seen():
    found = proportions(["a", "a", "b", "b"], ["x"] * 4, list("1234"), ["a", "b"])
    assert found.kept == (0, 0)
    assert np.isnan([found.rdp.chi2, found.pr.p]).all()
    assert equally_kept_p(np.array([2.0, 2.0]), np.array([2.0, 2.0])) == 1
    assert np.isnan(goodness_p(np.zeros(2), np.array([0.5, 0.5])))
    assert script_p(np.array([1.0, 0.0]), 10) < 0.1
