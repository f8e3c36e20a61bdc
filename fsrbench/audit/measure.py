"""Measure methods under all protocols: a few small runs that share what they compute."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from fsrbench.audit.findings import COLUMNS, DistinctPair, Findings
from fsrbench.audit.origin import Origin
from fsrbench.audit.protocols import DEFAULT, LR, Protocol, all_protocols
from fsrbench.degradations.recipes import find_degradation
from fsrbench.engine.frames import status_of
from fsrbench.engine.prepare import Prepared, prepare
from fsrbench.engine.run import execute
from fsrbench.errors import FsrbenchError, UserError, counted
from fsrbench.machine.console import Reporter
from fsrbench.metrics.base import Metric
from fsrbench.runs import folder
from fsrbench.runs.comparison import told_apart
from fsrbench.runs.data import RunData
from fsrbench.runs.frames import Frames
from fsrbench.runs.metric_info import MetricInfo
from fsrbench.spec import Alignment, RunSpec

IMAGES = 128
"""Images without --limit; enough for the ten folds of verification with six pictures per person."""
SLOW = {"niqe": 64}
"""Metrics measured on fewer images without --limit, because they are slow and vary little between images."""


@dataclass(frozen=True)
class Step:
    """One small run: protocols that share LR and images."""

    spec: RunSpec
    protocols: tuple[Protocol, ...]

    @property
    def metrics(self) -> list[Metric]:
        """What the run measures."""
        return [protocol.measure for protocol in self.protocols]


def audit_methods(spec: RunSpec, reporter: Reporter, origin: Origin | None = None) -> Findings:
    """Measure every metric of every method under every protocol.

    Args:
        spec: methods, data and so on; a ``limit`` holds for all metrics.
        reporter: shows progress and warnings.
        origin: the audited run, if there is one.

    Raises:
        UserError: no HR images, nothing usable in the data, or no method that can run.
    """
    known = all_protocols()
    defaults = _defaults(known)
    most = (origin and origin.images) or IMAGES
    limits = {m: spec.limit or min(SLOW.get(m, IMAGES), most) for m in defaults}
    spec = replace(spec, limit=max(limits.values()))
    with closing(prepare(spec, reporter, [p.measure for p in defaults.values()])) as first:
        _check(first)
        return _audit(first, known, limits, origin, reporter)


def _audit(
    first: Prepared, known: Sequence[Protocol], limits: Mapping[str, int], origin: Origin | None, reporter: Reporter
) -> Findings:
    spec = first.spec
    fixed_lr = any(sample.lr is not None for sample in first.dataset)
    protocols, notes = _applicable(known, spec, fixed_lr)
    usable = [p for p in protocols if p.metric not in first.refused_metrics]
    steps = _steps(replace(spec, methods={name: spec.methods[name] for name in first.methods}), usable, limits)
    rows: list[dict[str, Any]] = []
    apart: set[DistinctPair] = set()
    configured: dict[str, Metric] = {}
    with folder.locked(spec.out):
        for number, step in enumerate(steps, 1):
            reporter.say(f"step {number} of {len(steps)}: {_describe(step)}")
            with closing(prepare(step.spec, reporter, step.metrics)) as run:
                frames = execute(run, reporter).frames
            configured |= {metric.name: metric for metric in run.metrics}
            rows += _rows(step, frames.summary)
            apart |= _told_apart(step, frames)
    rows += _refused(first, protocols)
    protocols = tuple(replace(p, measure=configured.get(p.measure.name, p.measure)) for p in protocols)
    notes += origin.changes(first) if origin else []
    for note in notes:
        reporter.warn(note)
    return Findings(
        setting=_setting(first, fixed_lr),
        listed=tuple(spec.methods),
        metrics={name: _info(p.measure) for name, p in _defaults(known).items()},
        images={name: min(limit, len(first.dataset)) for name, limit in limits.items()},
        protocols=protocols,
        rows=_with_differences(rows, protocols),
        apart=frozenset(apart),
        notes=tuple(notes),
    )


def _applicable(known: Sequence[Protocol], spec: RunSpec, fixed_lr: bool) -> tuple[tuple[Protocol, ...], list[str]]:
    """The protocols that can vary something here, and notes on those that cannot."""
    side = spec.the_task.hr_size
    same = [p for p in known if p.only_enlarges_below(side)]
    known = [p for p in known if p not in same]
    notes = (
        [f"NIQE does not enlarge pictures of {side} px: protocols that enlarge in other ways are left out"]
        if same
        else []
    )
    varied = {p.degradation for p in known if p.degradation and p.degradation != spec.degradation}
    if fixed_lr:
        notes.append("LR comes with the data, so how it is made cannot vary")
        return tuple(p for p in known if p.group != LR), notes
    suited = {name for name in varied if find_degradation(name).suits(spec.the_task)}
    unsuited = ", ".join(sorted(varied - suited))
    notes += [f"LR by {unsuited} cannot be made for task {spec.task} and is left out"] if unsuited else []
    return tuple(p for p in known if p.group != LR or p.degradation in suited), notes


def _defaults(protocols: Sequence[Protocol]) -> dict[str, Protocol]:
    """The default protocols by metric: what a run measures."""
    return {protocol.metric: protocol for protocol in protocols if protocol.name == DEFAULT}


def _check(run: Prepared) -> None:
    if not run.dataset.has_hr:
        raise UserError(f"audit needs HR images; {run.dataset.name} has none, or not for every sample")
    if not run.methods:
        raise UserError("; ".join(f"{name}: {reason}" for name, reason in run.refused_methods.items()))


def _steps(spec: RunSpec, protocols: Sequence[Protocol], limits: Mapping[str, int]) -> list[Step]:
    """The runs that are needed, those with the specification's own LR first."""
    groups: dict[tuple[str, int, Alignment, Literal["one", "both"]], list[Protocol]] = {}
    for protocol in protocols:
        key = (protocol.degradation or spec.degradation, limits[protocol.metric], protocol.alignment, protocol.sides)
        groups.setdefault(key, []).append(protocol)
    return [
        Step(replace(spec, degradation=degradation, limit=limit, alignment=aligned, sides=sides), tuple(members))
        for (degradation, limit, aligned, sides), members in groups.items()
    ]


