"""Turn unit results into evaluations: a number for every metric and method, or the reason why it is missing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np

from fsrbench.datasets.roles import ENROLLED
from fsrbench.engine.frames import FrameWriter, failures
from fsrbench.engine.plan import REFERENCE
from fsrbench.engine.results import FeatureReader, MethodResults, ReadFeatures, UnitResult
from fsrbench.errors import FsrbenchError, Invalid, Unavailable, one_line
from fsrbench.methods.timing import Readings
from fsrbench.metrics.base import CombinedMetric, FeatureMetric, Metric, SpeedMetric
from fsrbench.metrics.evaluation import Evaluation, Faces
from fsrbench.process.containment import contained
from fsrbench.process.state import standardise
from fsrbench.runs.columns import too_many_failed
from fsrbench.runs.frames import Frames
from fsrbench.runs.names import HR, LR
from fsrbench.stats.intervals import LARGEST

Refused = FsrbenchError
"""Why a method or a metric has no numbers: the type gives the status, the message the note."""


class Collector:
    """Makes the data frames from unit results and from refused methods and metrics.

    Args:
        metrics: of the run.
        refused_metrics: those that cannot be measured, and why.
        refused_methods: those that cannot run, and why.
        identities: the person on each image, where known.
        seed: of the run.
        read: reads the features of a unit.
        folder: for features of more images than memory should hold.
        roles: of each image in identification, if the data has roles.
        floor: whether every metric scores the LR images, and not only those that need them as a control.
    """

    def __init__(
        self,
        metrics: Sequence[Metric],
        refused_metrics: Mapping[str, Refused],
        refused_methods: Mapping[str, Refused],
        identities: Mapping[str, str | None],
        seed: int,
        read: ReadFeatures,
        folder: Path,
        roles: Mapping[str, str | None] = MappingProxyType({}),
        floor: bool = True,
    ) -> None:
        self.roles, self.floor = roles, floor
        self.metrics, self.refused_metrics, self.refused_methods = metrics, refused_metrics, refused_methods
        self.identities, self.seed = identities, seed
        self.results: dict[str, MethodResults] = {}
        self._features = FeatureReader(read, folder)
        self._judge_problems: dict[str, str | None] = {}

    def add(self, result: UnitResult) -> None:
        """Add the result of a unit; those of a method come in the order of their shards."""
        self.results.setdefault(result.unit.method, MethodResults()).add(result)

    def refuse(self, methods: Mapping[str, Refused]) -> None:
        """Replace the numbers of these methods by the reason."""
        self.refused_methods = {**methods, **self.refused_methods}

    def frames(
        self, methods: Iterable[str], readings: Mapping[str, Readings | FsrbenchError], base: str | None = None
    ) -> Frames:
        """Frames of the methods, in this order; speed is relative to ``base``, by default the first timed method."""
        timed = {m: r for m, r in readings.items() if isinstance(r, Readings) and len(r.latency_ms)}
        base = base if base in timed else next(iter(timed), None)
        compared = (base, timed[base]) if base else None
        wanted = [(method, metric) for method in methods for metric in self.metrics if self._has_number(method, metric)]
        found: dict[tuple[str, str], Evaluation | FsrbenchError] = {}
        for method, metric in sorted(wanted, key=lambda pair: _turn(pair[1])):
            if isinstance(metric, CombinedMetric):
                found[method, metric.name] = self._combined(method, metric, found)
            else:
                found[method, metric.name] = self._evaluation(method, metric, readings, compared)
        writer = FrameWriter(self.identities, self.seed)
        for method, metric in wanted:
            evaluation = found[method, metric.name]
            if isinstance(evaluation, FsrbenchError):
                writer.refuse(method, metric, evaluation)
            else:
                no_images = isinstance(metric, SpeedMetric) or method not in self.results
                results = MethodResults() if no_images else self.results[method]
                writer.add(method, metric, evaluation, results, {} if no_images else self._unscored(method, metric))
        return writer.frames()

    def _has_number(self, method: str, metric: Metric) -> bool:
        """Whether a metric scores a row; a combined metric does if all of its parts do."""
        if method == LR and not (self.floor or getattr(metric, "control", False)):
            return False
        parts = [each for each in self.metrics if each.name in getattr(metric, "parts", ())]
        return all(each.scores_row(method) for each in (metric, *parts))

    def _combined(
        self, method: str, metric: CombinedMetric, found: Mapping[tuple[str, str], Evaluation | FsrbenchError]
    ) -> Evaluation | FsrbenchError:
        if method in self.refused_methods:
            return self.refused_methods[method]
        every = {name: found.get((method, name), Invalid("is not measured in this run")) for name in metric.parts}
        parts = {name: part for name, part in every.items() if not isinstance(part, FsrbenchError)}
        if missing := {name: part for name, part in every.items() if isinstance(part, FsrbenchError)}:
            first = next(iter(missing.values()))
            kind = type(first) if isinstance(first, Unavailable | Invalid) else FsrbenchError
            return kind(f"lacks {', '.join(missing)}; {next(iter(missing))}: {first}")
        try:
            with contained():
                return plausible(metric.combine(self.results.get(method, MethodResults()).ids, parts))
        except FsrbenchError as error:
            return error
        except Exception as error:  # a plug-in's metric may raise anything
            return FsrbenchError(one_line(error))

    def _evaluation(
        self,
        method: str,
        metric: Metric,
        readings: Mapping[str, Readings | FsrbenchError],
        compared: tuple[str, Readings] | None,
    ) -> Evaluation | FsrbenchError:
        refused = self._refused(method, metric)
        if refused is not None:
            return refused
        try:
            with contained():
                if isinstance(metric, SpeedMetric):
                    reading = readings[method]
                    if isinstance(reading, FsrbenchError):
                        return reading
                    if metric.name in reading.problems:
                        return reading.problems[metric.name]
                    return plausible(metric.read(reading, compared))
                standardise(self.seed)
                if (reason := self._judge_problem(metric)) is not None:
                    return Invalid(reason)
                return plausible(self._evaluate(method, metric))
        except FsrbenchError as error:
            return error
        except Exception as error:  # a plug-in's metric may raise anything
            return FsrbenchError(one_line(error))

    def _refused(self, method: str, metric: Metric) -> Refused | None:
        """Why there is no number; a method's failure is reported even if the metric is unavailable, too."""
        if method in self.refused_methods:
            return self.refused_methods[method]
        refused, result = self.refused_metrics.get(metric.name), self.results.get(method, MethodResults())
        if refused is not None and too_many_failed(len(result.problems), result.images):
            return FsrbenchError(failures(result.problems, result.images))
        return refused

    def _evaluate(self, method: str, metric: Metric) -> Evaluation:
        result = self.results.get(method, MethodResults())
        if metric.name in result.failed:
            raise FsrbenchError(result.failed[metric.name])
        if isinstance(metric, FeatureMetric):
            for read in (method, *self._read_besides(metric)):
                if read in self.results and metric.feature_set in self.results[read].failed:
                    raise FsrbenchError(self.results[read].failed[metric.feature_set])
        if not result.ids:
            return Evaluation(np.array([]))
        unscored = self._unscored(method, metric)
        if len(unscored) == len(result.ids):
            raise FsrbenchError(next(iter(unscored.values())))
        scored = np.array([image not in unscored for image in result.ids], dtype=bool)
        if isinstance(metric, FeatureMetric):
            found = self._of_features(method, metric)
        else:
            found = Evaluation(np.concatenate(result.scores[metric.name]))
        if found.values is None:
            return found
        if len(found.values) != scored.sum():
            raise FsrbenchError(f"gave {len(found.values)} values for {scored.sum()} images")
        values = np.full(len(scored), np.nan)
        values[scored] = found.values
        return replace(found, values=values)

    def _of_features(self, method: str, metric: FeatureMetric) -> Evaluation:
        found = metric.evaluate(self.faces(method, metric), self.seed)
        reference = self.results.get(REFERENCE) if metric.uses_reference else None
        failed = reference.unscored.get(metric.feature_set) if reference else None
        if not reference or not failed:
            return found
        note = f"reference set: {failures(failed, len(reference.ids))}"
        if too_many_failed(len(failed), len(reference.ids)):
            raise FsrbenchError(note)
        return replace(found, note="; ".join(filter(None, (found.note, note))))

    def _unscored(self, method: str, metric: Metric) -> Mapping[str, str]:
        """A method's images without a score, and why: the metric failed, or its features of SR, HR or LR did."""
        result = self.results[method]
        if not isinstance(metric, FeatureMetric):
            return result.unscored.get(metric.name, {})
        failed: dict[str, str] = {}
        for read in (*(row for row in self._read_besides(metric) if row != REFERENCE), method):
            failed |= self.results[read].unscored.get(metric.feature_set, {})
        return {image: failed[image] for image in result.ids if image in failed}

    def _read_besides(self, metric: FeatureMetric) -> list[str]:
        """The rows present in the run that a metric reads besides a method's own.

        LR as a control is read only if there is no HR: images whose face is not found in LR are then left out.
        """
        reads_lr = metric.uses_lr and not (metric.control and HR in self.results)
        wanted = [HR, *([LR] if reads_lr else []), *([REFERENCE] if metric.uses_reference else [])]
        return [row for row in wanted if row in self.results]

    def _judge_problem(self, metric: Metric) -> str | None:
        """Why a metric's network is not trusted as a judge: it fails even on the HR images."""
        if metric.name not in self._judge_problems:
            self._judge_problems[metric.name] = self._ceiling_problem(metric)
        return self._judge_problems[metric.name]

    def _ceiling_problem(self, metric: Metric) -> str | None:
        hr = self.results.get(HR)
        if not isinstance(metric, FeatureMetric) or not math.isfinite(metric.least_ceiling):
            return None
        if not hr or metric.feature_set in hr.failed or not hr.ids_with(metric.feature_set):
            return None
        ceiling = metric.ceiling(self.faces(HR, metric), self.seed)
        if ceiling is None or ceiling >= metric.least_ceiling:
            return None
        return (
            f"on the HR images themselves the judge is right in {100 * ceiling:.1f} %, near chance (at least "
            f"{100 * metric.least_ceiling:.0f} % is required): its network was trained on another range or order of "
            "channels, or the sub-folders are not identities"
        )

    def faces(self, method: str, metric: FeatureMetric) -> Faces:
        """The faces that a metric reads for a method."""
        extractor, read = metric.feature_set, self._features
        result, hr = self.results[method], self.results.get(HR)
        lr = self.results[LR] if LR in self._read_besides(metric) else None
        reference = self.results.get(REFERENCE, hr) if metric.uses_reference else None
        unscored = self._unscored(method, metric)
        ids = [image for image in result.ids if image not in unscored]
        return Faces(
            ids=ids,
            identities=[self.identities[i] for i in ids],
            features=read.some(result, extractor, ids),
            hr=read.some(hr, extractor, ids) if hr else None,
            is_hr=method == HR,
            reference=read.all(reference, extractor) if reference else None,
            lr=read.some(lr, extractor, ids) if lr else None,
            roles=[self.roles.get(i) for i in ids],
            enrolled=None if metric.reads_enrolled else self._enrolled(metric),
        )

    def _enrolled(self, metric: FeatureMetric) -> Faces | None:
        """Gallery and distractors of identification: HR, or LR without HR; ``None`` without roles."""
        shown = self.results.get(HR) or self.results.get(LR)
        if shown is None or not any(self.roles.values()):
            return None
        ids = [i for i in shown.ids_with(metric.feature_set) if self.roles.get(i) in ENROLLED]
        features = self._features.some(shown, metric.feature_set, ids) if ids else {}
        return Faces(ids, [self.identities[i] for i in ids], features, None, roles=[self.roles[i] for i in ids])


def _turn(metric: Metric) -> tuple[bool, str]:
    """Sort key of metrics: grouped by extractor, so that its features are read once; combined ones last."""
    return isinstance(metric, CombinedMetric), getattr(metric, "feature_set", "")


def plausible(evaluation: Evaluation) -> Evaluation:
    """Reject implausibly large numbers: they break plots, and a run with them could not be read."""
    summary = evaluation.summary
    numbers = [[] if summary is None else [summary.value, summary.ci_low, summary.ci_high], *evaluation.curves.values()]
    numbers += [list(evaluation.details.values())]
    numbers += [part for part in (evaluation.values, evaluation.blocks) if part is not None]
    for part in map(np.asarray, numbers):
        if (np.isfinite(part) & (np.abs(part) > LARGEST)).any():
            raise FsrbenchError(f"returned a value beyond {LARGEST:g}")
    return evaluation
