"""Check that a result is consistent: manifest, images, scores and numbers. Needs neither the data nor torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from fsrbench.bundle.facts import facts_of, metric_facts, weights_of
from fsrbench.bundle.findings import Finding, State, findings_of
from fsrbench.bundle.known import KNOWN, is_speed
from fsrbench.bundle.read import Bundle
from fsrbench.bundle.schema import Result
from fsrbench.bundle.summaries import SummaryCheck
from fsrbench.errors import UserError
from fsrbench.runs.manifest import section
from fsrbench.runs.preference import JUDGED

ANSWERS: Final = "what people answered is not in a bundle"


def check_result(bundle: Bundle, place: int) -> Iterator[Finding]:
    """Compare a result's parts with each other.

    Raises:
        UserError: a part cannot be read.
    """
    result, about = bundle.results[place], bundle.results[place].track.title
    manifest = bundle.manifest(place)
    method = bundle.document.method.name
    yield from findings_of(about, "manifest", _manifest(result, manifest, method), "says what the result says")
    yield from findings_of(about, "metrics", _metrics(result, manifest), "are declared as the run measured them")
    yield from _summaries(bundle, place, manifest)


def _manifest(result: Result, manifest: Mapping[str, Any], method: str) -> Iterator[str]:
    """Differences between the result and its run's manifest."""
    if method not in section(manifest, "methods"):
        yield f"has no method {method}"
        return
    claimed = result.model_dump(mode="json")
    yield from differences(claimed, facts_of(manifest, method), "the manifest")
    yield from differences(claimed["weights"], weights_of(manifest, method), "the manifest", "weights.")
    if len(result.images) != result.track.dataset.n:
        yield f"{len(result.images)} images are listed; the run used {result.track.dataset.n}"
    if (parameters := result.summary("params")) and parameters.value != result.weights.parameters:
        yield f"weights.parameters is {result.weights.parameters}, the number of params {parameters.value}"


def _metrics(result: Result, manifest: Mapping[str, Any]) -> Iterator[str]:
    """Metrics that are declared otherwise than by the run, or fsrbench's own otherwise than by fsrbench."""
    declared = section(manifest, "metrics")
    for row in result.summaries:
        claimed, judged = row.model_dump(mode="json"), row.metric in JUDGED  # by people, after the run
        if row.metric not in declared and not judged:
            yield f"{row.metric}: the run did not measure it"
            continue
        if not judged:
            yield from differences(claimed, metric_facts(manifest, row.metric), "the manifest", f"{row.metric}: ")
        if known := KNOWN.get(row.metric):
            own = {"unit": known.unit, "direction": known.direction}
            yield from differences(claimed, own, "fsrbench's metric of this name", f"{row.metric}: ")
    if missing := sorted(declared.keys() - {row.metric for row in result.summaries}):
        yield f"{', '.join(missing)}: the run measured it, and the result does not have it"


def differences(claimed: Mapping[str, Any], expected: Mapping[str, Any], of: str, place: str = "") -> Iterator[str]:
    """One line for each field of ``expected`` that differs in ``claimed``.

    Example:
        >>> list(differences({"a": 1, "b": {"c": "x4"}}, {"b": {"c": "x8"}}, "the manifest"))
        ["b.c is 'x4', in the manifest 'x8'"]
    """
    for name, value in expected.items():
        other = claimed.get(name)
        if isinstance(value, Mapping) and isinstance(other, Mapping):
            if missing := sorted(other.keys() - value.keys()):
                yield f"{place}{name} has {', '.join(missing)}, {of} does not"
            yield from differences(other, value, of, f"{place}{name}.")
        elif other != value:
            yield f"{place}{name} is {_short(other)}, in {of} {_short(value)}"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:200]}..."


def _summaries(bundle: Bundle, place: int, manifest: Mapping[str, Any]) -> Iterator[Finding]:
    """Findings on every number; those made of scores are recomputed from the scores."""
    result = bundle.results[place]
    about = result.track.title
    try:
        failed = section(section(section(manifest, "methods"), bundle.document.method.name), "failed_images")
        check = SummaryCheck(result, bundle.scores(place), bundle.blocks(place), failed)
    except UserError as error:
        yield Finding(State.MISMATCH, about, "scores", str(error).removeprefix(f"{bundle.path}/"))
        return
    yield from findings_of(about, "scores", check.strangers(), "are of the result's metrics")
    for row in result.summaries:
        text, mismatches = check.number(row)
        yield from findings_of(about, row.metric, mismatches, text)
        if is_speed(row.metric) and row.value is not None and not row.exact:
            where = f"measured on {result.machine.title}: a time cannot be verified elsewhere"
            yield Finding(State.OPEN, about, row.metric, where)
        elif row.metric in JUDGED and row.value is not None:
            yield Finding(State.OPEN, about, row.metric, ANSWERS)
        elif check.is_free(row):
            yield Finding(State.OPEN, about, row.metric, "only with --data can it be computed again")
