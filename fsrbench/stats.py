"""Statistics: bootstrap intervals and paired tests by scipy, seeded. Images of one identity are drawn together."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

RESAMPLES = 2000
PERMUTATIONS = 4999
LEVEL = 0.05
"""A difference is called distinguishable below this probability, corrected for the number of comparisons."""


def mean_interval(
    values: np.ndarray, seed: int = 0, clusters: Sequence[object] | np.ndarray | None = None
) -> tuple[float, float]:
    """95 % bootstrap interval (BCa; Efron 1987) of the mean of one-dimensional ``values``.

    Args:
        values: K numbers.
        seed: of the draws.
        clusters: K labels; values of one label are drawn together, because images of one person are alike. Without
            them each value is drawn alone.

    Returns:
        Low and high; NaN for fewer than two clusters.
    """
    sums, counts = _by_cluster(values, clusters)
    if clusters is None or len(sums) == len(values):
        return _interval((values,), np.mean, seed)
    return _interval((sums, counts), _ratio, seed)


def median_interval(values: np.ndarray, seed: int = 0) -> tuple[float, float]:
    """95 % bootstrap interval of the median of one-dimensional ``values`` (NaN, NaN for fewer than two)."""
    return _interval((values,), np.median, seed, "percentile")  # BCa's correction is not defined for steps


def _ratio(sums: np.ndarray, counts: np.ndarray, axis: int = -1) -> Any:
    return sums.sum(axis=axis) / counts.sum(axis=axis)


def _by_cluster(values: np.ndarray, clusters: Sequence[object] | np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    if clusters is None:
        return values, np.ones(len(values))
    number = np.unique(np.asarray(clusters), return_inverse=True)[1]
    return np.bincount(number, weights=values), np.bincount(number).astype(np.float64)


def _interval(
    data: tuple[np.ndarray, ...], statistic: Callable[..., Any], seed: int, method: str = "BCa"
) -> tuple[float, float]:
    from scipy import stats  # takes a second, which commands that test nothing can do without

    if len(data[0]) < 2:
        return float("nan"), float("nan")
    value = float(statistic(*data))
    if all(np.ptp(part) == 0 for part in data):
        return value, value  # equal values make a point, for which BCa has no correction
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nearly equal values make a degenerate, still correct, interval
        # batch bounds the memory: 2,000 resamples of 70,000 scores at once would take a gigabyte.
        result = stats.bootstrap(
            data, statistic, n_resamples=RESAMPLES, batch=100, paired=len(data) > 1, method=method, random_state=seed
        )
    low, high = float(result.confidence_interval.low), float(result.confidence_interval.high)
    return (value if np.isnan(low) else low), (value if np.isnan(high) else high)


@dataclass(frozen=True)
class Comparison:
    """How the scores of two methods on the same images differ."""

    difference: float
    """Mean of the first's minus the second's scores."""
    ci_low: float
    ci_high: float
    p: float
    """Probability of so large a mean difference if the methods were exchangeable (permutation test)."""
    effect: float
    """Cohen's d of paired scores: mean difference over the differences' standard deviation."""
    win_rate: float
    """Share of images on which the first scores higher, equals counted half."""
    n: int


def compare(
    first: np.ndarray,
    second: np.ndarray,
    seed: int = 0,
    clusters: Sequence[object] | np.ndarray | None = None,
    permutations: int = PERMUTATIONS,
) -> Comparison:
    """Compare the scores of two methods, image by image.

    The test exchanges the methods' scores, all images of a cluster together, and asks how often that makes as large a
    difference of means.

    Args:
        first, second: K finite scores each, of the same images.
        seed: of draws and permutations.
        clusters: K labels; see :func:`mean_interval`.
        permutations: that are drawn where there are more; p cannot be below 2 / (permutations + 1).
    """
    difference = first - second
    low, high = mean_interval(difference, seed, clusters)
    deviation = float(difference.std(ddof=1)) if len(difference) > 1 else float("nan")
    mean = float(difference.mean())
    return Comparison(
        difference=mean,
        ci_low=low,
        ci_high=high,
        p=_permutation_p(_by_cluster(difference, clusters)[0], seed, permutations),
        effect=mean / deviation if deviation else 0.0,
        win_rate=float(((difference > 0) + 0.5 * (difference == 0)).mean()),
        n=len(difference),
    )


def _permutation_p(sums: np.ndarray, seed: int, permutations: int) -> float:
    """Two-sided p of the sum of ``sums`` under random signs: exchanging two scores turns their difference's sign."""
    from scipy import stats

    if not sums.any():
        return 1.0
    found = stats.permutation_test(
        (sums, np.zeros_like(sums)),
        lambda x, y, axis: (x - y).sum(axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=permutations,
        batch=max(1, 2_000_000 // len(sums)),
        random_state=seed,
    )
    return float(found.pvalue)


def holm(p: Sequence[float]) -> list[float]:
    """p-values corrected for their number (Holm, Scandinavian Journal of Statistics 6, 1979); NaN does not count.

    Example:
        >>> holm([0.01, 0.04, 0.03])
        [0.03, 0.06, 0.06]
    """
    order = sorted((i for i, value in enumerate(p) if value == value), key=lambda i: p[i])
    corrected, highest = list(p), 0.0
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - rank) * p[i]))
        corrected[i] = round(highest, 12)
    return corrected


def benjamini_hochberg(p: Sequence[float]) -> list[float]:
    """p-values corrected for their number (Benjamini and Hochberg, J. R. Statist. Soc. B 57, 1995).

    Never larger than Holm's. Where no difference is real, the probability that any is below a level is at most that
    level, for positively dependent tests too (Simes); where some are, it bounds the share of wrong ones among those.

    Example:
        >>> benjamini_hochberg([0.01, 0.04, 0.03])
        [0.03, 0.04, 0.04]
    """
    corrected, lowest = list(p), 1.0
    for rank, i in sorted(enumerate(sorted(range(len(p)), key=lambda i: p[i]), 1), reverse=True):
        lowest = min(lowest, p[i] * len(p) / rank)
        corrected[i] = round(lowest, 12)
    return corrected
