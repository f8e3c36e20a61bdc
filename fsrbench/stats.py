"""Statistics: bootstrap intervals by scipy, paired tests, Holm's correction. One person's images are drawn together."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

RESAMPLES = 2000
PERMUTATIONS = 4999
LARGEST = 1e100
"""Finite numbers beyond this were never measured, and cannot be drawn."""
LEVEL = 0.05
"""A difference is called distinguishable below this probability, corrected for the number of comparisons."""
MANY = 1000
"""From so many clusters on means are normal to more digits than resampling resolves, and it would take minutes."""

Clusters = Sequence[object] | np.ndarray | None
"""K labels; values of one label are drawn together, because images of one person are alike. ``None``: each alone."""


def people(images: Iterable[str], identities: Mapping[str, str | None]) -> list[str]:
    """Who is on each image, as labels of clusters; an image without an identity is a person of its own.

    Example:
        >>> people(["ann/1", "ann/2", "ann"], {"ann/1": "ann", "ann/2": "ann"})
        ['ann', 'ann', 'image ann']
    """
    return [identities.get(image) or f"image {image}" for image in images]


def mean_interval(values: np.ndarray, seed: int = 0, clusters: Clusters = None) -> tuple[float, float]:
    """95 % interval of the mean of K finite ``values``: bootstrap (BCa; Efron 1987), Student's t for many clusters.

    On scores of 34 people with six images each it held the true mean in 94.7 % of draws, without clusters in 70 %.

    Returns:
        Low and high; NaN for fewer than two clusters.
    """
    sums, counts = _by_cluster(values, clusters)
    if len(sums) >= MANY:
        return _t_interval(sums, counts)
    if len(sums) == len(values):
        return _bootstrap((values,), np.mean, seed)
    return _bootstrap((sums, counts), _ratio, seed)


def median_interval(values: np.ndarray, seed: int = 0) -> tuple[float, float]:
    """95 % bootstrap interval of the median of one-dimensional ``values`` (NaN, NaN for fewer than two)."""
    return _bootstrap((values,), np.median, seed, "percentile")  # BCa's correction is not defined for steps


def block_interval(value: float, blocks: np.ndarray) -> tuple[float, float]:
    """95 % interval of a number of a whole set from its pseudo-values, one a block; see :func:`pseudo_values`."""
    half = reach(blocks)
    return value - half, value + half


def pseudo_values(value: float, without: np.ndarray) -> np.ndarray:
    """Jackknife pseudo-values of a number of a whole set (Tukey 1958), moved so that their mean is the number.

    They behave as independent scores of the blocks do: their standard error is the number's, and two methods are
    compared by their differences.

    Args:
        value: the number of the whole set.
        without: the same number without each of G equally large blocks of the set.

    Returns:
        G numbers.
    """
    moved: np.ndarray = value + (len(without) - 1) * (without.mean() - without)
    return moved


@dataclass(frozen=True)
class Comparison:
    """How the scores of two methods on the same images differ."""

    difference: float
    """Mean of the first's minus the second's scores."""
    ci_low: float
    ci_high: float
    p: float
    """Probability of so large a mean difference, up or down, if the methods were exchangeable."""
    effect: float
    """Cohen's d of paired scores: mean difference over the differences' standard deviation; NaN where that is zero."""
    win_rate: float
    """Share of images on which the first scores higher, equals counted half."""
    n: int


def compare(first: np.ndarray, second: np.ndarray, seed: int = 0, clusters: Clusters = None) -> Comparison:
    """Compare the scores of two methods, image by image.

    The test exchanges the methods' scores, all images of a cluster together, and asks how often that makes as large a
    difference of means (Fisher's permutation test; all exchanges of up to 12 clusters, 4,999 random ones of more and
    below those Hoeffding's bound on sums with random signs, the normal approximation for many).

    Args:
        first, second: K finite scores each, of the same images; K at least 1.
        seed: of draws and permutations.
        clusters: K labels, or ``None``.
    """
    difference = first - second
    low, high = mean_interval(difference, seed, clusters)
    deviation = float(difference.std(ddof=1)) if len(difference) > 1 else 0.0
    mean = float(difference.mean())
    return Comparison(
        difference=mean,
        ci_low=low,
        ci_high=high,
        p=p_value(difference, seed, clusters),
        effect=mean / deviation if deviation else float("nan"),
        win_rate=float(((difference > 0) + 0.5 * (difference == 0)).mean()),
        n=len(difference),
    )


def p_value(difference: np.ndarray, seed: int = 0, clusters: Clusters = None) -> float:
    """Two-sided p of K paired differences; see :func:`compare`."""
    sums, _ = _by_cluster(difference, clusters)
    if not sums.any():
        return 1.0
    observed = abs(sums.sum())
    if len(sums) >= MANY:
        return math.erfc(observed / math.sqrt(2 * (sums**2).sum()))
    # scipy.stats.permutation_test gives the same and takes seconds for a table's comparisons.
    signs, whole = _signs(len(sums), seed)
    as_large = int((np.abs(signs @ sums) >= observed * (1 - 1e-12)).sum())
    if whole:
        return as_large / len(signs)
    # Random exchanges resolve no p below 1/5000, which a correction for 250 tests would make 5 %.
    bound = 2 * math.exp(-(observed**2) / (2 * (sums**2).sum()))
    return min((as_large + 1) / (len(signs) + 1), bound)


@lru_cache(maxsize=2)
def _signs(clusters: int, seed: int) -> tuple[np.ndarray, bool]:
    """Which scores are exchanged, as -1 and 1, a row a permutation; and whether these are all there are."""
    if 2**clusters <= PERMUTATIONS:
        bits = np.arange(2**clusters)[:, None] >> np.arange(clusters) & 1
        return 1.0 - 2.0 * bits, True
    return np.random.default_rng(seed).choice([-1.0, 1.0], size=(PERMUTATIONS, clusters)), False


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


def _by_cluster(values: np.ndarray, clusters: Clusters) -> tuple[np.ndarray, np.ndarray]:
    """Sum and number of each cluster's values."""
    if clusters is None:
        return values, np.ones(len(values))
    number = np.unique(np.asarray(clusters), return_inverse=True)[1]
    return np.bincount(number, weights=values), np.bincount(number).astype(np.float64)


def _ratio(sums: np.ndarray, counts: np.ndarray, axis: int = -1) -> Any:
    return sums.sum(axis=axis) / counts.sum(axis=axis)


def _t_interval(sums: np.ndarray, counts: np.ndarray) -> tuple[float, float]:
    """Interval of a ratio of sums by its linearisation."""
    mean = float(_ratio(sums, counts))
    half = reach((sums - mean * counts) / counts.mean())
    return mean - half, mean + half


def reach(values: np.ndarray) -> float:
    """From the mean of K independent values to the ends of its 95 % t-interval; NaN for fewer than two."""
    from scipy import stats  # takes half a second, which tables can do without

    return float(stats.t.ppf(0.975, len(values) - 1) * stats.sem(values))


def _bootstrap(
    data: tuple[np.ndarray, ...], statistic: Callable[..., Any], seed: int, method: str = "BCa"
) -> tuple[float, float]:
    from scipy import stats

    if len(data[0]) < 2:
        return float("nan"), float("nan")
    value = float(statistic(*data))
    if all(np.ptp(part) == 0 for part in data):
        return value, value  # equal values make a point, for which BCa has no correction
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nearly equal values make a degenerate, still correct, interval
        result = stats.bootstrap(
            data,
            statistic,
            n_resamples=RESAMPLES,
            batch=max(1, 2_000_000 // len(data[0])),  # bounds the memory
            paired=len(data) > 1,
            method=method,
            random_state=seed,
        )
    low, high = float(result.confidence_interval.low), float(result.confidence_interval.high)
    return (value if np.isnan(low) else low), (value if np.isnan(high) else high)
