"""Uncertainty of what answers say: bootstraps over raters, over people on the images, and over answers.

Raters and images are crossed: every answer belongs to one of each. Drawing raters counts the spread among raters and
that of single answers, drawing images that among images and that of single answers; so the total variance is the sum of
both minus that of drawing single answers (Cameron, Gelbach and Miller, J. Business & Economic Statistics 29, 2011). The
pigeonhole bootstrap, which draws both at once (Owen, Annals of Applied Statistics 1, 2007), counts the spread of single
answers three times, which for a choice between two is often most of it: then its intervals are too wide.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fsrbench.stats.intervals import RESAMPLES
from fsrbench.stats.small_samples import effective_number

Statistic = Callable[[np.ndarray], np.ndarray]
"""From B,C counts of answers by kind to B,K numbers."""


@dataclass(frozen=True, eq=False)
class Crossed:
    """N answers, each one of C kinds, with their raters and the people on the images.

    Args:
        kind: N, the kind of each answer, e.g. its pair and choice.
        kinds: C.
        rater: N integers from 0.
        person: N integers from 0.
    """

    kind: np.ndarray
    kinds: int
    rater: np.ndarray
    person: np.ndarray

    @cached_property
    def total(self) -> np.ndarray:
        """1,C: number of answers of each kind."""
        return np.bincount(self.kind, minlength=self.kinds)[None].astype(float)

    @cached_property
    def clusters(self) -> float:
        """The effective number of raters or of people, whichever is smaller; for degrees of freedom."""
        return min(effective_number(np.bincount(ids)) for ids in (self.rater, self.person))

    def counts_of(self, ids: np.ndarray) -> np.ndarray:
        """G,C: number of answers of each kind, for each cluster with an answer."""
        number = np.unique(ids, return_inverse=True)[1]
        groups = int(number.max()) + 1
        counts = np.bincount(number * self.kinds + self.kind, minlength=groups * self.kinds)
        return counts.reshape(groups, self.kinds).astype(float)

    def covariance(self, statistic: Statistic, seed: int = 0, draws: int = RESAMPLES) -> Covariance:
        """Covariances of a statistic's K numbers, by bootstraps over raters, people and answers."""
        random = np.random.default_rng(seed)

        def of_clusters(ids: np.ndarray) -> np.ndarray:
            counts = self.counts_of(ids)
            clusters = len(counts)
            drawn = random.multinomial(clusters, np.full(clusters, 1 / clusters), draws) @ counts
            return _covariance(statistic(drawn), clusters)

        raters, people, answers = of_clusters(self.rater), of_clusters(self.person), len(self.kind)
        drawn = random.multinomial(answers, self.total[0] / answers, draws).astype(float)
        return Covariance(raters, people, _covariance(statistic(drawn), answers))

    def crossed_draws(self, seed: int = 0, draws: int = RESAMPLES) -> tuple[np.ndarray, np.ndarray]:
        """The pigeonhole bootstrap, which draws raters and people at once and is conservative.

        Returns:
            draws,C counts by kind, and draws,people: how often each person was drawn.
        """
        random = np.random.default_rng(seed)
        raters, people = (int(ids.max()) + 1 for ids in (self.rater, self.person))
        of_rater, of_person = (random.multinomial(size, np.full(size, 1 / size), draws) for size in (raters, people))
        weights = (rater[self.rater] * person[self.person] for rater, person in zip(of_rater, of_person, strict=True))
        counts = np.array([np.bincount(self.kind, each, self.kinds) for each in weights])
        return counts, of_person


@dataclass(frozen=True, eq=False)
class Covariance:
    """K,K covariances: of draws of raters, of people and of single answers."""

    raters: np.ndarray
    people: np.ndarray
    answers: np.ndarray

    def error(self, combination: np.ndarray) -> float:
        """Standard error of a sum of the K numbers with these weights.

        At least that of raters alone and that of people alone: the sum of three estimates may be below. Infinite for a
        single rater or person.
        """
        if not all(np.isfinite(part).all() for part in (self.raters, self.people, self.answers)):
            return math.inf
        raters, people, answers = (
            float(combination @ part @ combination) for part in (self.raters, self.people, self.answers)
        )
        return math.sqrt(max(raters + people - answers, raters, people, 0.0))

    def errors(self) -> np.ndarray:
        """K standard errors of the numbers by themselves."""
        return np.array([self.error(row) for row in np.eye(len(self.raters))])


def _covariance(numbers: np.ndarray, clusters: int) -> np.ndarray:
    """Covariance over draws, corrected for what a bootstrap of few clusters misses; infinite for a single one."""
    if clusters < 2:
        return np.full((numbers.shape[1],) * 2, math.inf)
    return np.atleast_2d(np.cov(numbers, rowvar=False)) * clusters / (clusters - 1)
