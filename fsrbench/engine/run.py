"""Execute a prepared run: score its units, time its methods, summarise."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from fsrbench import weights
from fsrbench.datasets import Dataset
from fsrbench.engine.cache_limit import CacheLimit
from fsrbench.engine.cached_timings import time_methods
from fsrbench.engine.collect import Collector
from fsrbench.engine.executors import executor_for
from fsrbench.engine.findings import Findings, find, refuse_data
from fsrbench.engine.plan import REFERENCE, Unit
from fsrbench.engine.prepare import Prepared
from fsrbench.engine.properties import image_properties
from fsrbench.engine.results import MethodResults
from fsrbench.engine.run_pictures import RunPictures
from fsrbench.engine.set_groups import set_groups
from fsrbench.engine.unit_features import stored_features
from fsrbench.errors import FsrbenchError, UserError, counted
from fsrbench.machine.console import Reporter
from fsrbench.methods.isolation import parent as isolation
from fsrbench.methods.names import folder_of
from fsrbench.methods.timing import EFFORTS, Readings
from fsrbench.metrics.base import SpeedMetric
from fsrbench.pictures.decode import to_tensor
from fsrbench.runs import folder
from fsrbench.runs.frames import Frames

TIMED_IMAGES = 16


@dataclass(frozen=True, eq=False)
class Outcome:
    """What an executed run returns."""

    frames: Frames
    findings: Findings
    results: Mapping[str, MethodResults]
    """By method, including HR and the reference set."""
    pictures: RunPictures
    executor: dict[str, Any]
    """Where its units were computed, for the manifest."""
    seconds: dict[str, float]
    """Wall time by phase."""


@dataclass
class Clock:
    """Wall time by phase."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Time the block."""
        start = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - start, 3)


def execute(prepared: Prepared, reporter: Reporter) -> Outcome:
    """Score, time and summarise.

    Raises:
        UserError: no image, or not the cluster, can be used.
        CannotWrite: the disk is full.
    """
    spec, context, clock = prepared.spec, prepared.context, Clock()
    folder.make(spec.out, spec.resume)
    for line in prepared.warnings():
        reporter.warn(line)
    collector = Collector(
        prepared.metrics,
        prepared.refused_metrics,
        dict(prepared.refused_methods),
        {sample.id: sample.identity for sample in prepared.dataset},
        spec.seed,
        partial(stored_features, context.store),
        context.store.folder,
        {sample.id: sample.role for sample in prepared.dataset},
        spec.the_task.is_restoration,
    )
    units = prepared.plan()
    limit = CacheLimit(context, units, reporter)
    with clock.phase("scoring"):
        executor = _score(prepared, units, collector, limit, reporter)
    _report_problems(prepared, collector.results, reporter)
    findings = find(prepared, collector.results)
    _report_findings(findings, reporter)
    if spec.strict:
        refuse_data(findings)
        collector.refuse(findings.refusals())
    _report_weights(prepared, reporter)
    with clock.phase("timing"):
        readings = _time(prepared, reporter)
    _note_changes(prepared, collector.results)
    with clock.phase("summary"):
        frames = collector.frames(prepared.rows(list(spec.methods)), readings, spec.ratio_to)
        properties = image_properties(prepared, collector.results)
        labels = prepared.dataset.labels
        sets = set_groups(collector, frames, labels)
        frames = replace(frames, labels=labels, properties=properties, set_groups=sets)
    if damaged := len(context.store.damaged):
        reporter.warn(f"cache: {counted(damaged, 'stored result')} could not be read; computed again")
    pictures = RunPictures(context, collector.results, limit)
    return Outcome(frames, findings, collector.results, pictures, executor, clock.seconds)


