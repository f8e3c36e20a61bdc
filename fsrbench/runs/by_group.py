"""Numbers of a run by group: value and interval of each group, the worst one, and whether the groups differ."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Final

import numpy as np
import pandas as pd

from fsrbench.errors import UserError, counted
from fsrbench.runs.data import RunData
from fsrbench.runs.grouping import Grouping
from fsrbench.runs.set_groups import read_set_groups, reason_of
from fsrbench.stats.corrections import PERMUTATIONS, holm
from fsrbench.stats.gaps import gap_test
from fsrbench.stats.intervals import mean_interval, people
from fsrbench.stats.paired import differences

MIN_PEOPLE: Final = 10
"""By default, groups of fewer people are shown and not ranked."""
SMALL: Final = "°"
"""Marks groups of fewer people in tables and plots."""
FINEST: Final = 100
"""Minimum permutations per test of a call: the more tests, the smaller p must be to survive the correction."""
MOST_PERMUTATIONS: Final = 20_000


@dataclass(frozen=True)
class GroupValue:
    """One group's number."""

    group: str
    value: float
    """Mean of its images' finite scores; NaN without one."""
    ci_low: float
    """Lower end of the 95 % interval over its people; NaN for fewer than two."""
    ci_high: float
    images: int
    people: int
    ranked: bool
    """Whether it has enough people to count for the worst group and the gap."""

    @property
    def has_value(self) -> bool:
        """Whether any of its images has a score, or a set of them a number."""
        return not math.isnan(self.value)


@dataclass(frozen=True)
class ByGroup:
    """One method's numbers in one metric, by the groups of one column."""

    column: str
    metric: str
    method: str
    base: str
    """If the numbers are differences: the method subtracted; else empty."""
    groups: tuple[GroupValue, ...]
    p: float
    """p-value of the difference of the ranked groups; NaN without a test."""
    p_corrected: float
    """Corrected by Holm over all tests of the call."""
    reason: str = ""
    """Why there is no test, or what was left out."""
    of_set: bool = False
    """Whether values are of each group's images as a set, such as KID, instead of means of scores."""

    @property
    def ranked(self) -> list[GroupValue]:
        """The ranked groups, the lowest value first."""
        found = [group for group in self.groups if group.ranked and math.isfinite(group.value)]
        return sorted(found, key=lambda group: group.value)

    def has_few_people(self, group: GroupValue) -> bool:
        """Whether a group has a value but too few people to be ranked; never so for FID, which ranks no group."""
        return group.has_value and not group.ranked and not (self.of_set and not self.ranked)

    @property
    def gap(self) -> float:
        """Highest minus lowest value of the ranked groups; NaN for fewer than two."""
        ranked = self.ranked
        return ranked[-1].value - ranked[0].value if len(ranked) > 1 else math.nan

    def worst(self, direction: str) -> str:
        """The ranked group with the worst value; empty in a metric without a direction."""
        ranked = self.ranked
        return {"higher": ranked[0].group, "lower": ranked[-1].group}.get(direction, "") if len(ranked) > 1 else ""


def few_people(rows: Iterable[ByGroup], column: str, name: str) -> bool:
    """Whether a group has too few people to be ranked in every row with a value of it."""
    groups = ((row, group) for row in rows if row.column == column for group in row.groups if group.group == name)
    return {row.has_few_people(group) for row, group in groups if group.has_value} == {True}


def by_group(
    run: RunData,
    groupings: Sequence[Grouping],
    metrics: Sequence[str] | None = None,
    methods: Sequence[str] | None = None,
    min_people: int = MIN_PEOPLE,
    seed: int = 0,
    tested: bool = True,
) -> list[ByGroup]:
    """A run's metrics by group, for every method and for the LR and HR images if they have scores.

    Args:
        run: the run.
        groupings: see :func:`fsrbench.runs.grouping.groupings`.
        metrics, methods: some of the run's; all by default.
        min_people: groups of fewer people are not ranked.
        seed: of intervals and permutations.
        tested: whether to test gaps; otherwise every p is NaN.

    Raises:
        UserError: the run lacks a metric or method, or no column has two groups of enough people.
    """
    rows = _known(run, metrics, methods)
    sets = _of_sets(run, groupings, metrics, rows, min_people)
    if sets and not set(metrics or run.metrics) & set(run.scores["metric"]):
        return sets
    found = _collect(run, groupings, _scored(run, metrics), rows, lambda scores, row: scores.get(row), min_people)
    judged = _judged(found, seed) if tested else [each.row(0, seed) for each in found]
    order = [grouping.column for grouping in groupings]
    return sorted([*judged, *sets], key=lambda row: order.index(row.column))


