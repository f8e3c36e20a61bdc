"""Which differences between a run's methods are more than chance: paired, image by image, corrected for their number.

Metrics with a score for each image, or with blocks of images for the whole set, are tested. Others with intervals
differ if the intervals do not overlap, times only if their ratio is also large enough; counted ones (parameters, FLOPs)
are exact. Nothing else is called better or worse: a value alone does not say how far chance could move it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final, Literal
from weakref import WeakKeyDictionary

import numpy as np

from fsrbench.errors import UserError
from fsrbench.runs import times
from fsrbench.runs.data import RunData
from fsrbench.runs.metric_info import Result
from fsrbench.stats.corrections import COMMON_SHARE, LEVEL, can_tell, holm
from fsrbench.stats.intervals import people
from fsrbench.stats.paired import Comparison, compare, differences, lead, p_value

Verdict = Literal["better", "worse", "other", "same", "few", "untested"]
"""``other``: distinguishable, in a metric without a direction; ``same``: not distinguishable; ``few``: too few people
for any test to tell; ``untested``: no interval, or too few images in common."""
Test = Literal["paired", "intervals", "times", "exact", "few", "untested"]
"""How methods are told apart in a metric, or why they are not."""
TESTS: Final[dict[Verdict, Test]] = {"few": "few", "untested": "untested"}


@dataclass(frozen=True)
class Compared:
    """One method against the base in one metric."""

    metric: str
    method: str
    difference: float
    """The method minus the base, in the unit of the files: of the paired scores if there are any, else of the values;
    NaN if they have no image in common."""
    verdict: Verdict
    paired: Comparison | None
    """``None`` if the metric has no scores in common."""
    p_corrected: float = math.nan
    """Corrected by Holm over all tests of the comparison."""
    reason: str = ""
    """Why there is no verdict: ``5 people``, ``1 of 16 images in common``."""
    win_rate: float = math.nan
    """Share of images on which the method is better (without a direction: higher), ties counted half."""


@dataclass(frozen=True, eq=False)
class _Pair:
    """Two methods in one metric, before any test."""

    result: Result
    base: Result
    difference: np.ndarray
    """Of the scores on the images that both have; empty if there are none."""
    people: tuple[str, ...]
    """The person on each of those images."""
    has_scores: bool
    """Whether the metric has scores of images or blocks."""
    reason: str = ""
    """Why it cannot be tested."""
    apart: bool = False
    """Whether both have scores, but no image in common: then the difference of their values means nothing."""

    @property
    def testable(self) -> bool:
        """Whether there are scores of enough images in common."""
        return self.has_scores and not self.reason


def compare_run(run: RunData, base: str, metrics: Sequence[str] | None = None, seed: int = 0) -> list[Compared]:
    """Compare every other method of a run with one of them, in every metric that both have, or in some.

    Raises:
        UserError: the run has no such method or metric.
    """
    for kind, name, known in (("method", base, run.methods), *(("metric", m, run.metrics) for m in metrics or ())):
        if name not in known:
            raise UserError(f"{run.path}: no {kind} {name} in this run; it has {', '.join(known)}")
    keys = [(metric, method) for metric in metrics or run.metrics for method in run.methods if method != base]
    found = {key: pair for key in keys if (pair := _pair(run, *key, base)) is not None}
    rows = []
    for (metric, method), pair in found.items():
        test = paired(run, metric, method, base, seed) if pair.testable else None
        difference = math.nan if pair.apart else test.difference if test else pair.result.value - pair.base.value
        rows.append(Compared(metric, method, difference, "same", test, reason=pair.reason))
    verdicts = _judge(
        run, list(found), list(found.values()), [row.paired.p if row.paired else math.nan for row in rows]
    )
    return [
        replace(row, p_corrected=p, verdict=verdict, reason=reason, win_rate=_wins(run, row))
        for row, (verdict, p, reason) in zip(rows, verdicts, strict=True)
    ]


def paired(run: RunData, metric: str, first: str, second: str, seed: int = 0) -> Comparison | None:
    """Two methods' scores on the images (or blocks of them) that both have; ``None`` where there are none."""
    scores = run.per_image(metric)
    if first not in scores or second not in scores:
        return None
    both = scores[[first, second]].dropna()
    if both.empty:
        return None
    rate = run.metric(metric).unit == "%" and bool(both.isin([0, 1]).all(axis=None))
    return compare(both[first].to_numpy(), both[second].to_numpy(), seed, people(both.index, run.identities), rate)


