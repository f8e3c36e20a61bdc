"""Which numbers of a run the gate looks at, and as what: times as ratios, the rest as they are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from fsrbench.gate.reference import VALUE_DIGITS, rounded
from fsrbench.reports.data import RunData

TIME_UNITS: Final = ("ms", "s", "images/s")
"""Metrics in these are compared as ratios between methods of one run: machines differ, their ratios hardly."""
MEMORY_UNITS: Final = ("MB",)
RATIO: Final = "x "
"""What the unit of a ratio begins with; the base's name follows."""

Key = tuple[str, str]
"""Method and metric."""


@dataclass(frozen=True)
class Gated:
    """One number of a run as the gate sees it."""

    value: float
    """NaN where the run has none; rounded as the reference's, so that the same number is the same."""
    unit: str
    direction: str
    n: int
    note: str = ""
    """Why there is no number."""

    @property
    def there(self) -> bool:
        """Whether there is a number to hold or to keep."""
        return math.isfinite(self.value)


def gated(run: RunData, base: str | None) -> dict[Key, Gated]:
    """What the gate looks at in a run, the ceiling included.

    Left out: metrics without a direction, the base's own times, and all times without a base.

    Args:
        base: the method that times are divided by.
    """
    found = {}
    for metric in run.metrics:
        rows = run.summary[run.summary["metric"] == metric].iloc[0]
        unit, direction = str(rows["unit"]), str(rows["direction"])
        timed = unit in TIME_UNITS
        if direction == "none" or (timed and base is None):
            continue
        for method in run.rows:
            if timed and method == base:
                continue
            number = _ratio(run, method, metric, base) if timed and base else _value(run, method, metric)
            if number is not None:
                value, n, note = number
                shown = f"{RATIO}{base}" if timed else unit
                found[method, metric] = Gated(rounded(value, VALUE_DIGITS), shown, direction, n, note)
    return found


def is_device_bound(unit: str) -> bool:
    """Whether numbers in a unit of the gate differ from one kind of device to another."""
    return unit.startswith(RATIO) or unit in MEMORY_UNITS


def timing_base(run: RunData) -> str | None:
    """The method that a run's ratios are taken to: the one that was asked for, else the first with a time."""
    asked = run.manifest.get("spec", {}).get("ratio_to")
    summary = run.summary
    timed = set(summary.loc[summary["unit"].isin(TIME_UNITS) & (summary["status"] == "ok"), "method"])
    have = [method for method in run.methods if method in timed]
    return str(asked) if asked in have else next(iter(have), None)


def _value(run: RunData, method: str, metric: str) -> tuple[float, int, str] | None:
    result = run.result(method, metric)
    if result is None:
        return None
    n = 0 if math.isnan(result.n) else int(result.n)
    if not result.ok or not math.isfinite(result.value):
        return math.nan, n, f"{result.status}: {result.note}" if result.note else result.status
    return result.value, n, ""


def _ratio(run: RunData, method: str, metric: str, base: str) -> tuple[float, int, str] | None:
    mine, bases = _value(run, method, metric), _value(run, base, metric)
    if mine is None or math.isnan(mine[0]):
        return mine
    if bases is None or not bases[0] > 0:  # NaN too
        return math.nan, mine[1], f"no {metric} of {base} to divide by"
    return mine[0] / bases[0], mine[1], ""
