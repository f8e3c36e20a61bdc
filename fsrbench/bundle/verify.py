"""Verify a bundle: whether it is consistent and, given data, whether recomputed scores agree."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from fsrbench.bundle.again import Again
from fsrbench.bundle.agreement import check_result
from fsrbench.bundle.findings import BUNDLE, Finding, Outcome, findings_of
from fsrbench.bundle.pictures import check_pictures, check_task
from fsrbench.bundle.read import Bundle, moment_of
from fsrbench.bundle.schema import Level, ResultVerdict
from fsrbench.errors import UserError


def verify(bundle: Bundle, again: Again | None = None) -> Outcome:
    """All checks of a bundle.

    Raises:
        UserError: a part of it, or the data, cannot be read.
    """
    findings = findings_of(BUNDLE, "files", bundle.damage(), "are those that bundle.json lists")
    findings += findings_of(BUNDLE, "tracks", _twice(bundle), "are different ones")
    findings += findings_of(BUNDLE, "date", _dates(bundle), "is that of its latest run")
    for place in range(len(bundle.results)):
        findings += _of_result(bundle, place)
    results = [_self_reported(bundle, place) for place in range(len(bundle.results))]
    outcome = Outcome(bundle.path, bundle.sha256, findings, results)
    if again is None or not again.data or outcome.red:
        return outcome
    from fsrbench.bundle.recompute import recompute  # takes seconds: torch

    found = recompute(bundle, again)
    return Outcome(bundle.path, bundle.sha256, [*findings, *found.findings], found.results)


def _of_result(bundle: Bundle, place: int) -> Iterator[Finding]:
    check_task(bundle.results[place])
    try:
        yield from check_result(bundle, place)
        yield from check_pictures(bundle, place)
    except UserError as error:
        about = bundle.results[place].track.title
        yield from findings_of(about, "files", [str(error).removeprefix(f"{bundle.path}: ")], "")


def _twice(bundle: Bundle) -> Iterator[str]:
    seen = set()
    for result in bundle.results:
        if (key := result.track.model_dump_json()) in seen:
            yield f"{result.track.title} appears twice"
        seen.add(key)


def _dates(bundle: Bundle) -> Iterator[str]:
    """A date that is not its latest run's, or is in the future: a board shows the newest of a method's bundles."""
    latest = max(result.finished for result in bundle.results)
    if bundle.document.created != latest:
        yield f"created is {bundle.document.created!r}, the latest run was finished {latest!r}"
    tomorrow = datetime.now(UTC) + timedelta(days=1)  # clocks differ
    if (moment := moment_of(bundle.document.created)) and moment > tomorrow:
        yield f"created is {bundle.document.created!r}, which is in the future"


def _self_reported(bundle: Bundle, place: int) -> ResultVerdict:
    result = bundle.results[place]
    reason = "not recomputed: --data was not given"
    left = {row.metric: reason for row in result.summaries if row.value is not None}
    return ResultVerdict(track=result.track.title, level=Level.SELF_REPORTED, recomputed=[], not_recomputed=left)
