"""Paired comparisons of two methods, with permutation tests that keep a person's images together."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from fsrbench.stats.corrections import PERMUTATIONS, SMALLEST_P
from fsrbench.stats.intervals import MANY, Clusters, by_cluster, mean_interval
from fsrbench.stats.small_samples import rate_interval


@dataclass(frozen=True)
class Comparison:
    """How the scores of two methods on the same images differ."""

    difference: float
    """Mean of the first's minus the second's scores where both are finite; infinite if no pair is."""
    ci_low: float
    ci_high: float
    p: float
    """Probability of so large a mean difference, up or down, if the methods were exchangeable; never 0."""
    effect: float
    """Cohen's d of paired scores: mean difference over the differences' standard deviation; NaN where that is zero."""
    win_rate: float
    """Share of images on which the first scores higher, ties counted half."""
    n: int
    """Images with a finite difference."""
    people: int
    """Number of people on the images."""
    infinite: int
    """Further images, on which one score is infinite: then the test uses ranks."""
    lead: float
    """Above 0 if the first scores higher in what was tested: the differences, or their signed ranks."""


def compare(
    first: np.ndarray, second: np.ndarray, seed: int = 0, clusters: Clusters = None, rate: bool = False
) -> Comparison:
    """Compare the scores of two methods, image by image.

    Fisher's permutation test: exchange the methods' scores, all images of a cluster together, and count how often the
    difference of means is at least as large. Up to 12 clusters: all exchanges. More: 4,999 random ones, and for smaller
    p Hoeffding's bound on sums with random signs. From :data:`MANY` clusters on: the normal approximation. If a score
    is infinite, signed ranks replace the differences (Wilcoxon 1945), infinity above any number.

    Args:
        first, second: K scores each, of the same images, none of them NaN; K at least 1.
        seed: of draws and permutations.
        clusters: K labels, or ``None``.
        rate: the scores are yes (1) and no (0).
    """
    everything = differences(first, second)
    groups = np.asarray(range(len(everything)) if clusters is None else clusters)
    finite = np.isfinite(everything)
    difference = everything[finite]
    deviation = float(difference.std(ddof=1)) if len(difference) > 1 else 0.0
    mean = float(difference.mean()) if finite.any() else math.inf * float(np.sign(lead(everything)))
    low, high = mean_interval(difference, seed, groups[finite])
    if rate and low == high:
        # All people agree: allow for the share who may not, whose difference could be up to -1 or 1
        unlike = 1 - rate_interval(1.0, 0.0, 0, len(np.unique(groups)))[0]
        low, high = mean - (1 + mean) * unlike, mean + (1 - mean) * unlike
    return Comparison(
        difference=mean,
        ci_low=low,
        ci_high=high,
        p=p_value(everything, seed, groups),
        effect=mean / deviation if deviation else math.nan,
        win_rate=float(((everything > 0) + 0.5 * (everything == 0)).mean()),
        n=len(difference),
        people=len(np.unique(groups)),
        infinite=len(everything) - len(difference),
        lead=lead(everything),
    )


def differences(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """First minus second; two infinite scores are equal."""
    with np.errstate(invalid="ignore"):
        return np.where(first == second, 0.0, first - second)


def lead(difference: np.ndarray) -> float:
    """Above 0 if the first of two methods scores higher in what is tested."""
    return float(_ranked(difference).mean())


def _ranked(difference: np.ndarray) -> np.ndarray:
    """The differences, or their signed ranks if one is infinite."""
    if np.isfinite(difference).all():
        return difference
    from scipy import stats

    ranks: np.ndarray = np.sign(difference) * stats.rankdata(np.abs(difference))
    return ranks


def p_value(difference: np.ndarray, seed: int = 0, clusters: Clusters = None) -> float:
    """Two-sided p of K paired differences, at least :data:`SMALLEST_P`; see :func:`compare`."""
    return float(p_values(difference[:, None], seed, clusters)[0])


def p_values(differences: np.ndarray, seed: int = 0, clusters: Clusters = None) -> np.ndarray:
    """:func:`p_value` of many pairs of methods on the same images at once.

    Args:
        differences: K,P paired differences; one column per pair of methods.
        seed: of the permutations, which all pairs share.
        clusters: K labels, or ``None``.

    Returns:
        P numbers from :data:`SMALLEST_P` to 1.
    """
    columns = [by_cluster(_ranked(column), clusters)[0] for column in differences.T]
    return np.maximum(SMALLEST_P, _p_values(np.stack(columns, axis=1), seed)) if columns else np.empty(0)


def _p_values(sums: np.ndarray, seed: int) -> np.ndarray:
    """p of each column of C,P sums over clusters; 1 where all are zero."""
    observed, squares = np.abs(sums.sum(axis=0)), np.maximum((sums**2).sum(axis=0), np.finfo(float).tiny)
    if len(sums) >= MANY:
        return np.array([math.erfc(z) for z in observed / np.sqrt(2 * squares)])
    # scipy.stats.permutation_test gives the same and takes seconds for a table's comparisons.
    signs, whole = _signs(len(sums), seed)
    as_large = (np.abs(signs @ sums) >= observed * (1 - 1e-12)).sum(axis=0)
    if whole:
        return np.asarray(as_large / len(signs))
    # Random exchanges resolve no p below 1/5000, which a correction for 250 tests raises to 5 %.
    bound = 2 * np.exp(-(observed**2) / (2 * squares))
    return np.asarray(np.minimum((as_large + 1) / (len(signs) + 1), bound))


@lru_cache(maxsize=2)
def _signs(clusters: int, seed: int) -> tuple[np.ndarray, bool]:
    """Signs -1 (exchanged) and 1, one row per permutation; and whether these are all possible exchanges."""
    if 2**clusters <= PERMUTATIONS:
        bits = np.arange(2**clusters)[:, None] >> np.arange(clusters) & 1
        return 1.0 - 2.0 * bits, True
    return np.random.default_rng(seed).choice([-1.0, 1.0], size=(PERMUTATIONS, clusters)), False
