"""Recompute a bundle's scores: from its pictures, or by running the method; needs the data."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fsrbench.api import evaluate
from fsrbench.bundle.again import Again
from fsrbench.bundle.agreement import ANSWERS
from fsrbench.bundle.compare import Comparison, compare
from fsrbench.bundle.findings import Finding, State
from fsrbench.bundle.inputs import check_inputs
from fsrbench.bundle.known import is_speed
from fsrbench.bundle.read import Bundle
from fsrbench.bundle.schema import Level, Result, ResultVerdict, Summary
from fsrbench.datasets import Dataset, open_dataset
from fsrbench.datasets.base import dataset_hash
from fsrbench.errors import FsrbenchError, UserError
from fsrbench.methods.base import METHODS
from fsrbench.protocols.build import resolve
from fsrbench.protocols.record import names as protocol_names
from fsrbench.runs.data import RunData
from fsrbench.runs.manifest import section
from fsrbench.runs.pictures import safe_name
from fsrbench.runs.preference import JUDGED

MEASURED_BY = ("sides", "alignment", "descriptor", "limit", "degradation", "task")
"""Settings of the run that the scores depend on, besides data, metrics and seed."""


@dataclass
class Recomputed:
    """Findings, and the verdict on each result."""

    findings: list[Finding] = field(default_factory=list)
    results: list[ResultVerdict] = field(default_factory=list)


def recompute(bundle: Bundle, again: Again) -> Recomputed:
    """Recompute as much of each result as possible.

    Raises:
        UserError: data cannot be opened, or the method that was named does not exist.
    """
    found = Recomputed()
    sources = {source: open_dataset(source) for source in again.data}
    for place, result in enumerate(bundle.results):
        one = _Result(bundle, place, again)
        source = one.source(sources)
        if isinstance(source, Finding):
            found.findings.append(source)
            found.results.append(one.verdict(Level.SELF_REPORTED, [], source.text))
            continue
        data = sources[source].head(one.limit)
        findings = check_inputs(result, data, str(one.spec.get("degradation") or "bicubic"))
        found.findings += findings
        if any(finding.state is State.MISMATCH for finding in findings):
            found.results.append(one.verdict(Level.SELF_REPORTED, [], "the images differ"))
            continue
        found.results.append(one.score(source, found.findings))
    return found


class _Result:
    """Recomputes one result."""

    def __init__(self, bundle: Bundle, place: int, again: Again) -> None:
        self.bundle, self.place, self.again = bundle, place, again
        self.result: Result = bundle.results[place]
        self.about, self.method = self.result.track.title, bundle.document.method.name
        self.spec: Mapping[str, Any] = section(bundle.manifest(place), "spec")
        limit = self.spec.get("limit")
        self.limit = limit if isinstance(limit, int) and limit > 0 else None

    @property
    def label(self) -> str:
        """The method's name when it is scored again; not a registered method's, which it may not be."""
        return f"{safe_name(self.method)}-again"

    def source(self, sources: Mapping[str, Dataset]) -> str | Finding:
        """The source of the result's data; a finding if none of the sources is."""
        wanted = self.result.track.dataset
        hashes = {}
        for source, data in sources.items():
            hashes[source] = dataset_hash(data.head(self.limit))
            if hashes[source] == wanted.sha256:
                return source
        names = [source for source in sources if Path(source).resolve().name == wanted.name]
        if named := names or (list(sources) if len(sources) == len(self.bundle.results) == 1 else []):
            text = f"{named[0]} is other data: sha256 {hashes[named[0]][:12]}, in the bundle {wanted.sha256[:12]}"
            return Finding(State.MISMATCH, self.about, "data", text)
        return Finding(State.OPEN, self.about, "data", f"no --data has the sha256 {wanted.sha256[:12]}")

    def score(self, source: str, findings: list[Finding]) -> ResultVerdict:
        """Score again in every possible way; the findings are added to the list."""
        level, agreeing, reason = Level.SELF_REPORTED, list[str](), "the bundle holds no pictures"
        if not self.bundle.pictures(self.place) and not self.runnable:
            text = (
                f"{reason}, and {self.result.source or 'its method'} is not installed here; --method names one to run"
            )
            findings.append(Finding(State.OPEN, self.about, "scores again", text))
        for running in (False, True):
            if not (self.runnable if running else self.bundle.pictures(self.place)):
                continue
            comparison = self._compared(source, running)
            findings += comparison.findings
            reached = Level.RUN if running else Level.PICTURES
            if any(finding.state is State.MISMATCH for finding in comparison.findings):
                return self.verdict(Level.SELF_REPORTED, [], "what was recomputed does not agree")
            agreeing = list(dict.fromkeys([*agreeing, *comparison.recomputed]))
            level = reached if self._all_in(comparison.recomputed) else level
            reason = "it could not be computed here"
        return self.verdict(level, agreeing, reason)

    @property
    def runnable(self) -> bool:
        """Whether to run the method: one was named, or there are no pictures and it is registered here."""
        if self.again.method is not None:
            return True
        return not self.bundle.pictures(self.place) and self.result.source in METHODS

    def _all_in(self, metrics: list[str]) -> bool:
        """Whether these are all metrics with a number, except times and people's answers."""
        with_number = (row for row in self.result.summaries if row.value is not None)
        wanted = [row.metric for row in with_number if not (is_speed(row.metric) or row.metric in JUDGED)]
        return bool(wanted) and set(wanted) <= set(metrics)

    def verdict(self, level: Level, agreeing: list[str], reason: str) -> ResultVerdict:
        """The verdict on the result."""
        rows = [row for row in self.result.summaries if row.value is not None and row.metric not in agreeing]
        left = {row.metric: _never(row) or reason for row in rows}
        return ResultVerdict(track=self.about, level=level, recomputed=agreeing, not_recomputed=left)

    def _compared(self, source: str, running: bool) -> Comparison:
        with tempfile.TemporaryDirectory(prefix="fsrbench-") as folder:
            try:
                method = (self.again.method or self.result.source) if running else self._unpacked(Path(folder))
                run = self._run(method, source, running)
            except FsrbenchError as error:
                open_check = Finding(State.OPEN, self.about, "scores again", str(error).splitlines()[0])
                return Comparison([open_check])
            return compare(self.bundle, self.place, run, self.label, running)

    def _unpacked(self, folder: Path) -> str:
        """Write the pictures, which were decoded and checked, for a run to read."""
        for image in self.bundle.pictures(self.place):
            path = folder / "pictures" / f"{image}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.bundle.picture(self.place, image))
        return f"images:{folder / 'pictures'}"

    def _run(self, method: str, source: str, running: bool) -> RunData:
        settings = {name: self.spec[name] for name in MEASURED_BY if self.spec.get(name) is not None}
        if protocol := self.result.track.protocol:
            if protocol.id not in protocol_names():
                raise UserError(f"protocol {protocol.id} is a file that is not available here")
            settings |= {"protocol": protocol.id}
            metrics = None
        else:
            metrics = self._metrics(running)
        settings |= {"seed": self.result.seed, "device": self.again.device, "offline": self.again.offline}
        return evaluate({self.label: method}, source, metrics, progress=False, **settings)

    def _metrics(self, running: bool) -> list[str]:
        """The metrics with a number that are known here; times are not measured again."""
        rows = [row for row in self.result.summaries if row.value is not None]
        wanted = [row.metric for row in rows if not is_speed(row.metric) or (running and row.exact)]
        known = [metric for metric in wanted if _is_known(metric)]
        if not known:
            raise UserError("no metric with a number can be computed here")
        return known


def _is_known(metric: str) -> bool:
    try:
        resolve([metric])
    except UserError:
        return False
    return True


def _never(row: Summary) -> str:
    """Why a number cannot be recomputed from pictures; empty if it can."""
    if row.metric in JUDGED:
        return ANSWERS
    if not is_speed(row.metric):
        return ""
    return "counted only where the method runs" if row.exact else "a time holds for its machine"
