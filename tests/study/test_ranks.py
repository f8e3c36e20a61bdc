"""Rank correlations against SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from fsrbench.study.ranks import chance_of, kendall, spearman


@pytest.mark.parametrize("most", [3, 1000])
def test_equal_scipys_with_and_without_ties(most: int) -> None:
    random = np.random.default_rng(0)
    first, second = random.integers(0, most, (2, 30, 8)).astype(float)
    for row, (a, b) in enumerate(zip(first, second, strict=True)):
        assert spearman(first, second)[row] == pytest.approx(stats.spearmanr(a, b).statistic)
        assert kendall(first, second)[row] == pytest.approx(stats.kendalltau(a, b).statistic)


def test_equal_values_have_no_correlation() -> None:
    same, other = np.ones((1, 4)), np.arange(4.0)[None]
    assert np.isnan(spearman(same, other)[0])
    assert np.isnan(kendall(same, other)[0])


@pytest.mark.parametrize("methods", [4, 6, 9])
def test_chance_equals_scipys_exact_p(methods: int) -> None:
    first, second = np.random.default_rng(methods).permuted(np.tile(np.arange(float(methods)), (2, 1)), axis=1)
    expected = stats.kendalltau(first, second, method="exact").pvalue
    assert chance_of(first, second) == pytest.approx(expected, abs=1e-9 if methods < 8 else 0.02)
