"""Do two samples of different pictures come from one source? A permutation test over many measures at once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import stats

from fsrbench.stats.corrections import PERMUTATIONS

AT_ONCE: Final = 2**23
"""Numbers of permutations that are kept in memory at once."""


@dataclass(frozen=True, eq=False)
class Tested:
    """What a test says of K columns."""

    t: np.ndarray
    """K statistics, above 0 where the window is higher; NaN where there is nothing to test."""
    p: np.ndarray
    """K probabilities of one as large by chance, each by itself."""
    p_family: np.ndarray
    """The same, corrected over all columns."""
    in_spread: np.ndarray
    """K, whether the statistic is that of the spread, which then differs more than the level."""


def two_samples(values: np.ndarray, window: np.ndarray, blocks: np.ndarray, seed: int = 0) -> Tested:
    """Test whether K measures of two sets of pictures differ, in level or in spread.

    Blocks (people, days) are exchanged whole between the sets, as often as :data:`PERMUTATIONS`; exact if blocks of
    both come from one source. The statistic of a measure is the difference of mean ranks over its standard error, of
    which blocks are the units (so that sets with blocks of other sizes are not taken for others: Chung and Romano,
    Annals of Statistics 41, 2013); the same of squared distances from the middle rank for the spread (Mood, Annals of
    Mathematical Statistics 25, 1954). The larger magnitude of the two counts. Corrected p-values compare with the
    largest of all measures in each permutation (Westfall and Young, 1993): the probability that any of them is below a
    level by chance is that level, however the measures hang together.

    Args:
        values: N,K, NaN where a picture has no value.
        window: N, whether a picture is the window's and not the reference's.
        blocks: N labels; none is in both sets.
        seed: of the permutations.
    """
    ranked = np.stack([_ranks(column) for column in values.T], axis=1) if values.size else values
    columns = np.concatenate([ranked, ranked**2], axis=1)
    sums = _Sums(columns, blocks)
    inside = np.zeros(sums.blocks, bool)
    inside[sums.number[window]] = True
    observed = sums.statistics(inside[None])[0]
    rng = np.random.default_rng(seed)
    as_large, as_large_as_any, done = np.zeros(values.shape[1]), np.zeros(values.shape[1]), 0
    size = max(1, AT_ONCE // (sums.blocks + 4 * columns.shape[1]))
    magnitude = _larger(observed)
    while done < PERMUTATIONS:
        number = min(size, PERMUTATIONS - done)
        drawn = _larger(sums.statistics(rng.permuted(np.tile(inside, (number, 1)), axis=1)))
        as_large += (drawn >= magnitude * (1 - 1e-9)).sum(axis=0)
        as_large_as_any += (np.fmax.reduce(drawn, axis=1)[:, None] >= magnitude * (1 - 1e-9)).sum(axis=0)
        done += number
    none = np.isnan(magnitude)
    p, p_family = ((np.where(none, math.nan, count) + 1) / (done + 1) for count in (as_large, as_large_as_any))
    signed, in_spread = _signed(observed)
    return Tested(signed, p, p_family, in_spread)


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
        """B,2K statistics of B divisions of the blocks, each a row of booleans; NaN where all are equal."""
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