def tied_with_best(run: RunData, metric: str, methods: Sequence[str] | None = None) -> tuple[str, list[str]] | None:
    """The method with the best value, and those that are not distinguishably worse (Holm over the column).

    A method scored on easier images may have the best value and yet be worse than another on the images that both have;
    then the two are tied. If scores are infinite, the best rank replaces the best value.

    Returns:
        ``None`` if nothing is ranked: no direction, or fewer than two methods with a value.
    """
    ranked = _against_best(run, metric, methods)
    if ranked is None:
        return None
    best, verdicts = ranked
    return best, [method for method, verdict in verdicts.items() if verdict != "worse"]


def used_test(run: RunData, metric: str, methods: Sequence[str] | None = None) -> Test | None:
    """How the methods of a metric are told apart from the best, or why none can be; ``None`` as above."""
    ranked = _against_best(run, metric, methods)
    if ranked is None:
        return None
    blind = {TESTS.get(verdict) for verdict in ranked[1].values()}
    if None not in blind:
        return "few" if "few" in blind else "untested"
    if len(run.per_image(metric)):
        return "paired"
    if run.metric(metric).unit in times.UNITS:
        return "times"
    return "exact" if run.metric(metric).exact else "intervals"


def told_apart(run: RunData, metric: str) -> set[frozenset[str]]:
    """The pairs of a run's methods that are distinguishable in a metric (Holm over all pairs)."""
    found = {key: pair for key in combinations(run.methods, 2) if (pair := _pair(run, metric, *key)) is not None}
    tests = [p_value(pair.difference, clusters=pair.people) if pair.testable else math.nan for pair in found.values()]
    verdicts = _judge(run, [(metric, first) for first, _ in found], list(found.values()), tests)
    names = {"better", "worse", "other"}
    return {frozenset(key) for key, (verdict, _, _) in zip(found, verdicts, strict=True) if verdict in names}


_Ranked = tuple[str, dict[str, Verdict]] | None
_RANKED: Final[WeakKeyDictionary[RunData, dict[tuple[str, tuple[str, ...]], _Ranked]]] = WeakKeyDictionary()


def _against_best(run: RunData, metric: str, methods: Sequence[str] | None) -> _Ranked:
    """The best method, and the others' verdicts against it; tested once for all formats of a run's table."""
    key = metric, tuple(methods or run.methods)
    known = _RANKED.setdefault(run, {})
    if key not in known:
        known[key] = _rank(run, *key)
    return known[key]


def _rank(run: RunData, metric: str, methods: Sequence[str]) -> _Ranked:
    info = run.metric(metric)
    found = {m: r for m in methods if (r := run.result(m, metric)) is not None and r.ok}
    if info.direction == "none" or len(found) < 2:
        return None
    sign = 1 if info.direction == "higher" else -1
    ranks = _ranks(run, metric, list(found))
    best = max(found, key=lambda method: sign * (ranks or {m: r.value for m, r in found.items()})[method])
    others = [method for method in found if method != best]
    pairs = [pair for method in others if (pair := _pair(run, metric, method, best)) is not None]
    tests = [p_value(pair.difference, clusters=pair.people) if pair.testable else math.nan for pair in pairs]
    verdicts = _judge(run, [(metric, method) for method in others], pairs, tests)
    return best, {method: verdict for method, (verdict, _, _) in zip(others, verdicts, strict=True)}


def _ranks(run: RunData, metric: str, methods: list[str]) -> dict[str, float]:
    """Mean rank on the images that all have (highest score, highest rank); empty if no score is infinite."""
    scores = run.per_image(metric)
    if not set(methods) <= set(scores.columns) or not np.isinf(scores[methods].to_numpy(dtype=float)).any():
        return {}
    both = scores[methods].dropna()
    return {str(name): float(rank) for name, rank in both.rank(axis=1).mean().items()} if len(both) else {}