def _of_sets(
    run: RunData, groupings: Sequence[Grouping], metrics: Sequence[str] | None, methods: Sequence[str], min_people: int
) -> list[ByGroup]:
    """Numbers of the groups' images as sets, which the run has computed by its own labels."""
    table, found = read_set_groups(run.path, groupings), []
    own = [grouping for grouping in groupings if run.labels.get(grouping.column) == grouping.of]
    for grouping, metric, method in product(own, metrics or run.metrics, methods):
        chosen = (
            (table["column"] == grouping.column)
            & (table["metric"] == metric)
            & (table["method"] == run.renamed.get(method, method))
        )
        rows = table[chosen].set_index("group", drop=False)
        if set(rows.index) != set(grouping.names):
            continue
        groups = tuple(_of_set(row, min_people) for row in rows.loc[list(grouping.names)].to_dict("records"))
        found.append(
            ByGroup(grouping.column, metric, method, "", groups, math.nan, math.nan, reason_of(rows), of_set=True)
        )
    return found


def _of_set(row: Mapping[Hashable, Any], min_people: int) -> GroupValue:
    """A line of the run's file; ranked if it may be compared with groups of other sizes."""
    value, low, high = (float(row[name]) for name in ("value", "ci_low", "ci_high"))
    images, count = int(row["images"]), int(row["people"])
    ranked = bool(row["comparable"]) and count >= min_people and math.isfinite(value)
    return GroupValue(str(row["group"]), value, low, high, images, count, ranked)


def compare_by_group(
    run: RunData,
    groupings: Sequence[Grouping],
    base: str,
    metrics: Sequence[str] | None = None,
    methods: Sequence[str] | None = None,
    min_people: int = MIN_PEOPLE,
    seed: int = 0,
) -> list[ByGroup]:
    """Differences of methods from one of them by group, on the images that both have; arguments as :func:`by_group`.

    Its test asks whether one method's lead over another differs among groups.

    Raises:
        UserError: as :func:`by_group`.
    """
    _known(run, metrics, [base])
    rows = [row for row in _known(run, metrics, methods or run.methods) if row != base]
    if not rows:
        raise UserError(f"{run.path}: there is no method besides {base} to compare")

    def difference(scores: pd.DataFrame, row: str) -> pd.Series | None:
        if row not in scores or base not in scores:
            return None
        both = scores[[row, base]].dropna()
        return pd.Series(differences(both[row].to_numpy(), both[base].to_numpy()), both.index)

    found = _collect(run, groupings, _scored(run, metrics), rows, difference, min_people, rates=False)
    return [replace(row, base=base) for row in _judged(found, seed)]


def left_out(run: RunData, rows: Sequence[ByGroup], metrics: Sequence[str] | None = None) -> list[str]:
    """Metrics with a value but none by group: they have no per-image scores and were not computed by group."""
    shown = {row.metric for row in rows} | set(run.scores["metric"])
    valued = {m for m in run.metrics if any(run.shown_result(row, m) for row in run.rows)}
    return [metric for metric in metrics or run.metrics if metric in valued and metric not in shown]


def _known(run: RunData, metrics: Sequence[str] | None, methods: Sequence[str] | None) -> list[str]:
    for kind, names, known in (("metric", metrics, run.metrics), ("method", methods, run.rows)):
        for name in names or ():
            if name not in known:
                raise UserError(f"{run.path}: no {kind} {name} in this run; it has {', '.join(known)}")
    return list(methods or run.rows)


def _scored(run: RunData, metrics: Sequence[str] | None) -> list[str]:
    there = set(run.scores["metric"])
    if not (found := [metric for metric in metrics or run.metrics if metric in there]):
        raise UserError(
            f"{', '.join(metrics or run.metrics)}: no per-image scores, and this run did not compute it by these groups"
        )
    return found


