"""Prepare a run: open its data, check its metrics and load its methods; nothing is computed yet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fsrbench import weights
from fsrbench.datasets import Dataset, open_dataset, plugin_files
from fsrbench.datasets.base import combine_digests
from fsrbench.datasets.groups import with_groups
from fsrbench.datasets.pairs import read_pairs
from fsrbench.datasets.sizes import task_of
from fsrbench.degradations.base import Degradation
from fsrbench.degradations.recipes import check_task, find_degradation
from fsrbench.engine.context import Context
from fsrbench.engine.frames import status_of
from fsrbench.engine.plan import Shard, Unit, make_plan, make_shards
from fsrbench.engine.store import Store
from fsrbench.errors import FsrbenchError, UserError, one_line
from fsrbench.machine.console import Reporter
from fsrbench.machine.devices import find_device, use_no_more_threads_than_cores
from fsrbench.methods.base import Method
from fsrbench.methods.given_images import GivenImages
from fsrbench.methods.names import check_method, folder_of
from fsrbench.metrics.base import Metric, SpeedMetric
from fsrbench.metrics.facts import Facts
from fsrbench.metrics.reference_statistics import Statistics, is_statistics, open_statistics
from fsrbench.process.containment import contained
from fsrbench.protocols.build import resolve
from fsrbench.protocols.record import Record, find, record_of
from fsrbench.protocols.settings import check_data_of, check_task_of
from fsrbench.runs.names import CACHE, HR, LR
from fsrbench.spec import RunSpec
from fsrbench.tasks import AUTO, Task


@dataclass(frozen=True, eq=False)
class Prepared:
    """A run that is ready to be executed."""

    spec: RunSpec
    dataset: Dataset
    reference: Dataset | None
    statistics: Statistics | None
    """Statistics given in place of a reference set."""
    degradation: Degradation
    metrics: list[Metric]
    refused_metrics: dict[str, FsrbenchError]
    """Why metrics cannot be measured: the type gives the status, the message the note."""
    refused_methods: dict[str, FsrbenchError]
    """Why methods cannot run."""
    shards: list[Shard]
    context: Context
    """Internal to the engine."""

    @property
    def methods(self) -> list[str]:
        """Methods that can run."""
        return [name for name in self.spec.methods if name not in self.refused_methods]

    @property
    def usable_metrics(self) -> list[Metric]:
        """Metrics that can be measured."""
        return self.context.measures.metrics

    def rows(self, methods: Sequence[str]) -> list[str]:
        """Methods, the LR images if they are scored as floor or control, and the HR images if there are any."""
        control = any(getattr(metric, "control", False) for metric in self.usable_metrics)
        floor = [LR] if self.spec.the_task.is_restoration or control else []
        return [*methods, *floor, *([HR] if self.dataset.has_hr else [])]

    def records(self) -> list[Record]:
        """Records of the protocols that the run's metrics belong to."""
        found = (record_of(metric.name, self.spec.protocol) for metric in self.metrics)
        return list({record.id: record for record in found if record}.values())

    def plan(self) -> list[Unit]:
        """All units of work."""
        measures = self.context.measures
        reference = self.reference if measures.reference_feature_sets else None
        rows = dict.fromkeys([*self.rows(self.methods), *([LR] if measures.lr_feature_sets else [])])
        shards = make_shards(reference, self.spec.the_task) if reference else ()
        return make_plan(self.shards, list(rows), shards, self.probes_only)

    @property
    def probes_only(self) -> bool:
        """Whether SR of images enrolled in identification is not needed: no metric reads it, no picture is saved."""
        read = [metric for metric in self.usable_metrics if not isinstance(metric, SpeedMetric)]
        return bool(read) and not self.spec.save_images and not any(metric.reads_enrolled for metric in read)

    @property
    def shown_shards(self) -> list[Shard]:
        """Shards for which methods have pictures."""
        return [shard for shard in self.shards if not (self.probes_only and shard.all_enrolled)]

    def warnings(self) -> Iterator[str]:
        """Warnings about the data."""
        yield from self.dataset.warnings
        for line in self.reference.warnings if self.reference else ():
            yield f"reference: {line}"

    def loaded(self) -> list[Method]:
        """The methods that can run."""
        return [self.context.methods.get(name) for name in self.methods]

    def fingerprint(self, method: str) -> str:
        """A method's fingerprint right after loading."""
        return self.context.keys.loaded(method)

    def metric_weights(self) -> list[str]:
        """Names of the weight files that metrics read."""
        return self.context.measures.weight_names()

    def weight_names(self) -> list[str]:
        """Names of the weight files that metrics and methods read."""
        return sorted({*self.metric_weights(), *(name for method in self.loaded() for name in method.weight_names)})

    def files(self) -> list[Path] | None:
        """Files and folders that the scores depend on; ``None`` if they are not fully known."""
        samples = [*self.dataset, *(self.reference or ())]
        pictures = [picture for sample in samples for picture in (sample.hr, sample.lr) if picture]
        methods = self.loaded()
        sources = {getattr(picture.files, "path", None) for picture in pictures}
        code = [reader.files() for reader in self.context.measures.readers()]
        code += [plugin_files(source) for source in (self.spec.data, self.spec.reference) if source]
        if None in sources or None in code or not all(method.depends_only_on_files() for method in methods):
            return None
        found = {path for path in sources if path} | {file for files in code for file in files or ()}
        found |= {path for path in (self.spec.pairs, self.spec.groups) if path}
        found |= {record.path for record in self.records() if record.path}
        found |= {self.statistics.path} if self.statistics else set()
        found |= {file for name in self.metric_weights() for file in weights.files(name)}
        return sorted(found | {file for method in methods for file in method.files()})

    def close(self) -> None:
        """End the threads and processes that it started."""
        self.context.close()


