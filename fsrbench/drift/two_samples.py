"""Test whether two samples of different pictures come from one source: a permutation test over many measures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import stats

from fsrbench.drift.set_distance import SetDistance
from fsrbench.stats.corrections import PERMUTATIONS

AT_ONCE: Final = 2**23
"""Values that permutations may hold in memory at once."""


@dataclass(frozen=True, eq=False)
class Tested:
    """Test results of K columns, followed by those of distances of sets."""

    t: np.ndarray
    """K statistics, above 0 if the window is higher; NaN if there is nothing to test."""
    p: np.ndarray
    """K probabilities of one as large by chance, not corrected."""
    p_family: np.ndarray
    """The same, corrected over all columns."""
    in_spread: np.ndarray
    """K, whether the statistic is that of the spread, which then differs more than the level."""


def two_samples(
    values: np.ndarray, window: np.ndarray, blocks: np.ndarray, seed: int = 0, distances: Sequence[SetDistance] = ()
) -> Tested:
    """Test whether K measures of two sets of pictures differ, in level or in spread, or their descriptors as a set.

    Blocks (people, days) are exchanged whole between the sets, :data:`PERMUTATIONS` times; exact if blocks of both come
    from one source. The statistic of a measure is the difference of mean ranks over its standard error, with blocks as
    units (so that sets do not seem to differ because their blocks have other sizes: Chung and Romano, Annals of
    Statistics 41, 2013); for the spread, the same of squared distances from the middle rank (Mood, Annals of
    Mathematical Statistics 25, 1954). The larger magnitude of the two counts. Corrected p-values compare with the
    largest of all measures in each permutation (Westfall and Young, 1993): the probability that any of them is below a
    level by chance is that level, however the measures depend on each other. Distances of sets are brought to the
    scale of the other statistics (see :func:`_as_statistic`).

    Args:
        values: N,K, NaN where a picture has no value.
        window: N, whether a picture is the window's and not the reference's.
        blocks: N labels; none is in both sets.
        seed: of the permutations.
        distances: of the same pictures and blocks.
    """
    ranked = np.stack([_ranks(column) for column in values.T], axis=1) if values.size else values
    columns = np.concatenate([ranked, ranked**2], axis=1)
    sums = _Sums(columns, blocks)
    inside = np.zeros(sums.blocks, bool)
    inside[sums.number[window]] = True
    observed = sums.statistics(inside[None])[0]
    rng = np.random.default_rng(seed)
    plain, apart = [_larger(observed[None])], [[each.kid(inside[None, each.known])] for each in distances]
    size, left = max(1, AT_ONCE // (sums.blocks + 4 * columns.shape[1])), PERMUTATIONS
    while left:
        number = min(size, left)
        drawn = rng.permuted(np.tile(inside, (number, 1)), axis=1)
        plain.append(_larger(sums.statistics(drawn)))
        for found, each in zip(apart, distances, strict=True):
            found.append(each.kid(_of_known(drawn, inside, each.known, rng)))
        left -= number
    as_statistics = [_as_statistic(np.concatenate(found)) for found in apart]
    magnitudes = np.column_stack([np.concatenate(plain), *as_statistics])
    signed, in_spread = _signed(observed)
    t = np.concatenate([signed, [float(each[0]) for each in as_statistics]])
    return Tested(t, *_probabilities(magnitudes), np.append(in_spread, np.zeros(len(distances), bool)))


def _probabilities(magnitudes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """p of each column, plain and corrected, from magnitudes of the observed division (first) and of others."""
    observed, drawn = magnitudes[0], magnitudes[1:]
    least = observed * (1 - 1e-9)
    largest = np.fmax.reduce(drawn, axis=1, initial=-math.inf)
    counts = (drawn >= least).sum(axis=0), (largest[:, None] >= least).sum(axis=0)
    p, p_family = ((np.where(np.isnan(observed), math.nan, count) + 1) / len(magnitudes) for count in counts)
    return p, p_family


def _of_known(drawn: np.ndarray, inside: np.ndarray, known: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Divisions of the blocks that have a descriptor: the drawn ones, or new ones with as many of the window's."""
    if known.all():
        return drawn
    return rng.permuted(np.tile(inside[known], (len(drawn), 1)), axis=1)


