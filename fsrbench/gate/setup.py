"""What must be the same in a run and in its reference, and what may differ but is reported; read from the manifest."""

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
    """How a run was made, from its manifest.

    Raises:
        UserError: the manifest lacks what the gate must compare.
    """
    manifest, spec = run.manifest, run.manifest.get("spec") or {}
    try:
        degradation = manifest["degradation"]
        return Setup(
            task=manifest["task"],
            dataset=_source(manifest["dataset"]),
            degradation=Degradation(name=degradation["name"], protocol=degradation["protocol"]),
            seed=degradation.get("seed", spec.get("seed", 0)),
            reference_set=_source(manifest["reference"]) if manifest.get("reference") else None,
            metric_weights={
                name: str(w["sha256"]) for name, w in sorted((manifest.get("metric_weights") or {}).items())
            },
            device=device_of(run),
            timing_base=base,
            metrics={metric: _protocol(run, metric) for metric in sorted(metrics)},
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{run.path}/manifest.json lacks what the gate compares: {error!r}") from None


def device_of(run: RunData) -> str:
    """The kind of device a run was made on: ``cpu`` or ``cuda``."""
    return "cpu" if _machine(run.manifest).get("device", "cpu") == "cpu" else "cuda"


def made_with(run: RunData) -> MadeWith:
    """Where a run was made."""
    versions = run.manifest.get("versions") or {}
    return MadeWith(versions=dict(sorted(versions.items())), cpu=str(_machine(run.manifest).get("cpu", "unknown")))


def refuse_others(run: RunData, reference: Reference) -> None:
    """Refuse a run that cannot be compared.

    Raises:
        Incomparable: data, degradation, seed, task or a metric's protocol differ.
        UserError: see :func:`setup_of`.
    """
    expected = reference.setup
    actual = setup_of(run, expected.timing_base, [m for m in expected.metrics if m in run.metrics])
    pairs = [
        ("task", actual.task, expected.task),
        ("number of images", str(actual.dataset.n), str(expected.dataset.n)),
        ("degradation", actual.degradation.name, expected.degradation.name),
        ("protocol of the degradation", actual.degradation.protocol, expected.degradation.protocol),
        ("seed of degradation and folds", str(actual.seed), str(expected.seed)),
    ]
    lines = [_line(run, what, new, old) for what, new, old in pairs if new != old]
    sets = [("data", actual.dataset, expected.dataset), ("reference set", actual.reference_set, expected.reference_set)]
    for what, actual_set, expected_set in sets:
        if _hash(actual_set) != _hash(expected_set):
            lines.append(_line(run, what, _named(actual_set), _named(expected_set)))
    for metric, protocol in actual.metrics.items():
        if protocol.digest != expected.metrics[metric].digest:
            lines.append(
                _line(run, f"protocol of {metric}", _described(protocol), _described(expected.metrics[metric]))
            )
    for name in sorted(actual.metric_weights.keys() & expected.metric_weights.keys()):
        old, new = expected.metric_weights[name], actual.metric_weights[name]
        if old != new:
            lines.append(_line(run, f"weight file {name} of a metric", new[:12], old[:12]))
    if lines:
        raise Incomparable(lines)


def notes(run: RunData, reference: Reference) -> list[str]:
    """Allowed differences: weights of methods, packages, processor, kind of device; one line each."""
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


def _source(entry: Mapping[str, Any]) -> Source:
    return Source(name=entry["name"], n=entry["n"], sha256=entry["sha256"])


def _hash(source: Source | None) -> str:
    return source.sha256 if source else ""


def _named(source: Source | None) -> str:
    return f"{source.name} (sha256 {source.sha256[:12]})" if source else "none"


def _short(sha256: str | None) -> str:
    return f"sha256 {sha256[:12]}" if sha256 else "none"


def _protocol(run: RunData, metric: str) -> MetricProtocol:
    protocol = str((run.manifest.get("protocols") or {}).get(metric, ""))
    row = run.summary[run.summary["metric"] == metric].iloc[0]
    return MetricProtocol(protocol=protocol, digest=digest(protocol, str(row["unit"]), str(row["direction"])))


def _described(protocol: MetricProtocol) -> str:
    return f"{protocol.protocol!r} (digest {protocol.digest})"


def _machine(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    return manifest.get("machine") or {}
