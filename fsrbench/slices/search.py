"""Search a shallow tree of conditions for slices in which scores are worse."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from fsrbench.slices.columns import Column
from fsrbench.slices.conditions import Condition, Slice, candidates, holds

DEPTH: Final = 3
"""Most conditions of a slice."""
LEVEL: Final = 0.2
"""A split is made where chance makes as good a one less often: liberal, for held-out people decide what is said."""
FLIPS: Final = 499
LEAST_PEOPLE: Final = 6
"""On both sides of a split; fewer cannot differ by more than chance: 2 to the power of 1 - 6 is 3 %."""
LEAST_IMAGES: Final = 10


@dataclass(frozen=True, eq=False)
class Scored:
    """The images of some people, or of all: their scores, properties, and who is on them."""

    badness: np.ndarray
    """N numbers, higher is worse."""
    columns: tuple[Column, ...]
    people: np.ndarray
    """N whole numbers."""

    def of(self, rows: np.ndarray) -> Scored:
        """Some of the images, by bool N."""
        columns = tuple(Column(column.name, column.values[rows], column.unit) for column in self.columns)
        return Scored(self.badness[rows], columns, self.people[rows])

    def inside(self, conditions: Slice) -> np.ndarray:
        """Which images are in a slice: bool N."""
        return holds(conditions, {column.name: column for column in self.columns}, len(self.badness))


def search(scored: Scored, seed: int) -> list[Slice]:
    """The slices of a tree in which scores are worse than in the rest of the tree's branch, from the root down.

    A branch is split by the condition with the largest test statistic: the sum of centred scores over a side, divided
    by the spread that its share of images gives it. It is split at all where signs drawn at random for each person's
    part of that sum make as large a maximum over all conditions in fewer than :data:`LEVEL` of the draws (a
    sign-flipping score test: Hemerik, Goeman, Finos, J. R. Statist. Soc. B 82, 2020; over conditional trees as Hothorn
    et al., J. Comput. Graph. Statist. 15, 2006, grow them). Of each split the worse side is a slice; both are split on.

    Args:
        scored: the images to search.
        seed: of the signs.
    """
    return list(_grow(scored, (), np.random.default_rng(seed)))


def _grow(scored: Scored, conditions: Slice, rng: np.random.Generator) -> Iterator[Slice]:
    if len(conditions) == DEPTH:
        return
    best = _best_split(scored, np.flatnonzero(scored.inside(conditions)), rng)
    if best is None:
        return
    yield (*conditions, best)
    for side in (best, best.opposite):
        yield from _grow(scored, (*conditions, side), rng)


def _best_split(scored: Scored, rows: np.ndarray, rng: np.random.Generator) -> Condition | None:
    """The worse side of the best split of a branch; ``None`` where chance may do as well."""
    offered = list(candidates(scored.columns, rows))
    parts, kept = _contributions(scored, rows, offered)
    if not kept:
        return None
    observed = parts.sum(axis=0)
    place = int(np.abs(observed).argmax())
    if _chance(parts, abs(observed[place]), rng) >= LEVEL:
        return None
    return kept[place] if observed[place] > 0 else kept[place].opposite


def _contributions(
    scored: Scored, rows: np.ndarray, offered: Sequence[Condition]
) -> tuple[np.ndarray, list[Condition]]:
    """For P people and K conditions that leave enough on both sides, each person's part of a condition's statistic."""
    columns = {column.name: Column(column.name, column.values[rows], column.unit) for column in scored.columns}
    badness = scored.badness[rows] - scored.badness[rows].mean()
    names, person = np.unique(scored.people[rows], return_inverse=True)
    kept, parts = [], []
    for condition in offered:
        mask = condition.holds(columns[condition.column])
        if _enough(mask, person) and _enough(~mask, person):
            share = mask.mean()
            part = np.bincount(person, weights=(mask - share) * badness, minlength=len(names))
            parts.append(part / np.sqrt(len(rows) * share * (1 - share)))
            kept.append(condition)
    return np.array(parts).T, kept


def _enough(mask: np.ndarray, person: np.ndarray) -> bool:
    return int(mask.sum()) >= LEAST_IMAGES and int(np.count_nonzero(np.bincount(person[mask]))) >= LEAST_PEOPLE


def _chance(parts: np.ndarray, observed: float, rng: np.random.Generator) -> float:
    """How often random signs of people make as large a maximum over the conditions."""
    signs = rng.choice([-1.0, 1.0], size=(FLIPS, len(parts)))
    largest = np.abs(signs @ parts).max(axis=1)
    return float((1 + (largest >= observed * (1 - 1e-12)).sum()) / (FLIPS + 1))