def _pair(run: RunData, metric: str, method: str, base: str) -> _Pair | None:
    """Two methods with a value of a metric; ``None`` if one has none."""
    result, base_result = run.shown_result(method, metric), run.shown_result(base, metric)
    if result is None or base_result is None:
        return None
    scores = run.per_image(metric)
    if method not in scores or base not in scores:
        # Only one has scores: the other's images could not be cut into blocks
        reason = "" if len(scores) == 0 else "no interval"
        return _Pair(result, base_result, np.array([]), (), bool(len(scores)), reason)
    either = scores[[method, base]].dropna(how="all")
    both = either.dropna()
    pair = _Pair(
        result,
        base_result,
        differences(both[method].to_numpy(), both[base].to_numpy()),
        tuple(people(both.index, run.identities)),
        True,
    )
    fewer, more = sorted((result.n, base_result.n))
    if not len(both) or len(both) < COMMON_SHARE * len(either):
        return replace(pair, reason=f"{len(both)} of {len(either)} images in common", apart=not len(both))
    if not (run.scores["metric"] == metric).any() and fewer < COMMON_SHARE * more:
        return replace(pair, reason=f"measured on {fewer:g} and {more:g} images")
    return pair


def _judge(
    run: RunData, keys: Sequence[tuple[str, str]], pairs: Sequence[_Pair], tests: Sequence[float]
) -> list[tuple[Verdict, float, str]]:
    """The verdict on each pair, its corrected p, and why there is no verdict.

    Args:
        run: for the metrics' directions.
        keys: metric and method of each pair.
        pairs: what is compared.
        tests: p of each pair, NaN if it cannot be tested.
    """
    corrected = holm(tests)
    groups = {place: len(set(pair.people)) for place, pair in enumerate(pairs) if not math.isnan(tests[place])}
    enough = dict(zip(groups, can_tell(list(groups.values())), strict=True))
    verdicts: list[tuple[Verdict, float, str]] = []
    for place, ((metric, _), pair, p) in enumerate(zip(keys, pairs, corrected, strict=True)):
        reasons = [pair.reason]
        if place in enough and not enough[place]:
            verdict: Verdict = "few"
            noun = "person" if groups[place] == 1 else "people"
            reasons.append(f"{groups[place]} {noun}, {len(groups)} test{'s' * (len(groups) > 1)}")
        else:
            verdict = _verdict(run, metric, pair, p)
            reasons.append("no interval" if verdict == "untested" and not pair.reason else "")
        if infinite := int(np.isinf(pair.difference).sum()):
            reasons.append(f"{infinite} infinite: by rank")
        verdicts.append((verdict, p, "; ".join(filter(None, reasons))))
    return verdicts


def _verdict(run: RunData, metric: str, pair: _Pair, p: float) -> Verdict:
    """The verdict on a pair, by the sign of its paired difference: the values may be of different images."""
    info = run.metric(metric)
    if pair.has_scores:
        if math.isnan(p):
            return "untested"
        ahead, apart = lead(pair.difference), p < LEVEL
    else:
        ahead = pair.result.value - pair.base.value
        overlap = _overlap(pair.result, pair.base)
        if overlap is None and not info.exact:
            return "untested"
        apart = ahead != 0 if overlap is None else not overlap
        if info.unit in times.UNITS:
            apart = apart and times.ranked(pair.result.value, pair.base.value)
    if not apart:
        return "same"
    if info.direction == "none":
        return "other"
    return "better" if (ahead > 0) == (info.direction == "higher") else "worse"


def _overlap(result: Result, base: Result) -> bool | None:
    """Whether the intervals of two values overlap; ``None`` without intervals."""
    if not (result.has_interval and base.has_interval):
        return None
    return max(result.ci_low, base.ci_low) <= min(result.ci_high, base.ci_high)


def _wins(run: RunData, row: Compared) -> float:
    if row.paired is None:
        return math.nan
    return 1 - row.paired.win_rate if run.metric(row.metric).direction == "lower" else row.paired.win_rate