def _collect(
    run: RunData,
    groupings: Sequence[Grouping],
    metrics: Sequence[str],
    methods: Sequence[str],
    pick: Callable[[pd.DataFrame, str], pd.Series | None],
    min_people: int,
    rates: bool = True,
) -> list[_Scores]:
    """Collect the picked scores of each metric; ``rates``: they may be rates (differences are not)."""
    found = []
    for grouping, metric in product(groupings, metrics):
        scores, rate = run.per_image(metric), rates and run.metric(metric).unit == "%"
        for method in methods:
            values = pick(scores, method)
            if values is not None and len(values := values[values.index.isin(list(grouping.of))].dropna()):
                found.append(_Scores(run, grouping, metric, method, values, rate, min_people))
    if not found:
        raise UserError(f"{run.path}: no labelled image has a score of {', '.join(metrics)}")
    if not any(sum(each.ranked) > 1 for each in found):
        raise UserError(f"too few people: {found[0].sizes}; two groups of {min_people} are needed (--min-people)")
    return found


def _judged(found: Sequence[_Scores], seed: int) -> list[ByGroup]:
    """Values and tests, corrected for their number."""
    tests = sum(each.testable for each in found)
    permutations = min(MOST_PERMUTATIONS, max(PERMUTATIONS, FINEST * tests - 1))
    rows = [each.row(permutations, seed) for each in found]
    return [replace(row, p_corrected=p) for row, p in zip(rows, holm([row.p for row in rows]), strict=True)]


class _Scores:
    """The labelled images' scores of one method in one metric."""

    def __init__(
        self,
        run: RunData,
        grouping: Grouping,
        metric: str,
        method: str,
        values: pd.Series,
        rate: bool,
        min_people: int,
    ) -> None:
        finite = np.isfinite(values.to_numpy(dtype=float))
        self.infinite = int((~finite).sum())
        self.grouping, self.metric, self.method = grouping, metric, method
        kept = values[finite]
        self.values = kept.to_numpy(dtype=float)
        self.person = np.array(people(map(str, kept.index), run.identities), dtype=object)
        self.group = np.array([grouping.names.index(grouping.of[image]) for image in kept.index], dtype=int)
        self.rate = rate and bool(((self.values >= 0) & (self.values <= 1)).all())
        self.people = [len(set(self.person[self.group == g])) for g in range(len(grouping.names))]
        self.ranked = [count >= min_people for count in self.people]

    @property
    def testable(self) -> bool:
        """Whether two groups have enough people, and the scores are not all equal."""
        return sum(self.ranked) > 1 and bool(np.ptp(self.values) > 0)

    def _untestable(self) -> str:
        return "all scores are equal" if sum(self.ranked) > 1 else "too few people"

    @property
    def sizes(self) -> str:
        """``sex has female 8, male 6``."""
        counts = zip(self.grouping.names, self.people, strict=True)
        return f"{self.grouping.column} has {', '.join(f'{name[:40]} {count}' for name, count in counts)}"

    def row(self, permutations: int, seed: int) -> ByGroup:
        """Values, intervals and the test."""
        groups = tuple(self._group(g, seed) for g in range(len(self.grouping.names)))
        p = self._p(permutations, seed) if self.testable and permutations else math.nan
        reasons = [] if self.testable else [self._untestable()]
        if self.infinite:
            reasons.append(f"{counted(self.infinite, 'image')} with an infinite score left out")
        return ByGroup(self.grouping.column, self.metric, self.method, "", groups, p, p, "; ".join(reasons))

    def _group(self, group: int, seed: int) -> GroupValue:
        chosen = self.group == group
        values = self.values[chosen]
        mean = float(values.mean()) if len(values) else math.nan
        low, high = mean_interval(values, seed, self.person[chosen], self.rate) if len(values) else (math.nan, math.nan)
        name, count = self.grouping.names[group], self.people[group]
        return GroupValue(name, mean, low, high, len(values), count, self.ranked[group])

    def _p(self, permutations: int, seed: int) -> float:
        ranked = np.flatnonzero(self.ranked)
        chosen = np.isin(self.group, ranked)
        codes = np.searchsorted(ranked, self.group[chosen])
        return gap_test(self.values[chosen], codes, self.person[chosen].astype(str), permutations, seed)
