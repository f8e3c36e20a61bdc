"""Proportional fairness of restored faces, from the classes that an attribute classifier sees in them.

After UnfairFace (Laszkiewicz et al., FAccT 2024; MikeLasz/Benchmarking-Fairness-ImageUpsampling, commit ffc3aac:
src/fairness.py, src/statistical_tests.py), whose measures are by Jalal et al. (ICML 2021).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Measure:
    """Distance of K shares from the wanted ones."""

    shares: tuple[float, ...]
    """K, summing to 1."""
    chi2: float
    """``sum((p - q)^2 / q)`` from the wanted shares q; ``K sum((p - 1/K)^2)`` from equal ones."""
    kl: float
    tv: float
    """``sum |p - q|``, as the script has it: twice the usual total variation."""
    chebyshev: float
    p: float
    """p-value of their difference: Pearson's chi-square, each person counting once."""
    p_script: float
    """As the published script computes it; see :func:`script_p`."""


@dataclass(frozen=True)
class Proportions:
    """The three measures of one method."""

    images: int
    people: int
    kept: tuple[float, ...]
    """By class: the share of its images in which the classifier still sees it."""
    rdp: Measure
    """Representation demographic parity: each class is kept equally often."""
    pr: Measure
    """Proportional representation: classes are as frequent in SR as in HR."""
    ucpr: Measure
    """Uninformative conditional PR: classes are equally frequent; meant for LR that does not show the class."""


def proportions(
    truth: Sequence[str], seen: Sequence[str], person: Sequence[str], classes: Sequence[str]
) -> Proportions:
    """The measures from N images.

    Args:
        truth: N classes, with each of ``classes`` at least once.
        seen: N classes that the classifier sees in SR; any not among ``classes`` counts for none of them.
        person: who is on each image. Images of one person are alike: for tests, counts are those of people.
        classes: K.

    Example:
        >>> found = proportions(["a"] * 4 + ["b"] * 4, ["a"] * 4 + ["a", "a", "b", "b"], list("12345678"), ["a", "b"])
        >>> found.kept, found.rdp.shares, round(found.rdp.chi2, 4)
        ((1.0, 0.5), (0.6666666666666666, 0.3333333333333333), 0.1111)
        >>> found.pr.shares, found.pr.chi2
        ((0.75, 0.25), 0.25)
    """
    of, to = np.asarray(truth, dtype=object), np.asarray(seen, dtype=object)
    people = len(set(person))
    sizes = np.array([(of == k).sum() for k in classes], dtype=float)
    right = np.array([((of == k) & (to == k)).sum() for k in classes], dtype=float)
    counts = np.array([(to == k).sum() for k in classes], dtype=float)
    equal, weight = np.full(len(classes), 1 / len(classes)), people / len(of)
    kept = right / sizes
    return Proportions(
        len(of),
        people,
        tuple(kept.tolist()),
        _measure(kept, equal, equally_kept_p(right * weight, sizes * weight), len(of)),
        _measure(counts, sizes / sizes.sum(), goodness_p(counts * weight, sizes / sizes.sum()), len(of)),
        _measure(counts, equal, goodness_p(counts * weight, equal), len(of)),
    )


def _measure(amounts: np.ndarray, wanted: np.ndarray, p: float, n: int) -> Measure:
    if not amounts.sum():
        nan = float("nan")
        return Measure(tuple(amounts.tolist()), nan, nan, nan, nan, p, nan)
    shares = amounts / amounts.sum()
    distance = np.abs(shares - wanted)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(shares > 0, shares * np.log(shares / wanted), 0.0)
    return Measure(
        tuple(shares.tolist()),
        float((distance**2 / wanted).sum()),
        float(terms.sum()),
        float(distance.sum()),
        float(distance.max()),
        p,
        script_p(shares, n),
    )


def goodness_p(counts: np.ndarray, wanted: np.ndarray) -> float:
    """p of K counts against wanted shares: Pearson's chi-square with K - 1 degrees of freedom; NaN for no counts."""
    from scipy import special

    if not counts.sum():
        return float("nan")
    expected = wanted * counts.sum()
    return float(special.chdtrc(len(counts) - 1, ((counts - expected) ** 2 / expected).sum()))


def equally_kept_p(right: np.ndarray, sizes: np.ndarray) -> float:
    """p that K classes are kept equally often: Pearson's chi-square of the K,2 table of kept and lost."""
    from scipy import special

    rate = right.sum() / sizes.sum()
    if rate in (0.0, 1.0):
        return 1.0
    return float(special.chdtrc(len(sizes) - 1, ((right - rate * sizes) ** 2 / (rate * (1 - rate) * sizes)).sum()))


def script_p(shares: np.ndarray, n: int) -> float:
    """p as the published script has it: ``chi2_contingency([int(n p), n / K])``.

    It treats the expected equal counts as a second random sample, which about halves the statistic: it finds fewer
    differences than there are. Every image counts as a person.
    """
    from scipy.stats import chi2_contingency

    observed = [int(n * share) for share in shares]
    return float(chi2_contingency([observed, [n / len(shares)] * len(shares)])[1])
