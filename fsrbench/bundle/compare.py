"""Compare a result with a run that recomputed it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import pandas as pd

from fsrbench.bundle.agreement import differences
from fsrbench.bundle.facts import facts_of, metric_facts, weights_of
from fsrbench.bundle.findings import Finding, State, findings_of
from fsrbench.bundle.known import is_speed
from fsrbench.bundle.read import Bundle
from fsrbench.bundle.schema import Result, Summary
from fsrbench.bundle.tolerances import INTERVAL, Tolerance, tolerance
from fsrbench.errors import counted
from fsrbench.runs.data import RunData
from fsrbench.runs.manifest import findings, section
from fsrbench.runs.metric_info import Result as Number

OTHER_SETS = ("reference", "pairs")
"""Settings that name further data, which a verifier does not have."""


@dataclass
class Comparison:
    """The result of comparing with one run."""

    findings: list[Finding]
    recomputed: list[str] = field(default_factory=list)
    """Metrics that agree."""


def compare(bundle: Bundle, place: int, run: RunData, method: str, running: bool) -> Comparison:
    """Compare a result with a run of the same settings.

    Args:
        bundle: with the result.
        place: of the result.
        run: of the bundle's pictures, or of its method.
        method: its name in the run.
        running: whether the method itself ran.
    """
    result = bundle.results[place]
    about, again = result.track.title, "by running" if running else "from pictures"
    found = Comparison(findings_of(about, f"set-up {again}", _set_up(result, run, method, running), "is the same"))
    entry = section(section(run.manifest, "methods"), method)
    unsaid = [text for text in findings(entry) if text not in result.findings]
    found.findings += findings_of(about, f"checks {again}", unsaid, "find nothing that the result does not say")
    scores = bundle.scores(place)
    for row in result.summaries:
        number = run.result(method, row.metric)
        counted_here = running and row.exact
        if row.value is None or number is None or (is_speed(row.metric) and not counted_here):
            continue
        check = f"{row.metric} {again}"
        if reason := _why_open(bundle, place, row, run, number):
            found.findings.append(Finding(State.OPEN, about, check, reason))
            continue
        allowed = tolerance(row.metric, row.unit, running)
        own = scores[scores["metric"] == row.metric].set_index("image")["value"]
        made = run.scores[(run.scores["method"] == method) & (run.scores["metric"] == row.metric)]
        lines = [*_protocol(row, run), *_scores(own, made.set_index("image")["value"], allowed)]
        lines += _number(row, number, allowed)
        found.findings += findings_of(about, check, lines, f"agrees within {_words(allowed)}")
        if not lines:
            found.recomputed.append(row.metric)
    return found


def _set_up(result: Result, run: RunData, method: str, running: bool) -> Iterator[str]:
    """Differences in the track and, if the method ran, in its weights."""
    claimed, made = result.model_dump(mode="json"), facts_of(run.manifest, method)
    yield from differences(claimed["track"], made["track"], "the new run", "track.")
    if running:
        weights = weights_of(run.manifest, method)
        yield from differences(claimed["weights"], {"sha256": weights["sha256"]}, "the new run", "weights.")


def _why_open(bundle: Bundle, place: int, row: Summary, run: RunData, number: Number) -> str:
    """Why a number cannot be compared; empty if it can."""
    if not number.has_value:
        return f"{number.status} here: {number.note}"
    result, spec = bundle.results[place], section(bundle.manifest(place), "spec")
    if not list(_protocol(row, run)):
        return ""
    if named := [name for name in OTHER_SETS if spec.get(name)]:
        return f"was computed with --{named[0]}, which is not in the bundle"
    versions = {name: str(version) for name, version in section(run.manifest, "versions").items()}
    changed = [name for name, version in result.versions.items() if versions.get(name) != version]
    return f"its protocol differs here, with other versions of {', '.join(changed[:5])}" if changed else ""


def _protocol(row: Summary, run: RunData) -> Iterator[str]:
    """Differences in what was computed, according to the metric."""
    here = metric_facts(run.manifest, row.metric)
    for name in ("protocol", "unit", "direction"):
        if here[name] != getattr(row, name):
            yield f"{name} is {getattr(row, name)!r}, here {here[name]!r}"


def _scores(own: pd.Series, made: pd.Series, allowed: Tolerance) -> Iterator[str]:
    """Images whose scores differ; if a threshold decides, a few may."""
    if set(own.index) != set(made.index):
        yield f"{len(own)} scores, here {len(made)}"
        return
    made = made.reindex(own.index)
    pairs = zip(own.index, own, made, strict=True)
    off = [(str(i), float(a), float(b)) for i, a, b in pairs if not _near(float(a), float(b), allowed.allowed(b))]
    if len(off) > allowed.share * len(own):
        image, claimed, here = max(off, key=lambda each: abs(each[1] - each[2]) if math.isfinite(each[1]) else math.inf)
        of = counted(len(own), "image")
        yield f"the scores of {len(off)} of {of} differ, most that of {image}: {claimed:.6g}, here {here:.6g}"


def _number(row: Summary, number: Number, allowed: Tolerance) -> Iterator[str]:
    """Differences in number, n and interval."""
    assert row.value is not None
    step = max(allowed.allowed(number.value), allowed.share)
    if not _near(row.value, number.value, step):
        yield f"is {row.value:.6g}, here {number.value:.6g}"
    if row.n != number.n:
        yield f"n is {row.n}, here {number.n:g}"
    width = number.ci_high - number.ci_low
    if not number.has_interval:
        return
    step = max(step, INTERVAL * width)
    if row.ci_low is None or row.ci_high is None:
        yield f"has no interval, here {number.ci_low:.6g} to {number.ci_high:.6g}"
    elif not (_near(row.ci_low, number.ci_low, step) and _near(row.ci_high, number.ci_high, step)):
        here = f"{number.ci_low:.6g} to {number.ci_high:.6g}"
        yield f"its interval is {row.ci_low:.6g} to {row.ci_high:.6g}, here {here}"


def _near(one: float, other: float, allowed: float) -> bool:
    if math.isnan(one) or math.isnan(other) or math.isinf(one) or math.isinf(other):
        return one == other or (math.isnan(one) and math.isnan(other))
    return abs(one - other) <= allowed


def _words(allowed: Tolerance) -> str:
    parts = [f"{allowed.abs:g}"] if allowed.abs else []
    parts += [f"{allowed.rel:.3%}"] if allowed.rel else []
    parts += [f"{allowed.share:.1%} of the images"] if allowed.share else []
    return " or ".join(parts)
