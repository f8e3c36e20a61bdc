"""Does a number differ among groups of people? Permutation test of the largest gap between groups' means.

Labels are shuffled among people, never freely among the images of several people: a person's images are alike, and
treating them as independent would find false gaps.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fsrbench.stats.corrections import PERMUTATIONS, SMALLEST_P

CHUNK_BYTES = 2**26
"""Memory for the permutations that are computed together."""
ENOUGH = 100
"""From this many people in each group on, Student's t replaces the permutations: as accurate, and fast."""
SKEWED = 25
"""Student's t needs this times the squared skewness of people's scores, if that is more than :data:`ENOUGH` (Cochran,
Sampling Techniques, 1977, 2.15): of misses as rare as 1 %, a group of 100 people often has none, and then no spread."""
NOTHING = 1e-9
"""Smaller differences of standardised scores are rounding errors."""


@dataclass(frozen=True, eq=False)
class Groups:
    """Which group each of N images is in, and who is on it.

    Args:
        group: N integers from 0 to G - 1, each at least once.
        person: N labels.
    """

    group: np.ndarray
    person: np.ndarray

    @cached_property
    def count(self) -> int:
        """Number of groups."""
        return int(self.group.max()) + 1

    @cached_property
    def _order(self) -> np.ndarray:
        """Order of the images: each person's side by side, people with few images first."""
        number = np.unique(self.person, return_inverse=True)[1]
        images = np.bincount(number)[number]
        order: np.ndarray = np.lexsort((number, images))
        return order

    @cached_property
    def _starts(self) -> np.ndarray:
        """Where each person's images begin in that order."""
        ordered = np.unique(self.person, return_inverse=True)[1][self._order]
        starts: np.ndarray = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
        return starts

    @cached_property
    def _fewest(self) -> int:
        """Number of people in the smallest group."""
        return min(len(np.unique(self.person[self.group == g])) for g in range(self.count))

    def _needed(self, values: np.ndarray) -> float:
        """Number of people that the smallest group needs for Student's t; ``values`` in :attr:`_order`."""
        means = np.add.reduceat(values, self._starts) / np.diff(np.r_[self._starts, len(values)])
        deviation = means - means.mean()
        spread = float((deviation**2).mean())
        return SKEWED * float((deviation**3).mean()) ** 2 / spread**3 if spread > NOTHING else 0.0

    @cached_property
    def constant(self) -> bool:
        """Whether nobody is in two groups."""
        ordered = self.group[self._order]
        low, high = (part.reduceat(ordered, self._starts) for part in (np.minimum, np.maximum))
        return bool((low == high).all())

    def p_value(self, values: np.ndarray, permutations: int = PERMUTATIONS, seed: int = 0) -> float:
        """Two-sided p of the largest gap; see :func:`gap_test`."""
        deviation = values.std()
        if deviation <= NOTHING * max(1.0, np.abs(values).max()) or self.count < 2:
            return 1.0
        values = ((values - values.mean()) / deviation)[self._order]
        observed = self._statistic(values, self.group[self._order][self._starts if self.constant else slice(None)])
        if self._fewest >= max(ENOUGH, self._needed(values)):
            return _by_t(observed, self._fewest, self.count)
        as_large = sum(
            int((self._statistics(values, codes) >= observed * (1 - NOTHING)).sum())
            for codes in self._shuffled(permutations, seed)
        )
        return (as_large + 1) / (permutations + 1)

    def _statistic(self, values: np.ndarray, codes: np.ndarray) -> float:
        return float(self._statistics(values, codes[None])[0])

    def _statistics(self, values: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """The statistic of each of P ways to label: P,people codes where nobody is in two groups, else P,images."""
        return (self._of_people if self.constant else self._of_images)(values, codes)

    def _of_people(self, values: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """The statistic from sums over the people of each group, by matrix products."""
        s = np.add.reduceat(values, self._starts)
        c = np.diff(np.r_[self._starts, len(values)]).astype(float)
        terms = np.stack([np.ones_like(c), c, s, c * c, s * c, s * s], axis=1)
        sums = np.stack([(codes == g).astype(float) @ terms for g in range(self.count)], axis=1)  # P,G,6
        people, images, total, cc, sc, ss = np.moveaxis(sums, -1, 0)
        mean = total / images
        variance = (ss - 2 * mean * sc + mean**2 * cc) / images**2 * _few(people)
        if ENOUGH <= self._fewest < self._needed(values):  # a group may have none of the few people unlike the others
            variance = np.maximum(variance, people * (s**2).mean() / images**2)
        return _largest(mean, variance[:, :, None] + variance[:, None, :])

    def _of_images(self, values: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """The statistic if people are in several groups: the groups' covariance through them is subtracted."""
        member = codes[..., None] == np.arange(self.count)  # P,images,G
        s = np.add.reduceat(member * values[:, None], self._starts, axis=1)  # P,people,G
        c = np.add.reduceat(member.astype(float), self._starts, axis=1)
        images = c.sum(axis=1)
        mean = s.sum(axis=1) / images
        apart = (s - mean[:, None] * c) / images[:, None] * np.sqrt(_few((c > 0).sum(axis=1)))[:, None]
        common = apart.transpose(0, 2, 1) @ apart  # P,G,G
        own = np.diagonal(common, axis1=1, axis2=2)
        return _largest(mean, own[:, :, None] + own[:, None, :] - 2 * common)

    def _shuffled(self, permutations: int, seed: int) -> Iterator[np.ndarray]:
        """Random labellings, a few at a time."""
        random = np.random.default_rng(seed)
        labels = self.group[self._order]
        size = (len(self._starts) if self.constant else 4 * len(labels)) * self.count * 8
        step = max(1, CHUNK_BYTES // size)
        for start in range(0, permutations, step):
            count = min(step, permutations - start)
            if self.constant:
                yield random.permuted(np.tile(labels[self._starts], (count, 1)), axis=1)
            else:
                yield self._blocks_shuffled(labels, count, random)

    def _blocks_shuffled(self, labels: np.ndarray, count: int, random: np.random.Generator) -> np.ndarray:
        """Swap each person's labels with those of a person with as many images, then shuffle them within the person."""
        sizes = np.diff(np.r_[self._starts, len(labels)])
        made = np.empty((count, len(labels)), labels.dtype)
        place = 0
        for size, people in zip(*np.unique(sizes, return_counts=True), strict=True):  # in the order of the images
            until = place + size * people
            blocks = np.tile(labels[place:until].reshape(1, people, size), (count, 1, 1))
            rows = random.random((count, people)).argsort(axis=1)
            blocks = np.take_along_axis(blocks, rows[..., None], axis=1)
            made[:, place:until] = random.permuted(blocks, axis=2).reshape(count, -1)
            place = until
        return made


def gap_test(
    values: np.ndarray, group: np.ndarray, person: np.ndarray, permutations: int = PERMUTATIONS, seed: int = 0
) -> float:
    """p-value of the largest gap between groups' means, if labels had nothing to do with the scores.

    The statistic is the largest difference of two groups' means over its standard error, which is taken over people, so
    that groups may differ in size and in variance (Janssen, Statistics & Probability Letters 36, 1997; Chung and
    Romano, Annals of Statistics 41, 2013). If nobody is in two groups, labels are shuffled among people. If people are
    (an expression, a pose), each person's labels are swapped with those of another person with as many images, and then
    shuffled among the person's own images, which keeps a person's scores together (whole-block and within-block
    exchange; Winkler et al., NeuroImage 123, 2015). With :data:`ENOUGH` people in each group, or more if scores are
    skewed (:data:`SKEWED`), p is that of Student's t of the largest difference, times the pairs of groups (Bonferroni).

    Args:
        values: N finite scores.
        group: N integers from 0 to G - 1.
        person: N labels.
        permutations: number of random ones; their p is never below ``1 / (permutations + 1)``.
        seed: of the permutations.

    Example:
        >>> scores = np.r_[np.arange(10.0), np.arange(10.0) + 9]
        >>> gap_test(scores, np.repeat([0, 1], 10), np.arange(20)) < 0.01
        True
    """
    return Groups(group, person).p_value(values, permutations, seed)


def _by_t(observed: float, people: int, groups: int) -> float:
    """p of the largest t of all pairs, with the smallest group's degrees of freedom."""
    from scipy import special

    pairs = groups * (groups - 1) // 2
    return max(SMALLEST_P, min(1.0, 2 * pairs * float(special.stdtr(people - 1, -observed))))


def _few(people: np.ndarray) -> np.ndarray:
    """Bessel's correction of a variance over people, n / (n - 1)."""
    corrected: np.ndarray = people / np.maximum(people - 1, 1)
    return corrected


def _largest(mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """The largest difference of two means over its standard error: P,G and P,G,G -> P."""
    difference = np.abs(mean[:, :, None] - mean[:, None, :])
    error = np.sqrt(variance.clip(min=0))
    exact = error < NOTHING  # nobody differs within either group
    ratio = np.where(exact, np.where(difference < NOTHING, 0.0, np.inf), difference / np.where(exact, 1.0, error))
    largest: np.ndarray = ratio.max(axis=(1, 2))
    return largest
