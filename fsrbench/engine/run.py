"""One run, from its specification to its scores and summary."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fsrbench import weights
from fsrbench.datasets import Dataset, open_dataset, plugin_files
from fsrbench.datasets.pairs import read_pairs
from fsrbench.degradations.recipes import find_degradation
from fsrbench.engine.collect import Collector
from fsrbench.engine.executors import executor_for
from fsrbench.engine.frames import copies, status_of
from fsrbench.engine.plan import REFERENCE, make_plan, make_shards
from fsrbench.engine.results import MethodResults
from fsrbench.engine.store import Store
from fsrbench.engine.timed import time_methods
from fsrbench.engine.worker import Worker
from fsrbench.errors import FsrbenchError, UserError, one_line
from fsrbench.machine.console import Reporter
from fsrbench.machine.devices import find_device, use_no_more_threads_than_cores
from fsrbench.methods.isolation import parent as isolation
from fsrbench.methods.names import check_method
from fsrbench.methods.timing import EFFORTS, Readings
from fsrbench.metrics import resolve
from fsrbench.metrics.base import Facts, Metric, SpeedMetric
from fsrbench.pictures.decode import to_tensor
from fsrbench.process.containment import contained
from fsrbench.runs import folder
from fsrbench.runs.frames import Frames
from fsrbench.runs.names import CACHE, HR
from fsrbench.spec import RunSpec

TIMED_IMAGES = 16


@dataclass
class Outcome:
    """What a run's units gave."""

    frames: Frames
    results: Mapping[str, MethodResults]

    @property
    def failed(self) -> bool:
        """Whether some method or metric failed."""
        return bool((self.frames.summary["status"] == "failed").any())


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
        use_no_more_threads_than_cores()
        self.metrics = resolve(spec.metrics) if metrics is None else list(metrics)
        changed: dict[str, set[str]] = {name: set() for name in spec.methods}
        for name in spec.methods:
            with contained(changed[name]):
                check_method(name, spec.isolate)
        if spec.ratio_to is not None and spec.ratio_to not in spec.methods:
            raise UserError(f"--ratio-to {spec.ratio_to} is none of the methods")
        self.degradation = find_degradation(spec.degradation)
        self.dataset = open_dataset(spec.data).head(spec.limit)
        self.shards = make_shards(self.dataset)
        self.reference = self._open_reference()
        self.refused_metrics = self._refused_metrics()
        self.usable = [m for m in self.metrics if m.name not in self.refused_metrics]
        self.worker = Worker(spec, self.usable, self.device, Store((spec.out / CACHE).absolute()))
        self.worker.changed.update(changed)
        self.refused_methods = self._refused_methods()
        self._changed: dict[str, set[str]] = {}
        self.executor: dict[str, Any] = {}
        """Where units were done, once they are."""

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
        for line in self.reference.warnings if self.reference else ():
            self.reporter.warn(f"reference: {line}")
        collector = self._score()
        self._report_weights()
        with self.clock.phase("timing"):
            readings = self._time()
        with self.clock.phase("summary"):
            frames = collector.frames(self.rows(self.spec.methods), readings, self.spec.ratio_to)
        return Outcome(frames, collector.results)

    def weight_names(self) -> list[str]:
        """Names of the weight files that metrics and methods read."""
        methods = [self.worker.method(name) for name in self.methods]
        return sorted({*self.worker.weight_files(), *(name for method in methods for name in method.weight_names)})

    def close(self) -> None:
        """End the threads and processes that it started."""
        self.worker.close()

    def changed(self, method: str) -> list[str]:
        """What a method changed in the process, as far as it has run."""
        return sorted(self._changed.get(method, set()) | self.worker.changed[method])

    def files(self) -> list[Path] | None:
        """Files and folders that the scores depend on; ``None`` where something does not say which."""
        samples = [*self.dataset, *(self.reference or ())]
        pictures = [picture for sample in samples for picture in (sample.hr, sample.lr) if picture]
        methods = [self.worker.method(name) for name in self.methods]
        sources = {getattr(picture.files, "path", None) for picture in pictures}
        code = [reader.files() for reader in self.worker.readers()]
        code += [plugin_files(source) for source in (self.spec.data, self.spec.reference) if source]
        if None in sources or None in code or not all(method.depends_only_on_files() for method in methods):
            return None
        found = {path for path in sources if path} | {file for files in code for file in files or ()}
        found |= {self.spec.pairs} if self.spec.pairs else set()
        found |= {file for name in self.worker.weight_files() for file in weights.files(name)}
        return sorted(found | {file for method in methods for file in method.files()})

    def _open_reference(self) -> Dataset | None:
        if self.spec.reference is None:
            return None
        reference = open_dataset(self.spec.reference)
        if not reference.has_hr:
            raise UserError(f"--reference {self.spec.reference} has no HR image for every sample")
        return reference

    def _facts(self) -> Facts:
        return Facts(
            task=self.spec.the_task,
            images=len(self.dataset),
            has_hr=self.dataset.has_hr,
            has_pairs=self.dataset.has_pairs,
            seed=self.spec.seed,
            reference=len(self.reference) if self.reference else 0,
            pairs=read_pairs(self.spec.pairs) if self.spec.pairs else (),
            sides=self.spec.sides,
            alignment=self.spec.alignment,
            descriptor=self.spec.descriptor,
            isolated=self.spec.isolate,
        )

    def _refused_metrics(self) -> dict[str, FsrbenchError]:
        facts = self._facts()
        refused: dict[str, FsrbenchError] = {}
        for metric in self.metrics:
            try:
                with contained():
                    metric.check(facts)
            except UserError:
                raise
            except FsrbenchError as error:
                refused[metric.name] = error
            except Exception as error:  # a plug-in's metric may raise anything
                refused[metric.name] = FsrbenchError(one_line(error))
            if reason := refused.get(metric.name):
                self.reporter.warn(f"{metric.name} is {status_of(reason)}: {reason}")
        return refused

    def _refused_methods(self) -> dict[str, FsrbenchError]:
        refused: dict[str, FsrbenchError] = {}
        if self.spec.isolate:
            self.worker.start(self.spec.methods)
        for name in self.spec.methods:
            try:
                method = self.worker.method(name)
                with contained(self.worker.changed[name]):
                    self.worker.keys.method(name)
                    str(method.description), str(method.training), method.files()
            except FsrbenchError as error:
                if self.spec.isolate and isinstance(error, UserError):
                    raise  # nothing is called so, which only the method's own process could find out
                refused[name] = error
            except Exception as error:  # a plug-in's code may raise anything
                refused[name] = FsrbenchError(f"cannot be loaded: {one_line(error)}")
            for line in () if name in refused else self.worker.method(name).warnings:
                self.reporter.warn(f"{name}: {line}")
            if name in refused:
                self.reporter.warn(f"{name} is {status_of(refused[name])}: {refused[name]}")
        return refused

    def _score(self) -> Collector:
        identities = {s.id: s.identity for s in self.dataset}
        collector = Collector(
            self.metrics,
            self.refused_metrics,
            self.refused_methods,
            identities,
            self.spec.seed,
            self.worker.stored_features,
            self.worker.store.folder,
        )
        wanted = self.reference if self.worker.reference_extractors else None
        units = make_plan(self.shards, self.rows(self.methods), make_shards(wanted) if wanted else ())
        # The executor is left before anything is timed: a cluster's processes would be in the way
        with self.clock.phase("scoring"), executor_for(self.spec, self.reporter) as execute:
            for result in self.reporter.track(execute(units, self.worker), len(units), "scoring"):
                collector.add(result)
            self.executor = execute.facts()
        self._changed = {name: results.changed for name, results in collector.results.items()}
        self._report_problems(collector)
        return collector

    def _report_problems(self, collector: Collector) -> None:
        results = dict(collector.results)
        reference = results.pop(REFERENCE, None)
        unusable = {k: v for r in results.values() for k, v in r.unusable.items()}
        if len(unusable) == len(self.dataset):
            raise UserError(_none_usable(self.dataset, unusable))
        if reference and self.reference and not reference.ids:
            raise UserError(_none_usable(self.reference, reference.unusable))
        for image, reason in (unusable | (reference.unusable if reference else {})).items():
            self.reporter.warn(f"{image} left out: {reason}")
        for method, found in results.items():
            if found.problems:
                image, reason = next(iter(found.problems.items()))
                self.reporter.warn(f"{method} failed on {len(found.problems)} images; {image}: {reason}")
            if changed := self.changed(method):
                self.reporter.warn(f"{method} changed {', '.join(changed)} for the whole process; put back")
            if found.behaviour:
                self.reporter.warn(f"{method}: {found.behaviour}")
            if method != HR and (copied := copies(found)):
                self.reporter.warn(f"{method}: {copied}")
            if found.clipped:
                self.reporter.say(f"{method}: values outside [0, 1] clipped in {found.clipped} images")

    def _report_weights(self) -> None:
        """Warn of weight files that are not the declared ones, and of named ones that changed nothing."""
        methods = [self.worker.method(name) for name in self.methods]
        for line in filter(
            None, (weights.undeclared(name) for name in self.weight_names() if weights.is_available(name))
        ):
            self.reporter.warn(line)
        for name in weights.unread(file for method in methods for file in method.weight_files()):
            self.reporter.warn(f"--weights {name}: nothing in this run is known to read it")

    def _time(self) -> dict[str, Readings | FsrbenchError]:
        wanted = [m.name for m in self.metrics if isinstance(m, SpeedMetric)]
        if not wanted or not self.methods:
            return {}
        self.reporter.say(f"timing {', '.join(self.methods)}")
        lr = next(lr for shard in self.shards if len(lr := self.worker.inputs(shard).lr))[:TIMED_IMAGES]
        loaded = {name: self.worker.method(name) for name in self.methods}
        if self.spec.isolate:
            return isolation.sizes(loaded, to_tensor(lr).to(self.device), wanted)
        effort, changed = EFFORTS[self.spec.timing], self.worker.changed
        return time_methods(self.worker.store, loaded, lr, self.device, wanted, effort, changed)


def _none_usable(dataset: Dataset, problems: Mapping[str, str]) -> str:
    image, reason = next(iter(problems.items()))
    return f"none of the {len(problems)} images of {dataset.name} can be used; {image}: {reason}"
