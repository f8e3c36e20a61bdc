"""Statistics: intervals, paired tests, corrections. One person's images are drawn, left out and exchanged together."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from fsrbench.stats.small_samples import effective_number, half_width, rate_interval, t_quantile

RESAMPLES = 2000
LARGEST = 1e100
"""Larger values are rejected as implausible (and break plots)."""
FEW = 30
"""From this many people up to :data:`MANY`, means have bootstrap intervals, which are too narrow for fewer."""
UNEQUAL = 0.8
"""If the effective number of people is below this share of the number, bootstrap intervals are too narrow."""
MANY = 1000
"""From this many clusters on, use the normal approximation: as accurate, and fast."""

Clusters = Sequence[object] | np.ndarray | None
"""K labels; values of one label are drawn together, because images of one person are alike. ``None``: each alone."""


def people(images: Iterable[str], identities: Mapping[str, str | None]) -> list[str]:
    """Who is on each image, as labels of clusters; an image without an identity is a person of its own.

    Example:
        >>> people(["ann/1", "ann/2", "ann"], {"ann/1": "ann", "ann/2": "ann"})
        ['ann', 'ann', 'image ann']
    """
    return [identities.get(image) or f"image {image}" for image in images]


def mean_interval(
    values: np.ndarray, seed: int = 0, clusters: Clusters = None, rate: bool = False
) -> tuple[float, float]:
    """95 % interval of the mean of K finite ``values``, over people.

    Fewer than 30 people, or very unequal numbers of images: Student's t on a jackknife that leaves out one person at a
    time, with the degrees of freedom of the effective number of people (Kish 1965). Otherwise: bootstrap (BCa; Efron
    1987). From 1,000 people on: normal. Rates: :func:`rate_interval`. ``docs/statistics.md`` has their measured
    coverage.

    Args:
        values: the scores.
        seed: of the bootstrap.
        clusters: K labels, or ``None``.
        rate: the values are shares in [0, 1] of yes and no.

    Returns:
        Low and high; NaN for fewer than two people, except for a rate.
    """
    sums, counts = by_cluster(values, clusters)
    people = effective_number(counts)
    if rate and len(values):
        return rate_interval(float(_ratio(sums, counts)), _jackknife_error(sums, counts), people, len(sums))
    if len(sums) >= MANY:
        return _t_interval(sums, counts)
    if len(values) and np.ptp(values) == 0 and len(sums) >= 2:
        return float(values[0]), float(values[0])
    if len(sums) >= 2 and (people < FEW or people < UNEQUAL * len(sums)):
        half = t_quantile(people) * _jackknife_error(sums, counts)
        mean = float(_ratio(sums, counts))
        return mean - half, mean + half
    if len(sums) == len(values):
        return _bootstrap((values,), np.mean, seed)
    return _bootstrap((sums, counts), _ratio, seed)


def median_interval(values: np.ndarray, seed: int = 0) -> tuple[float, float]:
    """95 % bootstrap interval of the median of one-dimensional ``values`` (NaN, NaN for fewer than two)."""
    return _bootstrap((values,), np.median, seed, "percentile")  # BCa's correction is not defined for steps


def block_interval(value: float, blocks: np.ndarray, sizes: np.ndarray | None = None) -> tuple[float, float]:
    """95 % interval of a number of a whole set from the pseudo-values of its blocks; see :func:`pseudo_values`.

    Args:
        value: the number.
        blocks: G pseudo-values.
        sizes: images in each block; blocks of unequal size count for fewer.
    """
    half = half_width(blocks, None if sizes is None else effective_number(sizes))
    return value - half, value + half


def pseudo_values(value: float, without: np.ndarray) -> np.ndarray:
    """Jackknife pseudo-values of a number of a whole set (Tukey 1958), shifted so that their mean is the number.

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


def by_cluster(values: np.ndarray, clusters: Clusters) -> tuple[np.ndarray, np.ndarray]:
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
    half = half_width((sums - mean * counts) / counts.mean())
    return mean - half, mean + half


def _jackknife_error(sums: np.ndarray, counts: np.ndarray) -> float:
    """Standard error of the mean of all images, from the means without each cluster in turn."""
    clusters = len(sums)
    if clusters < 2:
        return 0.0
    without = (sums.sum() - sums) / (counts.sum() - counts)
    return math.sqrt((clusters - 1) / clusters * ((without - float(_ratio(sums, counts))) ** 2).sum())


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
