"""The numbers of a run that the gate checks: times as ratios to a base, the others as they are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from fsrbench.errors import UserError
from fsrbench.gate.reference import VALUE_DIGITS, rounded
from fsrbench.runs import times
from fsrbench.runs.data import RunData
from fsrbench.runs.preference import JUDGED

MEMORY_UNITS: Final = ("MB",)
RATIO: Final = "x "
"""What the unit of a ratio begins with; the base's name follows."""

THROUGHPUT_BATCH: Final = 16
"""Images of the batch that throughput is measured with (:mod:`fsrbench.methods.timing`, which needs torch)."""

Key = tuple[str, str]
"""Method and metric."""


@dataclass(frozen=True)
class Checked:
    """One number of a run as the gate checks it."""

    value: float
    """NaN if the run has none; rounded as in the reference, so that equal numbers compare equal."""
    unit: str
    direction: str
    n: int
    note: str = ""
    """Why there is no number."""
    interval: tuple[float, float] | None = None
    """For a ratio of times: its widest range by the run's own 95 % intervals; ``None`` without them."""

    @property
    def has_value(self) -> bool:
        """Whether the run has the number."""
        return math.isfinite(self.value)


def checked_numbers(run: RunData, base: str | None) -> dict[Key, Checked]:
    """The numbers that the gate checks, floor and ceiling included.

    Times become ratios between methods of one run, which hardly differ from machine to machine. Left out: metrics
    without a direction, human judgements, the base's own times, and all times if there is no base.

    Args:
        base: the method that times are divided by.
    """
    found = {}
    for metric in run.metrics:
        rows = run.summary[run.summary["metric"] == metric].iloc[0]
        unit, direction = str(rows["unit"]), str(rows["direction"])
        timed = unit in times.UNITS
        if direction == "none" or metric in JUDGED or (timed and base is None):
            continue
        for method in run.rows:
            if timed and method == base:
                continue
            number = _ratio(run, method, metric, base) if timed and base else _value(run, method, metric)
            if number is not None:
                value, n, note = number
                shown, interval = (
                    (f"{RATIO}{base}", _ratio_interval(run, method, metric, base)) if timed else (unit, None)
                )
                found[method, metric] = Checked(rounded(value, VALUE_DIGITS), shown, direction, n, note, interval)
    return found


def is_device_bound(unit: str) -> bool:
    """Whether numbers in a unit of the gate differ from one kind of device to another."""
    return unit.startswith(RATIO) or unit in MEMORY_UNITS


def timing_base(run: RunData) -> str | None:
    """The method that a run's times are divided by: the one asked for, else the first network slow enough.

    If no method takes at least :data:`fsrbench.runs.times.LEAST_MS`, there is no base and times are not gated.

    Raises:
        UserError: the one asked for is too fast: its time varies with the machine's load.
    """
    requested = run.manifest.get("spec", {}).get("ratio_to")
    fastest = {method: time for method in run.methods if (time := shortest_time(run, method)) is not None}
    if requested in fastest and fastest[requested] < times.LEAST_MS:
        raise UserError(
            f"{run.path}: {_too_fast(str(requested), fastest[requested])}; run it with --ratio-to and a network"
        )
    fit = [method for method, time in fastest.items() if time >= times.LEAST_MS]
    networks = [method for method in fit if run.entry("methods", method).get("weights_sha256")]
    return str(requested) if requested in fit else next(iter([*networks, *fit]), None)


def shortest_time(run: RunData, method: str) -> float | None:
    """A method's time in ms by whichever metric gives the shortest; ``None`` if it was not timed."""
    rows = run.summary[(run.summary["method"] == method) & run.summary["unit"].isin(times.UNITS)]
    pairs = zip(rows["value"], rows["unit"], strict=True)
    found = [times.milliseconds(value, unit, THROUGHPUT_BATCH) for value, unit in pairs if math.isfinite(value)]
    return min(found, default=None)


def unfit_base(run: RunData, base: str | None) -> str:
    """Why a run's times cannot be divided by the base's; empty if they can, or the base has no times."""
    time = shortest_time(run, base) if base is not None else None
    return _too_fast(str(base), time) if time is not None and time < times.LEAST_MS else ""


def _too_fast(base: str, time: float) -> str:
    return f"{base} takes {time:.2g} ms, too short to divide other times by (at least {times.LEAST_MS:g} ms)"


def _value(run: RunData, method: str, metric: str) -> tuple[float, int, str] | None:
    result = run.result(method, metric)
    if result is None:
        return None
    n = 0 if math.isnan(result.n) else int(result.n)
    if not result.ok or not math.isfinite(result.value):
        return math.nan, n, f"{result.status}: {result.note}" if result.note else result.status
    return result.value, n, ""


def _ratio(run: RunData, method: str, metric: str, base: str) -> tuple[float, int, str] | None:
    number, base_number = _value(run, method, metric), _value(run, base, metric)
    if number is None or math.isnan(number[0]):
        return number
    if base_number is None or not base_number[0] > 0:  # NaN too
        return math.nan, number[1], f"no {metric} of {base} to divide by"
    return number[0] / base_number[0], number[1], ""


def _ratio_interval(run: RunData, method: str, metric: str, base: str | None) -> tuple[float, float] | None:
    result, base_result = run.result(method, metric), run.result(base or "", metric)
    if result is None or base_result is None or not (result.has_interval and base_result.has_interval):
        return None
    return (
        (result.ci_low / base_result.ci_high, result.ci_high / base_result.ci_low) if base_result.ci_low > 0 else None
    )
