"""The worker: computes units. Every result goes to the store first, so nothing is computed twice."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np
from torch import Tensor

from fsrbench.engine.context import Context
from fsrbench.engine.plan import REFERENCE, Unit
from fsrbench.engine.results import UnitResult
from fsrbench.engine.store import SCORES, key_of
from fsrbench.engine.unit_features import UnitFeatures
from fsrbench.engine.unit_pictures import UnitPictures
from fsrbench.errors import CannotWrite, one_line
from fsrbench.machine import memory
from fsrbench.machine.devices import one_thread
from fsrbench.methods.isolation.parent import MethodDied
from fsrbench.metrics.base import ImageMetric
from fsrbench.pictures.decode import to_tensor
from fsrbench.process.containment import contained
from fsrbench.process.state import standardise
from fsrbench.runs.names import HR

UNITS_PER_TRIM = 8
"""Units between two returns of free memory to the system."""


class Worker:
    """Computes units of one run, in any order."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.pictures = UnitPictures(context)
        self.features = UnitFeatures(context, self.pictures)
        self._units = 0

    def run_unit(self, unit: Unit) -> UnitResult:
        """Super-resolve and score the images of a unit."""
        try:
            result = self._run_unit(unit)
        except MethodDied as error:  # while it was loaded
            inputs = self._context.inputs.get(unit.shard)
            result = UnitResult(unit, [], inputs.problems, dict.fromkeys(inputs.ids, str(error)))
        self._units += 1
        if self._units % UNITS_PER_TRIM == 0:
            memory.trim()
        return result

    def _run_unit(self, unit: Unit) -> UnitResult:
        inputs, made = self._context.inputs.get(unit.shard), self.pictures.get(unit)
        result = UnitResult(
            unit,
            [inputs.ids[row] for row in made.rows],
            inputs.problems,
            made.problems,
            made.clipped,
            changed=made.changed,
            behaviour=made.behaviour,
            stored_at="" if unit.of_hr else self._context.keys.pictures(unit),
            made_key=self.pictures.made_key(unit),
        )
        if not result.ids:
            return result
        hr = None if inputs.hr is None else inputs.hr[made.rows]
        if hr is not None and not unit.of_hr:
            result.equal = int((made.pixels == hr).all(axis=(1, 2, 3)).sum())
        self._score_images(result, to_tensor(made.pixels), None if hr is None else to_tensor(hr))
        self._extract(result)
        return result

    def _score_images(self, result: UnitResult, sr: Tensor, hr: Tensor | None) -> None:
        unit = result.unit
        for metric in () if unit.method == REFERENCE else self._context.measures.image_metrics:
            if unit.method == HR and not metric.scores_hr:
                continue
            try:
                with contained():
                    result.scores[metric.name] = self._score(metric, result.made_key, sr, hr)
            except CannotWrite:
                raise
            except Exception:  # a plug-in's metric may raise anything
                self._score_each(metric, sr, hr, result)

    def _score_each(self, metric: ImageMetric, sr: Tensor, hr: Tensor | None, result: UnitResult) -> None:
        """Score image by image, to lose only those that the metric raises on; they get NaN."""
        values, problems = np.full(len(result.ids), np.nan), {}
        for row, image in enumerate(result.ids):
            sr_image, hr_image = sr[row : row + 1], None if hr is None else hr[row : row + 1]
            key = key_of(of=result.made_key, image=image)
            try:
                with contained():
                    (values[row],) = self._score(metric, key, sr_image, hr_image)
            except CannotWrite:
                raise
            except Exception as error:
                problems[image] = one_line(error)
        if len(problems) == len(result.ids):
            result.failed[metric.name] = next(iter(problems.values()))
        else:
            result.scores[metric.name], result.unscored[metric.name] = values, problems

    def _score(self, metric: ImageMetric, pictures: str, sr: Tensor, hr: Tensor | None) -> np.ndarray:
        store, keys = self._context.store, self._context.keys
        stored = store.get(SCORES, keys.scores(pictures, metric))
        if stored is None:
            standardise(self._context.spec.seed)
            with one_thread() if metric.threads_matter else nullcontext():
                stored = {"value": metric.score(sr, hr).double().cpu().numpy()}
            keys.settle("metric", metric.name)
            store.put(SCORES, keys.scores(pictures, metric), stored)
        return stored["value"]

    def _extract(self, result: UnitResult) -> None:
        unit, measures = result.unit, self._context.measures
        for name in measures.reference_extractors if unit.method == REFERENCE else measures.extractors:
            try:
                with contained():
                    self.features.get(unit, name)
                result.features[name] = self.features.key(unit, name)
            except CannotWrite:
                raise
            except Exception as error:  # third-party networks may raise anything
                result.failed[name] = one_line(error)