def prepare(spec: RunSpec, reporter: Reporter, metrics: Sequence[Metric] | None = None) -> Prepared:
    """Open, check and load what a run needs.

    Args:
        spec: what to run.
        reporter: shows warnings about what cannot be measured or run.
        metrics: measure these instead of the specification's, e.g. one metric under several protocols.

    Raises:
        UserError: unknown names, or nothing usable in the data.
    """
    device = find_device(spec.device)
    use_no_more_threads_than_cores()
    metrics = resolve(spec.metrics, spec.protocol) if metrics is None else list(metrics)
    changed: defaultdict[str, set[str]] = defaultdict(set)
    for name, source in spec.methods.items():
        with contained(changed[name]):
            check_method(source, spec.isolate, name)
    if spec.ratio_to is not None and spec.ratio_to not in spec.methods:
        raise UserError(f"--ratio-to {spec.ratio_to} is not one of the methods")
    degradation = find_degradation(spec.degradation)
    whole = with_groups(open_dataset(spec.data), spec.groups)
    dataset = whole.head(spec.limit)
    spec = _with_task(spec, dataset, reporter)
    _check_protocol(spec, whole)
    shards = make_shards(dataset, spec.the_task)
    if not all(sample.lr for sample in dataset):
        _check_degradation(degradation, spec.the_task)
    reference = _open_reference(spec)
    statistics = open_statistics(spec.reference) if spec.reference and is_statistics(spec.reference) else None
    refused_metrics = _configure(metrics, _facts(spec, dataset, reference, statistics), reporter)
    usable = [metric for metric in metrics if metric.name not in refused_metrics]
    context = Context(spec, usable, device, Store((spec.out / CACHE).absolute()))
    context.methods.changed.update(changed)
    try:
        refused_methods = _refused_methods(context, [sample.id for sample in dataset], reporter)
    except BaseException:
        context.close()
        raise
    return Prepared(
        spec, dataset, reference, statistics, degradation, metrics, refused_metrics, refused_methods, shards, context
    )


def _with_task(spec: RunSpec, dataset: Dataset, reporter: Reporter) -> RunSpec:
    """The specification, its task ``auto`` replaced by the data's."""
    if spec.task != AUTO:
        return spec
    task = task_of(dataset, [folder for source in spec.methods.values() if (folder := folder_of(source))])
    reporter.say(f"task {task}, from the sizes of the pictures")
    return replace(spec, task=task.name)