def _describe(step: Step) -> str:
    metrics = ", ".join(dict.fromkeys(p.metric for p in step.protocols))
    assert step.spec.limit is not None  # see _steps
    return f"{metrics} with LR by {step.spec.degradation}, {counted(step.spec.limit, 'image')}"


def _rows(step: Step, summary: pd.DataFrame) -> list[dict[str, Any]]:
    by_name = {p.measure.name: p for p in step.protocols}
    return [
        _row(row["method"], by_name[row["metric"]], row["value"], row["n"], row["status"], row["note"])
        for row in summary.to_dict("records")
    ]


def _told_apart(step: Step, frames: Frames) -> set[DistinctPair]:
    """Metric, protocol and two methods, for those that differ significantly."""
    run = RunData(step.spec.out, frames.scores, frames.summary, {}, blocks=frames.blocks, images=frames.images)
    return {
        (protocol.metric, protocol.name, pair)
        for protocol in step.protocols
        for pair in told_apart(run, protocol.measure.name)
    }


def _refused(run: Prepared, protocols: Sequence[Protocol]) -> list[dict[str, Any]]:
    """Rows for what could not be measured, with the reasons."""
    nan = float("nan")

    def row(method: str, protocol: Protocol, error: FsrbenchError) -> dict[str, Any]:
        return _row(method, protocol, nan, 0, status_of(error), str(error))

    rows = [row(m, p, error) for m, error in run.refused_methods.items() for p in protocols]
    return rows + [
        row(m, p, run.refused_metrics[p.metric])
        for p in protocols
        if p.metric in run.refused_metrics
        for m in run.methods
    ]


def _row(method: str, protocol: Protocol, value: float, n: int, status: str, note: str) -> dict[str, Any]:
    place = {"method": method, "metric": protocol.metric, "group": protocol.group, "protocol": protocol.name}
    return {**place, "value": value, "n": n, "status": status, "note": note}


def _with_differences(rows: Sequence[Mapping[str, Any]], protocols: Sequence[Protocol]) -> pd.DataFrame:
    """The rows, by metric and method in the protocols' order, each with its difference from the default."""
    order = {(p.metric, p.name): place for place, p in enumerate(protocols)}
    methods = list(dict.fromkeys(row["method"] for row in rows))
    metrics = list(dict.fromkeys(p.metric for p in protocols))

    def place(row: Mapping[str, Any]) -> tuple[int, int, int]:
        metric = row["metric"]
        return metrics.index(metric), methods.index(row["method"]), order[metric, row["protocol"]]

    defaults = {(r["method"], r["metric"]): r["value"] for r in rows if r["protocol"] == DEFAULT}
    ordered = [
        {**row, "difference": row["value"] - defaults[row["method"], row["metric"]]} for row in sorted(rows, key=place)
    ]
    return pd.DataFrame(ordered, columns=list(COLUMNS))


def _info(metric: Metric) -> MetricInfo:
    return MetricInfo.declared(metric.name, metric.title, metric.unit, metric.direction, metric.digits)


def _setting(run: Prepared, fixed_lr: bool) -> str:
    spec, size = run.spec, run.spec.the_task
    lr = "LR as given" if fixed_lr else f"LR by {spec.degradation} ({run.degradation.protocol})"
    return f"{Path(run.dataset.name).name}, {size}, {lr}, seed {spec.seed}"
