"""One run, from its specification to its scores and summary."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import pandas as pd

from fsrbench.console import Reporter
from fsrbench.datasets import open_dataset
from fsrbench.degradations import DEGRADATIONS
from fsrbench.devices import find_device
from fsrbench.engine import folder
from fsrbench.engine.collect import Collector, MethodResults, status_of
from fsrbench.engine.executors import run_local
from fsrbench.engine.plan import HR, make_plan, make_shards
from fsrbench.engine.store import Store
from fsrbench.engine.worker import Worker
from fsrbench.errors import FsrbenchError, Invalid, Unavailable, UserError, one_line
from fsrbench.images import to_tensor
from fsrbench.methods import find_method
from fsrbench.metrics import resolve
from fsrbench.metrics.base import Facts, Metric, SpeedMetric
from fsrbench.metrics.timing import Readings, measure
from fsrbench.registry import Registry
from fsrbench.spec import RunSpec

TIMED_IMAGES = 16


@dataclass
class Outcome:
    """What a run's units gave."""

    scores: pd.DataFrame
    summary: pd.DataFrame
    results: Mapping[str, MethodResults]

    @property
    def failed(self) -> bool:
        """Whether some method or metric failed."""
        return bool((self.summary["status"] == "failed").any())


@dataclass
class Clock:
    """Wall time by phase."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Time what happens inside."""
        start = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - start, 3)


class Run:
    """The steps of a run, in order; each reads what the ones before left.

    Args:
        spec: what to run.
        reporter: where it tells how far it is.
        metrics: measure these instead of the specification's, e.g. one metric under several protocols.
    """

    def __init__(self, spec: RunSpec, reporter: Reporter, metrics: Sequence[Metric] | None = None) -> None:
        self.spec, self.reporter, self.clock = spec, reporter, Clock()
        self.device = find_device(spec.device)
        self.metrics = resolve(spec.metrics) if metrics is None else list(metrics)
        for name in spec.methods:
            _check_name(name)
        if spec.degradation not in DEGRADATIONS:
            known = Registry("degradation", dict.fromkeys(DEGRADATIONS, ""))
            raise UserError(known.unknown(spec.degradation))
        self.dataset = open_dataset(spec.data).head(spec.limit)
        self.shards = make_shards(self.dataset)
        self.refused_metrics = self._refused_metrics()
        self.usable = [m for m in self.metrics if m.name not in self.refused_metrics]
        self.worker = Worker(spec, self.usable, self.device, Store(spec.out / folder.CACHE))
        self.refused_methods = self._refused_methods()

    @property
    def methods(self) -> list[str]:
        """Methods that can run."""
        return [name for name in self.spec.methods if name not in self.refused_methods]

    def rows(self, methods: Sequence[str]) -> list[str]:
        """Methods and, where there are HR images, the row that scores them."""
        return [*methods, *([HR] if self.dataset.has_hr else [])]

    def go(self) -> Outcome:
        """Score, time and summarise."""
        folder.make(self.spec.out, self.spec.resume)
        for line in self.dataset.warnings:
            self.reporter.warn(line)
        collector = self._score()
        with self.clock.phase("timing"):
            readings = self._time()
        with self.clock.phase("summary"):
            scores, summary = collector.frames(self.rows(self.spec.methods), readings)
        return Outcome(scores, summary, collector.results)

    def _refused_metrics(self) -> dict[str, FsrbenchError]:
        facts = Facts(
            self.spec.the_task, len(self.dataset), self.dataset.has_hr, self.dataset.has_pairs, self.spec.seed
        )
        refused: dict[str, FsrbenchError] = {}
        for metric in self.metrics:
            try:
                metric.check(facts)
            except (Invalid, Unavailable) as error:
                refused[metric.name] = error
                self.reporter.warn(f"{metric.name} is {status_of(error)}: {error}")
        return refused

    def _refused_methods(self) -> dict[str, FsrbenchError]:
        refused: dict[str, FsrbenchError] = {}
        for name in self.spec.methods:
            try:
                self.worker.method(name)
            except FsrbenchError as error:
                refused[name] = error
            except Exception as error:  # a plug-in's code may raise anything
                refused[name] = FsrbenchError(f"cannot be loaded: {one_line(error)}")
            if name in refused:
                self.reporter.warn(f"{name} is {status_of(refused[name])}: {refused[name]}")
        return refused

    def _score(self) -> Collector:
        identities = {s.id: s.identity for s in self.dataset}
        collector = Collector(self.metrics, self.refused_metrics, self.refused_methods, identities, self.spec.seed)
        units = make_plan(self.shards, self.rows(self.methods))
        with self.clock.phase("scoring"):
            for result in self.reporter.track(run_local(units, self.worker), len(units), "scoring"):
                collector.add(result)
        self._report_problems(collector)
        return collector

    def _report_problems(self, collector: Collector) -> None:
        unusable = {k: v for r in collector.results.values() for k, v in r.unusable.items()}
        if len(unusable) == len(self.dataset):
            image, reason = next(iter(unusable.items()))
            raise UserError(f"none of the {len(unusable)} images of {self.dataset.name} can be used; {image}: {reason}")
        for image, reason in unusable.items():
            self.reporter.warn(f"{image} left out: {reason}")
        for method, results in collector.results.items():
            if results.problems:
                image, reason = next(iter(results.problems.items()))
                self.reporter.warn(f"{method} failed on {len(results.problems)} images; {image}: {reason}")
            if results.clipped:
                self.reporter.say(f"{method}: values outside [0, 1] clipped in {results.clipped} images")

    def _time(self) -> dict[str, Readings | FsrbenchError]:
        wanted = [m.name for m in self.metrics if isinstance(m, SpeedMetric)]
        if not wanted or not self.methods:
            return {}
        self.reporter.say(f"timing {', '.join(self.methods)}")
        lr = next(lr for shard in self.shards if len(lr := self.worker.inputs(shard).lr))[:TIMED_IMAGES]
        loaded = {name: self.worker.method(name) for name in self.methods}
        return measure(loaded, to_tensor(lr).to(self.device), self.device, wanted)


def _check_name(method: str) -> None:
    try:
        find_method(method)
    except UserError:
        raise
    except FsrbenchError:
        return  # it is there and cannot be imported: its rows will say why
