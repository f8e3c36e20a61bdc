"""Which differences between a run's methods are more than chance: paired, image by image, corrected for their number.

Metrics with a score an image, or with blocks of images for the whole set, are tested. Of the others those with
intervals differ where the intervals do not overlap, times (latency, throughput) only if they are beyond a band as well,
and those without intervals (parameters, FLOPs) are exact.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from fsrbench import times
from fsrbench.errors import UserError
from fsrbench.reports.data import Result, RunData
from fsrbench.stats import LEVEL, Comparison, compare, holm, p_value, people

Verdict = Literal["better", "worse", "other", "same"]
"""``other``: distinguishable, in a metric without a direction; ``same``: not distinguishable."""


@dataclass(frozen=True)
class Compared:
    """One method against the base in one metric."""

    metric: str
    method: str
    difference: float
    """The method minus the base, in the unit of the files: of the scores of both where paired, else of the values."""
    verdict: Verdict
    paired: Comparison | None
    """``None`` where the metric cannot be tested."""
    p_corrected: float = math.nan
    """By Holm, over all tests of the comparison."""


def compare_run(run: RunData, base: str, metrics: Sequence[str] | None = None, seed: int = 0) -> list[Compared]:
    """Compare every other method of a run with one of them, in every metric that both have, or in some.

    Raises:
        UserError: the run has no such method or metric.
    """
    for kind, name, known in (("method", base, run.methods), *(("metric", m, run.metrics) for m in metrics or ())):
        if name not in known:
            raise UserError(f"{run.path}: no {kind} {name} in this run; it has {', '.join(known)}")
    rows = [
        Compared(metric, method, test.difference if test else mine.value - its.value, "same", test)
        for metric in metrics or run.metrics
        for method in run.methods
        if method != base and (mine := _valued(run, method, metric)) and (its := _valued(run, base, metric))
        for test in (paired(run, metric, method, base, seed),)
    ]
    corrected = holm([row.paired.p if row.paired else math.nan for row in rows])
    return [
        replace(row, p_corrected=p, verdict=_verdict(run, row.metric, row.method, base, row.difference, p))
        for row, p in zip(rows, corrected, strict=True)
    ]


def paired(run: RunData, metric: str, first: str, second: str, seed: int = 0) -> Comparison | None:
    """Two methods' scores on the images (or blocks of them) that both have; ``None`` where there are fewer than two."""
    scores = _shared(run, metric, first, second)
    return compare(scores[0], scores[1], seed, scores[2]) if scores else None


def tied_with_best(run: RunData, metric: str, methods: Sequence[str] | None = None) -> tuple[str, list[str]] | None:
    """The method with the best value, and those that cannot be told to be worse (Holm over the column).

    One that was scored on easier images may have the best value and be worse than another on those that both have;
    the two are not told apart then.

    Returns:
        ``None`` where nothing is ranked: no direction, or fewer than two methods with a value.
    """
    info = run.metric(metric)
    found = {m: r for m in methods or run.methods if (r := run.result(m, metric)) is not None and r.ok}
    if info.direction == "none" or len(found) < 2:
        return None
    sign = 1 if info.direction == "higher" else -1
    best = max(found, key=lambda method: sign * found[method].value)
    others = [method for method in found if method != best]
    shared = [_shared(run, metric, method, best) for method in others]
    corrected = holm([p_value(s[0] - s[1], clusters=s[2]) if s else math.nan for s in shared])
    differences = [
        float((s[0] - s[1]).mean()) if s else found[method].value - found[best].value
        for method, s in zip(others, shared, strict=True)
    ]
    tests = zip(others, differences, corrected, strict=True)
    return best, [m for m, difference, p in tests if _verdict(run, metric, m, best, difference, p) != "worse"]


def _shared(run: RunData, metric: str, first: str, second: str) -> tuple[np.ndarray, np.ndarray, list[str]] | None:
    """Finite scores of both methods on the same images, and who is on them."""
    scores = run.per_image(metric)
    if first not in scores or second not in scores:
        return None
    both = scores[[first, second]].replace([np.inf, -np.inf], np.nan).dropna()
    if len(both) < 2:
        return None
    return both[first].to_numpy(), both[second].to_numpy(), people(both.index, run.identities)


def _verdict(run: RunData, metric: str, method: str, base: str, difference: float, p: float) -> Verdict:
    """What a difference says. Its sign counts and not the values', which may be of different images."""
    mine, its = _valued(run, method, metric), _valued(run, base, metric)
    assert mine is not None
    assert its is not None
    if not _apart(mine, its, p) or (run.metric(metric).unit in times.UNITS and not times.ranked(mine.value, its.value)):
        return "same"
    direction = run.metric(metric).direction
    if direction == "none":
        return "other"
    return "better" if (difference > 0) == (direction == "higher") else "worse"


def _apart(mine: Result, its: Result, p: float) -> bool:
    if not math.isnan(p):
        return p < LEVEL
    if mine.has_interval and its.has_interval:
        return max(mine.ci_low, its.ci_low) > min(mine.ci_high, its.ci_high)
    return mine.value != its.value


def _valued(run: RunData, method: str, metric: str) -> Result | None:
    result = run.result(method, metric)
    return result if result is not None and result.has_value else None
