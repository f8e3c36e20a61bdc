"""The gate's logic: from a run and a reference to findings."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final

from fsrbench.gate.checked import RATIO, Checked, checked_numbers, is_device_bound, unfit_base
from fsrbench.gate.findings import Finding, Kind, Verdict
from fsrbench.gate.paired import Pair, compare_pairs, pair_up
from fsrbench.gate.reference import Held, HeldMethod, Reference
from fsrbench.gate.setup import device_of, notes, refuse_others
from fsrbench.gate.tolerances import Tolerance, default
from fsrbench.runs import times
from fsrbench.runs.data import RunData
from fsrbench.runs.metric_info import MetricInfo
from fsrbench.runs.names import HR, LR
from fsrbench.stats.corrections import LEVEL
from fsrbench.stats.paired import Comparison

RATIO_DIGITS: Final = 3
FLOOR: Final = "the floor: the data or the measurement has changed, not a method"
CEILING: Final = "the ceiling: the measurement has changed, not a method"


def check(run: RunData, reference: Reference, against: Path, seed: int = 0) -> Verdict:
    """Compare a run with a reference.

    Args:
        run: the finished run.
        reference: what it is compared with.
        against: the reference's file, for messages.
        seed: of the tests' permutations; independent of the run's own seed, which must equal the reference's.

    Raises:
        Incomparable: they differ in what must be the same.
        UserError: the run's manifest does not say enough.
    """
    refuse_others(run, reference)
    unfit = unfit_base(run, reference.setup.timing_base)
    ungated = [f"times are not gated: {unfit}; remake the reference with a network as base"] if unfit else []
    return Verdict(run.path, against, _Check(run, reference, seed).findings(), notes(run, reference) + ungated)


def tolerance(held: Held, metric: str) -> Tolerance:
    """The file's tolerance, else the default."""
    usual = default(metric, held.unit)
    return Tolerance(
        usual.abs if held.abs_tolerance is None else held.abs_tolerance,
        usual.rel if held.rel_tolerance is None else held.rel_tolerance,
    )


def allowed(held: Held, metric: str) -> float:
    """How far a number may get worse; for a time at least the difference between two runs of one network."""
    band = (times.BAND - 1) * abs(held.value) if held.unit.startswith(RATIO) else 0.0
    return max(tolerance(held, metric).allowed(held.value), band)


@dataclass(frozen=True)
class _Number:
    """A number that both run and reference have, and what its test needs."""

    method: str
    metric: str
    held: Held
    now: Checked
    pair: Pair | None

    @property
    def allowed(self) -> float:
        return allowed(self.held, self.metric)

    @property
    def gain(self) -> float:
        """How much better it got; negative for worse."""
        change = self.now.value - self.held.value
        return change if self.held.direction == "higher" else -change

    @property
    def beyond(self) -> bool:
        """Whether it moved beyond the tolerance, not counting rounding errors of the file's numbers."""
        return abs(self.gain) > self.allowed * (1 + 1e-9)

    @property
    def is_noise(self) -> bool:
        """Whether the run's own interval of a ratio of times reaches back into the tolerance."""
        if self.now.interval is None:
            return False
        low, high = self.now.interval
        nearest = min(max(self.held.value, low), high)
        return abs(nearest - self.held.value) <= self.allowed

    @property
    def tested(self) -> bool:
        """Whether it is one of the tests that p is corrected for."""
        return self.pair is not None and self.pair.testable and (self.beyond or self.pair.max_shift() > self.allowed)