def _score(
    prepared: Prepared, units: Sequence[Unit], collector: Collector, limit: CacheLimit, reporter: Reporter
) -> dict[str, Any]:
    # Leave the executor before anything is timed: a cluster's processes would slow it down
    with executor_for(prepared.spec, reporter) as executor:
        for result in reporter.track(executor(units, prepared.context), len(units), "scoring"):
            collector.add(result)
            limit.add(result)
        facts = executor.facts()
    limit.report()
    _note_changes(prepared, collector.results)
    return facts


def _note_changes(prepared: Prepared, results: Mapping[str, MethodResults]) -> None:
    """Add what methods changed in this process while they were loaded or timed."""
    for name in results.keys() & set(prepared.methods):
        results[name].changed |= prepared.context.methods.changed[name]


def _report_problems(prepared: Prepared, collected: Mapping[str, MethodResults], reporter: Reporter) -> None:
    results = dict(collected)
    reference = results.pop(REFERENCE, None)
    unusable = {image: reason for r in results.values() for image, reason in r.unusable.items()}
    if len(unusable) == len(prepared.dataset):
        raise UserError(_none_usable(prepared.dataset, unusable))
    if reference and prepared.reference and not reference.ids:
        raise UserError(_none_usable(prepared.reference, reference.unusable))
    for image, reason in (unusable | (reference.unusable if reference else {})).items():
        reporter.warn(f"{image} left out: {reason}")
    for method, result in results.items():
        _report_method(method, result, reporter)


def _report_method(method: str, result: MethodResults, reporter: Reporter) -> None:
    if result.problems:
        image, reason = next(iter(result.problems.items()))
        reporter.warn(f"{method} failed on {counted(len(result.problems), 'image')}; {image}: {reason}")
    if result.changed:
        reporter.warn(f"{method} changed {', '.join(sorted(result.changed))} for the whole process; restored")
    if result.behaviour:
        reporter.warn(f"{method}: {result.behaviour}")
    if result.clipped:
        reporter.say(f"{method}: values outside [0, 1] clipped in {counted(result.clipped, 'image')}")


def _report_findings(findings: Findings, reporter: Reporter) -> None:
    for finding in findings.data:
        reporter.warn(f"data: {finding.text}")
    for method, found in findings.methods.items():
        for finding in found:
            reporter.warn(f"{method}: {finding.text}")


def _none_usable(dataset: Dataset, problems: Mapping[str, str]) -> str:
    image, reason = next(iter(problems.items()))
    return f"no image of {dataset.name} can be used ({len(problems)} left out); {image}: {reason}"


def _report_weights(prepared: Prepared, reporter: Reporter) -> None:
    """Warn of weight files that are not the declared ones, and of overrides that nothing reads."""
    present = (name for name in prepared.weight_names() if weights.is_available(name))
    for line in filter(None, map(weights.undeclared, present)):
        reporter.warn(line)
    for name in weights.unread(file for method in prepared.loaded() for file in method.weight_files()):
        reporter.warn(f"--weights {name}: nothing in this run is known to read it")


def _time(prepared: Prepared, reporter: Reporter) -> dict[str, Readings | FsrbenchError]:
    wanted = [metric.name for metric in prepared.metrics if isinstance(metric, SpeedMetric)]
    if not wanted or not prepared.methods:
        return {}
    spec, context = prepared.spec, prepared.context
    computing = [name for name in prepared.methods if folder_of(spec.methods[name]) is None]
    if computing and not all(metric.exact for metric in prepared.metrics if metric.name in wanted):
        reporter.say(f"timing {', '.join(computing)}")
    shard = next(shard for shard in prepared.shards if context.inputs.facts(shard).ids)
    lr = context.inputs.get(shard).lr[:TIMED_IMAGES]
    methods = dict(zip(prepared.methods, prepared.loaded(), strict=True))
    if spec.isolate:
        return isolation.sizes(methods, to_tensor(lr).to(context.device), wanted)
    effort, changed = EFFORTS[spec.timing], context.methods.changed
    return time_methods(context.store, methods, lr, context.device, wanted, effort, changed)
