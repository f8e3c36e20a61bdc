"""From unit results to the frames of a run: scores (one an image), summary (one a method), details and curves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from fsrbench.engine.plan import HR, REFERENCE
from fsrbench.engine.worker import UnitResult
from fsrbench.errors import FsrbenchError, Invalid, Unavailable, one_line
from fsrbench.metrics.base import Evaluation, Faces, FeatureMetric, Metric, SpeedMetric, Summary
from fsrbench.metrics.timing import Readings
from fsrbench.stats import LARGEST, mean_interval

SCORE_COLUMNS = ["method", "image", "metric", "value", "status"]
DETAIL_COLUMNS = ["method", "metric", "detail", "value"]
CURVE_COLUMNS = ["method", "metric", "curve", "x", "y"]
BLOCK_COLUMNS = ["method", "metric", "block", "value"]
SUMMARY_COLUMNS = ["method", "metric", "value", "ci_low", "ci_high", "n", "unit", "direction", "status", "note"]
Refused = FsrbenchError
"""Why a method or a metric is not there: its type gives the status, its message the note."""


@dataclass
class MethodResults:
    """All shards of one method, put together."""

    ids: list[str] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)
    unusable: dict[str, str] = field(default_factory=dict)
    clipped: int = 0
    scores: dict[str, list[np.ndarray]] = field(default_factory=dict)
    features: dict[str, dict[str, list[np.ndarray]]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    def add(self, result: UnitResult) -> None:
        """Append the next shard."""
        self.ids += result.ids
        self.problems |= result.problems
        self.unusable |= result.unusable
        self.clipped += result.clipped
        self.failed |= result.failed
        for metric, values in result.scores.items():
            self.scores.setdefault(metric, []).append(values)
        for extractor, arrays in result.features.items():
            mine = self.features.setdefault(extractor, {})
            for name, array in arrays.items():
                mine.setdefault(name, []).append(array)

    def feature(self, extractor: str, rows: Sequence[int] | None = None) -> dict[str, np.ndarray]:
        """One extractor's features of all images, or of some rows."""
        joined = {name: np.concatenate(parts) for name, parts in self.features[extractor].items()}
        return joined if rows is None else {name: array[list(rows)] for name, array in joined.items()}


@dataclass(frozen=True)
class Frames:
    """What a run found out, as tables."""

    scores: pd.DataFrame
    """One number of one method on one image for one metric."""
    summary: pd.DataFrame
    """One number of one method for one metric."""
    details: pd.DataFrame
    """Further numbers of one method for one metric."""
    curves: pd.DataFrame
    """Points of the lines that plots draw."""
    blocks: pd.DataFrame
    """What numbers of a whole set have instead of scores of images: pseudo-values of blocks of the images."""
    images: pd.DataFrame
    """The images and who is on them."""


