"""Intervals that are valid for few people, and for rates near 0 and 100 %."""

from __future__ import annotations

import math

import numpy as np


def rate_interval(rate: float, error: float, effective: float, people: int) -> tuple[float, float]:
    """95 % interval of a rate of K people: Clopper and Pearson's, with the effective number of trials.

    That number follows from the standard error (Korn and Graubard, Survey Methodology 24, 1998). If the people do not
    differ, as at 0 and 100 %, each person is one trial: exact if all images of a person agree, else too wide.

    Args:
        rate: in [0, 1].
        error: its standard error.
        effective: number of people after unequal weights, for the degrees of freedom; see :func:`effective_number`.
        people: their number.

    Example:
        >>> low, high = rate_interval(1.0, 0.0, 60, 60)
        >>> round(low, 4), high
        (0.9404, 1.0)
    """
    from scipy import special

    if error < 1e-9:
        trials = float(people)
    else:
        normal = float(special.ndtri(0.975))
        trials = rate * (1 - rate) / error**2 * (normal / t_quantile(effective)) ** 2
    hits, misses = rate * trials, (1 - rate) * trials
    low = float(special.betaincinv(hits, misses + 1, 0.025)) if hits > 1e-9 else 0.0
    high = float(special.betaincinv(hits + 1, misses, 0.975)) if misses > 1e-9 else 1.0
    return low, high


def effective_number(counts: np.ndarray) -> float:
    """People with equally many images whose mean would be as certain (Kish, Survey Sampling, 1965).

    Example:
        >>> effective_number(np.array([6, 6, 6, 6])), effective_number(np.array([9, 3]))
        (4.0, 1.6)
    """
    return float(counts.sum() ** 2 / (counts**2).sum()) if len(counts) else 0.0


def half_width(values: np.ndarray, effective: float | None = None) -> float:
    """Half-width of the 95 % t-interval of the mean of K independent values; NaN for fewer than two.

    Args:
        values: the values.
        effective: their number after unequal weights; K by default.
    """
    if len(values) < 2:
        return math.nan
    error = float(values.std(ddof=1)) / math.sqrt(len(values))
    return t_quantile(len(values) if effective is None else effective) * error


def t_quantile(effective: float) -> float:
    """97.5 % quantile of Student's t for this many people, at least two."""
    from scipy import special  # scipy.stats takes half a second to import

    return float(special.stdtrit(max(1.0, effective - 1), 0.975))
