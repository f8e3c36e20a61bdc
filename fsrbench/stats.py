"""Statistics: bootstrap intervals, seeded, by scipy."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import stats

RESAMPLES = 2000


def mean_interval(values: np.ndarray, seed: int = 0) -> tuple[float, float]:
    """95 % percentile bootstrap interval of the mean of one-dimensional ``values`` (NaN, NaN for fewer than two)."""
    return _interval(values, np.mean, seed)


def median_interval(values: np.ndarray, seed: int = 0) -> tuple[float, float]:
    """95 % percentile bootstrap interval of the median of one-dimensional ``values`` (NaN, NaN for fewer than two)."""
    return _interval(values, np.median, seed)


def _interval(values: np.ndarray, statistic: Callable[..., Any], seed: int) -> tuple[float, float]:
    if len(values) < 2:
        return float("nan"), float("nan")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # equal values make a degenerate, still correct, interval
        # batch bounds the memory: 2,000 resamples of 70,000 scores at once would take a gigabyte.
        result = stats.bootstrap(
            (values,), statistic, n_resamples=RESAMPLES, batch=100, method="percentile", random_state=seed
        )
    return float(result.confidence_interval.low), float(result.confidence_interval.high)
