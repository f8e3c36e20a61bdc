"""Test slices on people whom the search has not seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fsrbench.slices.conditions import Slice
from fsrbench.slices.search import Scored
from fsrbench.stats.intervals import block_interval
from fsrbench.stats.paired import p_value


@dataclass(frozen=True)
class HeldOut:
    """A slice on the held-out people."""

    images: int
    """In the slice."""
    people: int
    inside: float
    """Mean of what was tested (higher is worse) in the slice; NaN if it is empty or holds everything."""
    elsewhere: float
    """The same of all other images."""
    ci_low: float
    """Lower end of the 95 % interval of the difference of the two, over people."""
    ci_high: float
    p: float
    """The larger p of the slice and of its last condition; 1 if the slice is empty or holds everything."""

    @property
    def effect(self) -> float:
        """Mean in the slice minus mean elsewhere."""
        return self.inside - self.elsewhere


def judge(scored: Scored, conditions: Slice, seed: int) -> HeldOut:
    """How much worse the scores in a slice are, and whether that is more than chance.

    p is of the association between scores and slice: each person's sum of centred score times centred membership gets a
    random sign (see :func:`fsrbench.stats.paired.p_value`). A slice of several conditions must be worse than everything
    else and, by its last condition, than the rest of its branch: p is the larger of the two.

    Args:
        scored: the held-out images.
        conditions: the slice.
        seed: of the signs.
    """
    inside = scored.inside(conditions)
    images, people = int(inside.sum()), len(np.unique(scored.people[inside]))
    if not 0 < images < len(inside):
        return HeldOut(images, people, np.nan, np.nan, np.nan, np.nan, 1.0)
    branch = scored.inside(conditions[:-1])
    p = max(_p(scored, inside, np.ones(len(inside), dtype=bool), seed), _p(scored, inside, branch, seed))
    means = scored.badness[inside].mean(), scored.badness[~inside].mean()
    low, high = difference_interval(scored.badness, inside, scored.people)
    return HeldOut(images, people, float(means[0]), float(means[1]), low, high, p)


def difference_interval(values: np.ndarray, inside: np.ndarray, people: np.ndarray) -> tuple[float, float]:
    """95 % interval of the mean of some values minus the mean of the others, over people who may have both.

    By linearisation: each person's contribution to the difference is treated as a score (Student's t with the degrees
    of freedom of the effective number of people on the smaller side).

    Args:
        values: N scores.
        inside: bool N, the first set of values; neither set is empty.
        people: N integers.
    """
    person = np.unique(people, return_inverse=True)[1]
    first, second = values[inside].mean(), values[~inside].mean()
    share = inside.mean()
    parts = np.where(inside, (values - first) / share, (second - values) / (1 - share)) / len(values)
    sums = np.bincount(person, weights=parts) * (person.max() + 1)
    counts = [np.bincount(person[mask]) for mask in (inside, ~inside)]
    few = min(counts, key=lambda each: each.sum() ** 2 / (each**2).sum())
    return block_interval(float(first - second), sums, few)


def _p(scored: Scored, inside: np.ndarray, branch: np.ndarray, seed: int) -> float:
    """p of a slice within a branch of the images; 1 if it is empty or all of it."""
    mask, badness = inside[branch], scored.badness[branch]
    if not 0 < mask.sum() < len(mask):
        return 1.0
    return p_value((mask - mask.mean()) * (badness - badness.mean()), seed, scored.people[branch])
