"""Which differences between a run's methods are more than chance: paired, image by image, corrected for their number."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from fsrbench.errors import UserError
from fsrbench.reports.data import HR, RunData
from fsrbench.stats import LEVEL, Comparison, compare, holm


@dataclass(frozen=True)
class Compared:
    """One method against the base in one metric."""

    method: str
    metric: str
    paired: Comparison | None
    """``None`` where the metric has no score an image, so that nothing can be tested."""
    p_corrected: float = math.nan
    """Holm's correction over all rows of the comparison."""

    @property
    def distinguishable(self) -> bool:
        """Whether the difference is more than chance explains."""
        return self.p_corrected < LEVEL


def compare_run(run: RunData, base: str, seed: int = 0) -> list[Compared]:
    """Compare every other method of a run with one of them, in every metric that both have.

    Raises:
        UserError: the run has no such method.
    """
    if base not in run.methods:
        raise UserError(f"{run.path}: no method {base} in this run; it has {', '.join(run.methods)}")
    others = [method for method in run.methods if method != base]
    rows = [
        Compared(method, metric, paired(run, metric, method, base, seed))
        for metric in run.metrics
        for method in others
        if _both_valued(run, metric, method, base)
    ]
    corrected = holm([row.paired.p if row.paired else math.nan for row in rows])
    return [Compared(row.method, row.metric, row.paired, p) for row, p in zip(rows, corrected, strict=True)]


def paired(run: RunData, metric: str, first: str, second: str, seed: int = 0) -> Comparison | None:
    """Two methods' scores on the images that both have, ``None`` where there are fewer than two."""
    scores = run.per_image(metric)
    if first not in scores or second not in scores:
        return None
    both = scores[[first, second]].replace([np.inf, -np.inf], np.nan).dropna()
    if len(both) < 2:
        return None
    people = [run.identities.get(image, image) for image in both.index]
    return compare(both[first].to_numpy(), both[second].to_numpy(), seed, people)


def _both_valued(run: RunData, metric: str, first: str, second: str) -> bool:
    results = [run.result(method, metric) for method in (first, second)]
    return all(result is not None and result.has_value for result in results)


def tied_with_best(run: RunData, metric: str) -> tuple[str, list[str]] | None:
    """The method with the best value, and those that cannot be told from it.

    Metrics with scores an image are tested; others are compared by their intervals, and values without an interval (sizes,
    FLOPs) are exact.

    Returns:
        ``None`` where nothing is ranked.
    """
    info = run.metric(metric)
    found = {m: r for m in run.methods if (r := run.result(m, metric)) is not None and r.ok and m != HR}
    if info.direction == "none" or len(found) < 2:
        return None
    sign = 1 if info.direction == "higher" else -1
    best = max(found, key=lambda method: sign * found[method].value)
    others = [method for method in found if method != best]
    tests = {method: paired(run, metric, best, method) for method in others}
    corrected = dict(zip(others, holm([t.p if t else math.nan for t in tests.values()]), strict=True))
    tied = []
    for method in others:
        p = corrected[method]
        if not math.isnan(p):
            same = p >= LEVEL
        elif found[best].has_interval and found[method].has_interval:
            low, high = max(found[best].ci_low, found[method].ci_low), min(found[best].ci_high, found[method].ci_high)
            same = low <= high
        else:
            same = found[best].value == found[method].value
        if same:
            tied.append(method)
    return best, tied


def as_frame(rows: list[Compared], run: RunData) -> pd.DataFrame:
    """The comparison as a frame, in the units shown."""
    columns = ["metric", "method", "difference", "ci_low", "ci_high", "p", "p_holm", "effect", "win_rate", "n"]
    lines = []
    for row in rows:
        factor = run.metric(row.metric).factor
        c = row.paired
        numbers = (
            (
                c.difference * factor,
                c.ci_low * factor,
                c.ci_high * factor,
                c.p,
                row.p_corrected,
                c.effect,
                c.win_rate,
                c.n,
            )
            if c
            else (math.nan,) * 7 + (0,)
        )
        lines.append((row.metric, row.method, *numbers))
    return pd.DataFrame(lines, columns=columns)
