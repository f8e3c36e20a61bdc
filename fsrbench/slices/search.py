"""Search a shallow tree of conditions for slices in which scores are worse."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from fsrbench.slices.columns import Column
from fsrbench.slices.conditions import Condition, Slice, candidates, holds

DEPTH: Final = 3
"""Maximum conditions of a slice."""
LEVEL: Final = 0.2
"""A split is made if chance makes one as good less often than this: liberal, as held-out people decide in the end."""
FLIPS: Final = 499
SAME: Final = 1 - 1e-9
"""Tolerance for rounding when statistics are compared."""
LEAST_PEOPLE: Final = 6
"""Minimum on each side of a split; fewer cannot differ by more than chance: 2 to the power of 1 - 6 is 3 %."""
LEAST_IMAGES: Final = 10
"""Minimum on each side of a split."""


@dataclass(frozen=True, eq=False)
class Scored:
    """Images with their scores, properties and people."""

    badness: np.ndarray
    """N numbers, higher is worse."""
    columns: tuple[Column, ...]
    people: np.ndarray
    """N integers: the person on each image."""

    def of(self, rows: np.ndarray) -> Scored:
        """The images selected by ``rows``, bool N."""
        columns = tuple(Column(column.name, column.values[rows], column.unit) for column in self.columns)
        return Scored(self.badness[rows], columns, self.people[rows])

    def inside(self, conditions: Slice) -> np.ndarray:
        """Which images are in a slice: bool N."""
        return holds(conditions, {column.name: column for column in self.columns}, len(self.badness))


def search(scored: Scored, seed: int) -> list[Slice]:
    """Grow a tree of conditions; return the slices where scores are worse than in the rest of their branch, root first.

    A branch is split by the condition with the largest test statistic: the sum of centred scores over one side, divided
    by the spread expected for its share of images. It is only split if random signs on each person's part of that sum
    reach as large a maximum over all conditions in fewer than :data:`LEVEL` of the draws (a sign-flipping score test:
    Hemerik, Goeman, Finos, J. R. Statist. Soc. B 82, 2020; in conditional trees as of Hothorn et al., J. Comput. Graph.
    Statist. 15, 2006). The worse side of each split is a slice if it is also worse than all other images; both sides
    are split further.

    Args:
        scored: the images to search.
        seed: of the signs.
    """
    return list(_grow(scored, (), np.random.default_rng(seed)))


def _grow(scored: Scored, conditions: Slice, rng: np.random.Generator) -> Iterator[Slice]:
    if len(conditions) == DEPTH:
        return
    best = _best_split(scored, scored.inside(conditions), rng)
    if best is None:
        return
    inside = scored.inside((*conditions, best))
    if scored.badness[inside].mean() > scored.badness[~inside].mean():
        yield (*conditions, best)
    for side in (best, best.opposite):
        yield from _grow(scored, (*conditions, side), rng)


def _best_split(scored: Scored, rows: np.ndarray, rng: np.random.Generator) -> Condition | None:
    """The worse side of the best split of a branch; ``None`` if chance may do as well."""
    branch = scored.of(rows)
    offered = list(candidates(branch.columns))
    parts, kept = _contributions(branch, offered) if offered else (np.empty(0), np.empty(0, dtype=np.int64))
    if not len(kept):
        return None
    observed = parts.sum(axis=0)
    largest = float(np.abs(observed).max())
    if _chance(parts, largest, rng) >= LEVEL:
        return None
    best = np.flatnonzero(np.abs(observed) >= largest * SAME)
    place = best[observed[best].argmax()]  # of two opposites, the one that holds on the worse side
    worse: Condition = offered[int(kept[place])]
    return worse if observed[place] > 0 else worse.opposite


def _contributions(branch: Scored, offered: Sequence[Condition]) -> tuple[np.ndarray, np.ndarray]:
    """Each person's part of the conditions' statistics, P,K, and which K conditions leave enough on both sides."""
    columns = {column.name: column for column in branch.columns}
    order = np.argsort(branch.people, kind="stable")
    starts = np.flatnonzero(np.diff(branch.people[order], prepend=-1))
    masks = np.array([condition.holds(columns[condition.column])[order] for condition in offered])
    inside = np.add.reduceat(masks, starts, axis=1, dtype=np.int64)
    outside = np.diff([*starts, len(order)]) - inside
    enough = np.ones(len(offered), dtype=bool)
    for side in (inside, outside):
        enough &= (side.sum(axis=1) >= LEAST_IMAGES) & (np.count_nonzero(side, axis=1) >= LEAST_PEOPLE)
    kept = np.flatnonzero(enough)
    masks, badness = masks[kept], branch.badness[order] - branch.badness.mean()
    share = masks.mean(axis=1, keepdims=True)
    parts = np.add.reduceat((masks - share) * badness, starts, axis=1)
    return (parts / np.sqrt(len(order) * share * (1 - share))).T, kept


def _chance(parts: np.ndarray, observed: float, rng: np.random.Generator) -> float:
    """How often random signs of people make as large a maximum over the conditions."""
    signs = rng.choice([-1.0, 1.0], size=(FLIPS, len(parts)))
    largest = np.abs(signs @ parts).max(axis=1)
    return float((1 + (largest >= observed * SAME).sum()) / (FLIPS + 1))