def _check_protocol(spec: RunSpec, dataset: Dataset) -> None:
    """Refuse a task or data that the run's protocol is not for; they are known only once the data is open."""
    if spec.protocol is None:
        return
    record = find(spec.protocol)
    check_task_of(record, spec.task)
    if record.lr.sha256 is not None:
        check_data_of(record, spec.data, combine_digests(sample.digest() for sample in dataset))


def _check_degradation(degradation: Degradation, task: Task) -> None:
    """Refuse a degradation that cannot make the task's LR, and say where pictures go that are LR already."""
    try:
        check_task(degradation, task)
    except UserError as error:
        raise UserError(f"{error}; pictures that are inputs belong in LR/") from None


def _open_reference(spec: RunSpec) -> Dataset | None:
    if spec.reference is None or is_statistics(spec.reference):
        return None
    reference = open_dataset(spec.reference)
    if not reference.has_hr:
        raise UserError(f"--reference {spec.reference} has no HR image for every sample")
    return reference


def _facts(spec: RunSpec, dataset: Dataset, reference: Dataset | None, statistics: Statistics | None) -> Facts:
    return Facts(
        task=spec.the_task,
        images=len(dataset),
        has_hr=dataset.has_hr,
        has_pairs=dataset.has_pairs,
        seed=spec.seed,
        reference=len(reference) if reference else 0,
        statistics=statistics,
        pairs=read_pairs(spec.pairs) if spec.pairs else (),
        sides=spec.sides,
        alignment=spec.alignment,
        descriptor=spec.descriptor,
        has_roles=any(sample.role for sample in dataset),
        isolated=spec.isolate,
        degradation=None if any(sample.lr for sample in dataset) else spec.degradation,
    )


def _configure(metrics: list[Metric], facts: Facts, reporter: Reporter) -> dict[str, FsrbenchError]:
    """Replace each metric by one configured for this run; return why others are refused."""
    refused: dict[str, FsrbenchError] = {}
    for index, metric in enumerate(metrics):
        try:
            with contained():
                metric.check(facts)
                metrics[index] = metric.configured(facts)
        except UserError:
            raise
        except FsrbenchError as error:
            refused[metric.name] = error
        except Exception as error:  # a plug-in's metric may raise anything
            refused[metric.name] = FsrbenchError(one_line(error))
    _warn_of(refused, reporter)
    return refused


def _refused_methods(context: Context, images: Sequence[str], reporter: Reporter) -> dict[str, FsrbenchError]:
    spec, methods = context.spec, context.methods
    refused: dict[str, FsrbenchError] = {}
    if spec.isolate:
        methods.start(list(spec.methods))
    for name in spec.methods:
        try:
            method = methods.get(name)
            with contained(methods.changed[name]):
                context.keys.method(name)
                str(method.description), str(method.training), method.files()
                if isinstance(method, GivenImages):
                    method.check_names(images, limited=spec.limit is not None)
        except FsrbenchError as error:
            if spec.isolate and isinstance(error, UserError):
                raise  # no method has this name; only its own process could find that out
            refused[name] = error
        except Exception as error:  # a plug-in's code may raise anything
            refused[name] = FsrbenchError(f"cannot be loaded: {one_line(error)}")
        else:
            for line in method.warnings:
                reporter.warn(f"{name}: {line}")
    _warn_of(refused, reporter)
    return refused


def _warn_of(refused: Mapping[str, FsrbenchError], reporter: Reporter) -> None:
    """Warn once per reason, which several metrics or methods may share."""
    names: dict[tuple[str, str], list[str]] = {}
    for name, error in refused.items():
        names.setdefault((status_of(error), str(error)), []).append(name)
    for (status, reason), alike in names.items():
        verb = "" if status == "failed" else "is " if len(alike) == 1 else "are "
        reporter.warn(f"{', '.join(alike)} {verb}{status}: {reason}")
