"""p-values of several tests: how small they can be, corrections for their number, and as text."""

from __future__ import annotations

from collections.abc import Sequence

PERMUTATIONS = 4999
"""Random exchanges of a test."""
SMALLEST_P = 1e-12
"""Lower limit of p-values: smaller ones say nothing more, and p is never 0."""
LEVEL = 0.05
"""A difference is called distinguishable below this probability, corrected for the number of comparisons."""
FEWEST_PEOPLE = 12
"""For a test among up to a hundred: with fewer people, its p cannot be small enough after correction."""
COMMON_SHARE = 0.5
"""Methods are compared if both have scores of at least this share of the images that either has scores of."""


def smallest_p(people: int) -> float:
    """The smallest p that a test of this many people can give: all differ in one direction.

    Example:
        >>> smallest_p(5), smallest_p(6)
        (0.0625, 0.03125)
    """
    return min(1.0, 2.0 ** (1 - people))


def can_tell(people: Sequence[int]) -> list[bool]:
    """Which of several tests, given the people in each, could find a difference after Holm's correction.

    Example:
        >>> can_tell([6]), can_tell([6, 6])
        ([True], [False, False])
    """
    return [p < LEVEL for p in holm([smallest_p(count) for count in people])]


def p_text(p: float) -> str:
    """Format a p-value, never as 0; a dash if there was no test.

    Example:
        >>> p_text(0.0004), p_text(1e-12)
        ('= 0.0004', '< 1e-12')
    """
    if p != p:
        return "–"
    return f"= {p:.2g}" if p > SMALLEST_P else f"< {SMALLEST_P:g}"


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
        corrected[i] = highest
    return corrected


def benjamini_hochberg(p: Sequence[float]) -> list[float]:
    """p-values corrected for their number (Benjamini and Hochberg, J. R. Statist. Soc. B 57, 1995).

    Never larger than Holm's. If no difference is real, the probability that any is below a level is at most that level,
    for positively dependent tests too (Simes); if some are, it bounds the expected share of false ones among those.

    Example:
        >>> benjamini_hochberg([0.01, 0.04, 0.03])
        [0.03, 0.04, 0.04]
    """
    corrected, lowest = list(p), 1.0
    for rank, i in sorted(enumerate(sorted(range(len(p)), key=lambda i: p[i]), 1), reverse=True):
        lowest = min(lowest, p[i] * len(p) / rank)
        corrected[i] = lowest
    return corrected