class Collector:
    """Makes the frames from what was done and what was refused."""

    def __init__(
        self,
        metrics: Sequence[Metric],
        refused_metrics: Mapping[str, Refused],
        refused_methods: Mapping[str, Refused],
        identities: Mapping[str, str | None],
        seed: int,
    ) -> None:
        self.metrics, self.refused_metrics, self.refused_methods = metrics, refused_metrics, refused_methods
        self.identities, self.seed = identities, seed
        self.results: dict[str, MethodResults] = {}
        self._scores: list[pd.DataFrame] = []
        self._summary: list[dict[str, Any]] = []
        self._details: list[tuple[str, str, str, float]] = []
        self._curves: list[pd.DataFrame] = []
        self._blocks: list[tuple[str, str, str, float]] = []

    def add(self, result: UnitResult) -> None:
        """Take in one unit; the units of a method come in the order of their shards."""
        self.results.setdefault(result.unit.method, MethodResults()).add(result)

    def frames(
        self, methods: Iterable[str], readings: Mapping[str, Readings | FsrbenchError], base: str | None = None
    ) -> Frames:
        """What is known of the methods, in this order; ratios of speed are taken to ``base``, else to the first."""
        self._scores, self._summary, self._details, self._curves, self._blocks = [], [], [], [], []
        timed = {m: r for m, r in readings.items() if isinstance(r, Readings)}
        base = base if base in timed else next(iter(timed), None)
        compared = (base, timed[base]) if base else None
        for method in methods:
            for metric in self.metrics:
                if method != HR or metric.scores_hr:
                    self._one(method, metric, readings, compared)
        return Frames(
            _stacked(self._scores, SCORE_COLUMNS),
            pd.DataFrame(self._summary, columns=SUMMARY_COLUMNS),
            pd.DataFrame(self._details, columns=DETAIL_COLUMNS),
            _stacked(self._curves, CURVE_COLUMNS),
            pd.DataFrame(self._blocks, columns=BLOCK_COLUMNS),
            pd.DataFrame(list(self.identities.items()), columns=["image", "identity"]),
        )

    def _one(
        self,
        method: str,
        metric: Metric,
        readings: Mapping[str, Readings | FsrbenchError],
        compared: tuple[str, Readings] | None,
    ) -> None:
        refused = self.refused_methods.get(method) or self.refused_metrics.get(metric.name)
        if refused is not None:
            self._row(method, metric, Summary(float("nan"), note=str(refused)), status_of(refused))
            return
        try:
            if isinstance(metric, SpeedMetric):
                reading = readings[method]
                if isinstance(reading, FsrbenchError):
                    raise reading
                self._keep(method, metric, metric.read(reading, compared))
            else:
                self._keep(method, metric, self._evaluate(method, metric))
        except FsrbenchError as error:
            self._row(method, metric, Summary(float("nan"), note=str(error)), status_of(error))
        except Exception as error:  # a plug-in's metric may raise anything
            self._row(method, metric, Summary(float("nan"), note=one_line(error)), "failed")

    def _evaluate(self, method: str, metric: Metric) -> Evaluation:
        mine = self.results.get(method, MethodResults())
        if metric.name in mine.failed:
            raise FsrbenchError(mine.failed[metric.name])
        if isinstance(metric, FeatureMetric):
            for read in (method, HR, REFERENCE) if metric.uses_reference else (method, HR):
                if read in self.results and metric.extractor in self.results[read].failed:
                    raise FsrbenchError(self.results[read].failed[metric.extractor])
        if not mine.ids:
            return Evaluation(np.array([]))
        if isinstance(metric, FeatureMetric):
            return metric.evaluate(self._faces(method, metric), self.seed)
        return Evaluation(np.concatenate(mine.scores[metric.name]))

    def _keep(self, method: str, metric: Metric, evaluation: Evaluation) -> None:
        _refuse_huge(evaluation)
        mine = MethodResults() if isinstance(metric, SpeedMetric) else self.results.get(method, MethodResults())
        if evaluation.values is not None:
            self._per_image(method, metric.name, mine, evaluation.values)
        summary = evaluation.summary or self._mean(mine.ids, evaluation.values)
        notes = [n for n in (evaluation.note, summary.note, _failures(mine)) if n]
        self._row(method, metric, replace(summary, note="; ".join(notes)), "failed" if mine.problems else "ok")
        self._details += [(method, metric.name, name, value) for name, value in evaluation.details.items()]
        for name, points in evaluation.curves.items():
            where = {"method": method, "metric": metric.name, "curve": name}
            self._curves.append(pd.DataFrame(where | {"x": points[:, 0], "y": points[:, 1]}))
        if evaluation.blocks is not None:
            self._blocks += [(method, metric.name, f"block {i}", v) for i, v in enumerate(evaluation.blocks)]

    def _mean(self, ids: Sequence[str], values: np.ndarray | None) -> Summary:
        finite = np.isfinite(values) if values is not None else np.array([], dtype=bool)
        if values is None or not finite.any():
            return Summary(float("nan"), note="no finite score")
        unbounded = int((~finite).sum())
        note = f"{unbounded} images without a finite score left out" if unbounded else ""
        people = [self.identities[image] or image for image, good in zip(ids, finite, strict=True) if good]
        interval = mean_interval(values[finite], self.seed, people)
        return Summary(float(values[finite].mean()), *interval, int(finite.sum()), note)

    def _faces(self, method: str, metric: FeatureMetric) -> Faces:
        extractor = metric.extractor
        mine, hr = self.results[method], self.results.get(HR)
        reference = self.results.get(REFERENCE, hr) if metric.uses_reference else None
        row_of = {image: row for row, image in enumerate(hr.ids)} if hr else {}
        return Faces(
            ids=mine.ids,
            identities=[self.identities[i] for i in mine.ids],
            features=mine.feature(extractor),
            hr=hr.feature(extractor, [row_of[i] for i in mine.ids]) if hr else None,
            is_hr=method == HR,
            reference=reference.feature(extractor) if reference else None,
        )

    def _per_image(self, method: str, metric: str, mine: MethodResults, values: np.ndarray) -> None:
        ids = [*mine.ids, *mine.problems]
        missing = [float("nan")] * len(mine.problems)
        self._scores.append(
            pd.DataFrame(
                {
                    "method": method,
                    "image": ids,
                    "metric": metric,
                    "value": [*values, *missing],
                    "status": ["invalid" if np.isnan(v) else "ok" for v in values] + ["failed"] * len(missing),
                }
            )
        )

    def _row(self, method: str, metric: Metric, summary: Summary, status: str) -> None:
        self._summary.append(
            {
                "method": method,
                "metric": metric.name,
                "value": summary.value,
                "ci_low": summary.ci_low,
                "ci_high": summary.ci_high,
                "n": summary.n,
                "unit": metric.unit,
                "direction": metric.direction,
                "status": status,
                "note": summary.note,
            }
        )


def _refuse_huge(evaluation: Evaluation) -> None:
    """Finite numbers that nothing can be measured by: the plots could not be drawn, and the run not be read again."""
    summary = evaluation.summary
    numbers = [[] if summary is None else [summary.value, summary.ci_low, summary.ci_high], *evaluation.curves.values()]
    numbers += [list(evaluation.details.values())]
    numbers += [part for part in (evaluation.values, evaluation.blocks) if part is not None]
    for part in map(np.asarray, numbers):
        if (np.isfinite(part) & (np.abs(part) > LARGEST)).any():
            raise FsrbenchError(f"gave a number beyond {LARGEST:g}")


def _stacked(parts: Sequence[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def status_of(error: FsrbenchError) -> str:
    """The status that an error stands for."""
    return "unavailable" if isinstance(error, Unavailable) else "invalid" if isinstance(error, Invalid) else "failed"


def _failures(mine: MethodResults) -> str:
    if not mine.problems:
        return ""
    image, reason = next(iter(mine.problems.items()))
    return f"failed on {len(mine.problems)} of {len(mine.problems) + len(mine.ids)} images: {reason} ({image})"
