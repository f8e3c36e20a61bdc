"""What must be the same in a run and in its reference, read from the run's manifest; and what need not but is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fsrbench.errors import UserError
from fsrbench.gate.reference import Degradation, MadeWith, MetricProtocol, Reference, Setup, Source, digest
from fsrbench.runs.data import RunData


class Incomparable(UserError):
    """Run and reference differ in what must be the same. One line for each difference."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        super().__init__("\n".join(lines))


def setup_of(run: RunData, base: str | None, metrics: Iterable[str]) -> Setup:
    """What a run's manifest says of how it was made.

    Raises:
        UserError: the manifest lacks what the gate must compare.
    """
    told, spec = run.manifest, run.manifest.get("spec") or {}
    try:
        degradation = told["degradation"]
        return Setup(
            task=told["task"],
            dataset=_source(told["dataset"]),
            degradation=Degradation(name=degradation["name"], protocol=degradation["protocol"]),
            seed=degradation.get("seed", spec.get("seed", 0)),
            reference_set=_source(told["reference"]) if told.get("reference") else None,
            metric_weights={name: str(w["sha256"]) for name, w in sorted((told.get("metric_weights") or {}).items())},
            device=device_of(run),
            timing_base=base,
            metrics={metric: _protocol(run, metric) for metric in sorted(metrics)},
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{run.path}/manifest.json does not say enough to be checked: {error!r}") from None


def device_of(run: RunData) -> str:
    """The kind of device a run was made on: ``cpu`` or ``cuda``."""
    return "cpu" if _machine(run.manifest).get("device", "cpu") == "cpu" else "cuda"


def made_with(run: RunData) -> MadeWith:
    """Where a run was made."""
    versions = run.manifest.get("versions") or {}
    return MadeWith(versions=dict(sorted(versions.items())), cpu=str(_machine(run.manifest).get("cpu", "unknown")))


def refuse_others(run: RunData, reference: Reference) -> None:
    """Let only a run pass that can be compared.

    Raises:
        Incomparable: data, degradation, seed, task or a metric's protocol differ.
        UserError: see :func:`setup_of`.
    """
    theirs = reference.setup
    ours = setup_of(run, theirs.timing_base, [m for m in theirs.metrics if m in run.metrics])
    pairs = [
        ("task", ours.task, theirs.task),
        ("number of images", str(ours.dataset.n), str(theirs.dataset.n)),
        ("degradation", ours.degradation.name, theirs.degradation.name),
        ("protocol of the degradation", ours.degradation.protocol, theirs.degradation.protocol),
        ("seed of degradation and folds", str(ours.seed), str(theirs.seed)),
    ]
    lines = [_line(run, what, here, there) for what, here, there in pairs if here != there]
    sets = [("data", ours.dataset, theirs.dataset), ("reference set", ours.reference_set, theirs.reference_set)]
    for what, mine, other in sets:
        if _hash(mine) != _hash(other):
            lines.append(_line(run, what, _named(mine), _named(other)))
    for metric, protocol in ours.metrics.items():
        if protocol.digest != theirs.metrics[metric].digest:
            lines.append(_line(run, f"protocol of {metric}", _told(protocol), _told(theirs.metrics[metric])))
    for name in sorted(ours.metric_weights.keys() & theirs.metric_weights.keys()):
        here, there = ours.metric_weights[name], theirs.metric_weights[name]
        if here != there:
            lines.append(_line(run, f"weight file {name} of a metric", here[:12], there[:12]))
    if lines:
        raise Incomparable(lines)


def notes(run: RunData, reference: Reference) -> list[str]:
    """What differs and need not be the same: weights of methods, packages, processor, kind of device. One line each."""
    lines = []
    for method, held in reference.methods.items():
        here = run.entry("methods", method).get("weights_sha256")
        if method in run.methods and here != held.weights_sha256:
            lines.append(f"{method} has other weights: {_short(held.weights_sha256)} -> {_short(here)}")
    before, after = reference.made_with, made_with(run)
    for package in sorted(before.versions.keys() | after.versions.keys()):
        old, new = before.versions.get(package), after.versions.get(package)
        if old != new:
            lines.append(f"{package} {old or 'not installed'} -> {new or 'not installed'}")
    if before.cpu != after.cpu:
        lines.append(f"processor {before.cpu} -> {after.cpu}")
    device = device_of(run)
    if device != reference.setup.device:
        lines.append(f"device {reference.setup.device} -> {device}: speed and memory are not gated")
    return lines


def _line(run: RunData, what: str, here: str, there: str) -> str:
    return f"{what} differs: {run.path} has {here}; the reference has {there}"


def _source(told: Mapping[str, Any]) -> Source:
    return Source(name=told["name"], n=told["n"], sha256=told["sha256"])


def _hash(source: Source | None) -> str:
    return source.sha256 if source else ""


def _named(source: Source | None) -> str:
    return f"{source.name} (sha256 {source.sha256[:12]})" if source else "none"


def _short(sha256: str | None) -> str:
    return f"sha256 {sha256[:12]}" if sha256 else "none"


def _protocol(run: RunData, metric: str) -> MetricProtocol:
    told = str((run.manifest.get("protocols") or {}).get(metric, ""))
    row = run.summary[run.summary["metric"] == metric].iloc[0]
    return MetricProtocol(protocol=told, digest=digest(told, str(row["unit"]), str(row["direction"])))


def _told(protocol: MetricProtocol) -> str:
    return f"{protocol.protocol!r} (digest {protocol.digest})"


def _machine(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    return manifest.get("machine") or {}
