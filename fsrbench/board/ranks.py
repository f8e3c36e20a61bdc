"""Rank ranges: which places a method may have in a metric, as far as tests can tell it from the others."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Final, Literal

import numpy as np
import pandas as pd

from fsrbench.runs import times
from fsrbench.runs.metric_info import Result
from fsrbench.stats.corrections import COMMON_SHARE, LEVEL, can_tell, holm
from fsrbench.stats.paired import differences, lead, p_values

How = Literal["paired", "intervals", "times", "exact", "few", "none"]
"""How the methods of a metric were told apart, or why they have no ranks."""
HOW: Final[dict[How, str]] = {
    "paired": "paired permutation tests on the same images, Holm over all pairs, 5 %",
    "intervals": "no scores per image: methods differ if their 95 % intervals do not overlap",
    "times": f"methods differ if their 95 % intervals do not overlap and the factor is above {times.BAND:g}",
    "exact": "counted: methods differ if their numbers do",
    "few": "too few people or images to tell any two apart",
    "none": "not ranked",
}
Range = tuple[int, int]
"""The best and the worst place that a method may have."""


@dataclass(frozen=True)
class Ranking:
    """The places of the methods in one metric of one track."""

    how: How
    ranges: Mapping[str, Range] = field(default_factory=dict)
    """By method; empty if nothing is ranked."""


def rank_scores(scores: pd.DataFrame, lower: bool, people: Sequence[str] | None = None) -> Ranking:
    """Rank methods by paired tests of their scores.

    Every pair of methods is compared on the images that both have, by the test of ``fsrbench compare``; p
    is corrected over all pairs (Holm). A method's range goes from 1 + the number of methods that are significantly
    better to N - the number of those that are significantly worse.

    Args:
        scores: one row per image, one column per method; NaN where a method has none.
        lower: whether lower scores are better.
        people: who is on each image, in the rows' order; by default each image counts by itself.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> face = rng.normal(size=40)
        >>> good, poor, alike = (face + shift + 0.1 * rng.normal(size=40) for shift in (1, 0, 1))
        >>> dict(rank_scores(pd.DataFrame({"a": good, "b": poor, "c": alike}), lower=False).ranges)
        {'a': (1, 2), 'b': (3, 3), 'c': (1, 2)}
    """
    methods = [str(name) for name in scores.columns]
    if len(methods) < 2:
        return Ranking("none")
    values = scores.to_numpy(dtype=float)
    who = np.asarray(range(len(values)) if people is None else people)
    pairs = list(combinations(range(len(methods)), 2))
    p, leads, groups = _tests(values, pairs, who)
    tested = np.flatnonzero(~np.isnan(p))
    if not any(can_tell(groups[tested].tolist())):
        return Ranking("few", dict.fromkeys(methods, (1, len(methods))) if len(tested) else {})
    ahead = np.where(np.array(holm(p.tolist())) < LEVEL, np.sign(leads) * (-1 if lower else 1), 0.0)
    return Ranking("paired", _ranges(methods, pairs, ahead))


def rank_values(results: Mapping[str, Result], lower: bool, exact: bool, timed: bool = False) -> Ranking:
    """Rank methods by their values alone: they differ if their intervals do not overlap, or exactly.

    Args:
        results: of the methods with a value.
        lower: whether lower values are better.
        exact: the values are counted, so that any difference counts.
        timed: they are times on one machine, which must also differ by :data:`fsrbench.runs.times.BAND`.

    Example:
        >>> found = {"a": Result(1, 0.9, 1.1, 9, "ok", ""), "b": Result(2, 1.8, 2.2, 9, "ok", "")}
        >>> dict(rank_values(found, lower=True, exact=False).ranges)
        {'a': (1, 1), 'b': (2, 2)}
    """
    methods = list(results)
    known = sum(result.has_interval for result in results.values())
    if len(methods) < 2 or not (exact or known > 1):
        return Ranking("none")
    pairs = list(combinations(range(len(methods)), 2))
    sign = -1 if lower else 1
    ahead = [sign * _apart(results[methods[i]], results[methods[j]], exact, timed) for i, j in pairs]
    return Ranking("exact" if exact else "times" if timed else "intervals", _ranges(methods, pairs, np.array(ahead)))


def _tests(
    values: np.ndarray, pairs: Sequence[tuple[int, int]], who: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """p of each pair (NaN if it shares too few images), which method leads, and how many people both have."""
    p, leads, people = np.full(len(pairs), math.nan), np.zeros(len(pairs)), np.zeros(len(pairs), dtype=int)
    present = ~np.isnan(values)
    by_images: dict[bytes, list[int]] = {}
    for place, (i, j) in enumerate(pairs):
        both, either = present[:, i] & present[:, j], present[:, i] | present[:, j]
        if both.any() and both.sum() >= COMMON_SHARE * either.sum():
            by_images.setdefault(both.tobytes(), []).append(place)
    for places in by_images.values():  # pairs with the same images are tested together
        first, second = np.array([pairs[place] for place in places]).T
        both = present[:, first[0]] & present[:, second[0]]
        apart = differences(values[np.ix_(both, first)], values[np.ix_(both, second)])
        p[places] = p_values(apart, clusters=who[both])
        leads[places] = [lead(column) for column in apart.T]
        people[places] = len(np.unique(who[both]))
    return p, leads, people


def _apart(first: Result, second: Result, exact: bool, timed: bool) -> float:
    """1 if the first is distinguishably higher, -1 if lower, else 0."""
    if exact:
        return float(np.sign(first.value - second.value))
    if timed and not times.ranked(first.value, second.value):
        return 0.0
    if not (first.has_interval and second.has_interval):
        return 0.0
    return float(first.ci_low > second.ci_high) - float(first.ci_high < second.ci_low)


def _ranges(methods: Sequence[str], pairs: Sequence[tuple[int, int]], ahead: np.ndarray) -> dict[str, Range]:
    """Ranges from the sign of each pair: 1 if the first is better, -1 if the second is, 0 if neither."""
    better, worse = np.zeros(len(methods), dtype=int), np.zeros(len(methods), dtype=int)
    first, second = np.array(pairs).T
    np.add.at(better, second, ahead > 0)
    np.add.at(worse, first, ahead > 0)
    np.add.at(better, first, ahead < 0)
    np.add.at(worse, second, ahead < 0)
    return {name: (1 + int(better[i]), len(methods) - int(worse[i])) for i, name in enumerate(methods)}