def _as_statistic(distances: np.ndarray) -> np.ndarray:
    """Distances of the observed division and of all drawn ones on the scale of t statistics; those below 0 are 0.

    By chance a squared distance is a sum of chi-squares less its mean; its cube root is nearly normal (Wilson and
    Hilferty, PNAS 17, 1931). The order does not change, so its uncorrected p is that of a permutation test.
    """
    root = np.cbrt(distances - distances.min())
    spread = float(root.std())
    if not spread > 0:
        return np.full(len(distances), math.nan)
    found: np.ndarray = ((root - root.mean()) / spread).clip(0)
    return found


def _ranks(column: np.ndarray) -> np.ndarray:
    """Ranks from -1/2 to 1/2; NaN where there is no value."""
    found = np.full(len(column), math.nan)
    known = np.isfinite(column)
    if known.any():
        found[known] = (stats.rankdata(column[known]) - 0.5) / known.sum() - 0.5
    return found


class _Sums:
    """Sums over blocks, from which every permutation's statistics follow by matrix products."""

    def __init__(self, columns: np.ndarray, blocks: np.ndarray) -> None:
        self.number = np.unique(blocks, return_inverse=True)[1]
        self.blocks = int(self.number.max(initial=-1)) + 1
        known = np.isfinite(columns)
        means = np.where(known, columns, 0.0).sum(axis=0) / known.sum(axis=0).clip(1)
        centred = np.where(known, columns - means, 0.0)
        self.sums, self.counts = (self._of_blocks(each) for each in (centred, known.astype(np.float64)))
        self.parts = (self.sums, self.counts, self.sums**2, self.sums * self.counts, self.counts**2)

    def _of_blocks(self, each: np.ndarray) -> np.ndarray:
        total = np.zeros((self.blocks, each.shape[1]))
        np.add.at(total, self.number, each)
        return total

    def statistics(self, inside: np.ndarray) -> np.ndarray:
        """B,2K statistics of B divisions of the blocks, each a row of booleans; NaN if all values are equal."""
        chosen = inside.astype(np.float64)
        here = [chosen @ part for part in self.parts]
        there = [part.sum(axis=0) - own for part, own in zip(self.parts, here, strict=True)]
        (mean, error), (other_mean, other_error) = _mean_and_error(*here), _mean_and_error(*there)
        apart, spread = mean - other_mean, np.sqrt((error + other_error).clip(0))
        with np.errstate(invalid="ignore", divide="ignore"):
            found: np.ndarray = np.where(spread > 1e-9, apart / spread, math.inf * np.sign(apart))
        return np.where((spread > 1e-9) | (np.abs(apart) > 1e-9), found, math.nan)


def _mean_and_error(
    sums: np.ndarray, counts: np.ndarray, squares: np.ndarray, products: np.ndarray, squared_counts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean of the pictures and its squared standard error, by linearisation over blocks."""
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = sums / counts
        return mean, (squares - 2 * mean * products + mean**2 * squared_counts) / counts**2


def _larger(statistics: np.ndarray) -> np.ndarray:
    """The larger magnitude of level and spread."""
    level, spread = np.split(np.abs(statistics), 2, axis=-1)
    larger: np.ndarray = np.fmax(level, spread)
    return larger


def _signed(statistics: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The statistic of larger magnitude of each column, and whether that is the spread's."""
    level, spread = np.split(statistics, 2)
    in_spread = np.abs(np.nan_to_num(spread)) > np.abs(np.nan_to_num(level))
    return np.where(in_spread, spread, level), in_spread