class _Check:
    def __init__(self, run: RunData, reference: Reference, seed: int) -> None:
        self.run, self.reference, self.seed = run, reference, seed
        self.now = checked_numbers(run, reference.setup.timing_base)
        self.unfit = unfit_base(run, reference.setup.timing_base)
        self.other_device = device_of(run) != reference.setup.device
        self.scores = cache(run.per_image)

    def findings(self) -> list[Finding]:
        """All findings, by kind, then by method and metric."""
        found, numbers = [], []
        for method, held_method in self.reference.methods.items():
            if gone := self._gone(method, held_method):
                found.append(gone)
                continue
            for metric, held in held_method.metrics.items():
                now = self.now.get((method, metric), Checked(math.nan, held.unit, held.direction, 0, "not in this run"))
                if self.other_device and is_device_bound(held.unit):
                    found.append(self._finding(Kind.SKIPPED, method, metric, held, now, "another kind of device"))
                elif self.unfit and held.unit.startswith(RATIO):
                    found.append(self._finding(Kind.SKIPPED, method, metric, held, now, self.unfit))
                elif not now.has_value:
                    found.append(self._finding(Kind.LOST, method, metric, held, now, now.note))
                else:
                    pair = pair_up(self.scores(metric), self.reference, method, metric)
                    numbers.append(_Number(method, metric, held, now, pair))
        found += [*self._judged(numbers), *self._appeared()]
        order = list(Kind)
        return sorted(found, key=lambda finding: order.index(finding.kind))

    def _gone(self, method: str, held: HeldMethod) -> Finding | None:
        """A finding for a whole method that is missing from the run, or has no numbers there."""
        if method not in self.run.rows:
            return Finding(Kind.LOST, method, "", note="not in this run")
        notes = [now.note for key, now in self.now.items() if key[0] == method and key[1] in held.metrics]
        if held.metrics and notes and all(notes):
            return Finding(Kind.LOST, method, "", note=notes[0])
        return None

    def _judged(self, numbers: list[_Number]) -> Iterator[Finding]:
        tests = [number for number in numbers if number.tested]
        compared = compare_pairs([number.pair for number in tests if number.pair], self.seed)
        results = {(t.method, t.metric): result for t, result in zip(tests, compared, strict=True)}
        for number in numbers:
            comparison, p = results.get((number.method, number.metric), (None, math.nan))
            lost = number.pair.lost if number.pair else 0
            if lost:
                note = f"{lost} of {lost + len(number.pair.before) if number.pair else 0} images no longer have a score"
                yield self._finding(Kind.LOST, number.method, number.metric, number.held, number.now, note)
                continue
            kind = _kind(number, comparison, p)
            found = self._finding(kind, number.method, number.metric, number.held, number.now)
            yield replace(found, paired=comparison, p_corrected=p, note=_note(number))

    def _appeared(self) -> Iterator[Finding]:
        for method in self.run.rows:
            held = self.reference.methods.get(method)
            new = [(metric, now) for (name, metric), now in self.now.items() if name == method and now.has_value]
            if held is None and new:
                yield Finding(Kind.APPEARED, method, "", note="not in the reference")
            for metric, now in new if held else ():
                if held and metric not in held.metrics:
                    info = self._info(metric, now.unit)
                    yield Finding(Kind.APPEARED, method, metric, info, after=now.value, n=now.n)

    def _finding(self, kind: Kind, method: str, metric: str, held: Held, now: Checked, note: str = "") -> Finding:
        info = self._info(metric, held.unit)
        return Finding(kind, method, metric, info, held.value, now.value, allowed(held, metric), n=now.n, note=note)

    def _info(self, metric: str, unit: str) -> MetricInfo:
        """How the gate's values of a metric are written: in the gate's unit, which for times is a ratio."""
        shown = self.run.metric(metric)
        held = next((m.metrics[metric] for m in self.reference.methods.values() if metric in m.metrics), None)
        direction = shown.direction if metric in self.run.metrics or held is None else held.direction
        digits = RATIO_DIGITS if unit.startswith(RATIO) else shown.digits
        return MetricInfo.declared(metric, shown.title, unit, direction, digits)


def _note(number: _Number) -> str:
    if not number.beyond:
        return ""
    if number.now.interval is not None and number.is_noise:
        low, high = number.now.interval
        return f"too noisy to tell: {low:.{RATIO_DIGITS}f} to {high:.{RATIO_DIGITS}f} in this run"
    return {HR: CEILING, LR: FLOOR}.get(number.method, "")


def _kind(number: _Number, comparison: Comparison | None, p: float) -> Kind:
    if not number.beyond:
        return Kind.HOLDS
    if number.is_noise:
        return Kind.CHANCE
    if comparison is not None:
        agrees = (comparison.lead > 0) == (number.now.value > number.held.value)
        if not agrees or not p < LEVEL:
            return Kind.CHANCE
    return Kind.REGRESSED if number.gain < 0 else Kind.IMPROVED
