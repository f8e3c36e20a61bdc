"""The worker: computes units. Every result goes to the store first, so nothing is computed twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext

import numpy as np
from torch import Tensor

from fsrbench.checks import data as data_checks
from fsrbench.checks import method as method_checks
from fsrbench.engine.by_image import Rows, by_image, get_rows, put_rows, row_key
from fsrbench.engine.context import Context
from fsrbench.engine.plan import REFERENCE, Unit
from fsrbench.engine.results import UnitResult
from fsrbench.engine.store import CHECKS, SCORES
from fsrbench.engine.unit_features import UnitFeatures
from fsrbench.engine.unit_pictures import UnitPictures
from fsrbench.errors import CannotWrite, one_line
from fsrbench.machine import memory
from fsrbench.machine.devices import one_thread
from fsrbench.methods.isolation.parent import MethodDied
from fsrbench.metrics.base import ImageMetric, InputMetric
from fsrbench.pictures.decode import to_tensor
from fsrbench.process.containment import contained
from fsrbench.process.state import standardise
from fsrbench.runs.names import LR

UNITS_PER_TRIM = 8
"""Free memory is returned to the system once per this many units."""
Score = Callable[[slice], Tensor]
"""Maps a slice of a unit's images to their scores."""


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
            stored_at="" if unit.is_given else self._context.keys.pictures(unit),
            made_key=self.pictures.made_key(unit),
        )
        if not result.ids:
            return result
        hr = None if inputs.hr is None else inputs.hr[made.rows]
        if hr is not None and not unit.of_hr:
            result.equal = int((made.pixels == hr).all(axis=(1, 2, 3)).sum())
        result.measured = self._measure(result, made.pixels, inputs.lr[made.rows], hr)
        self._score_images(result, to_tensor(made.pixels), inputs.lr[made.rows], None if hr is None else to_tensor(hr))
        self._extract(result)
        return result

    def _is_row(self, unit: Unit) -> bool:
        """Whether its pictures are scored; the reference set and LR images smaller than HR have features only."""
        floor = self._context.spec.the_task.is_restoration
        return unit.method != REFERENCE and (floor or not unit.of_lr)

    def _measure(
        self, result: UnitResult, pixels: np.ndarray, lr: np.ndarray, hr: np.ndarray | None
    ) -> dict[str, np.ndarray]:
        """The checks' measurements of a unit's pictures."""
        unit, store = result.unit, self._context.store
        if unit.method in (REFERENCE, LR):
            return {}
        key = self._context.keys.checks(result.made_key, unit)
        if (stored := store.get(CHECKS, key)) is not None:
            return stored
        measured = data_checks.measure(pixels) if unit.of_hr else method_checks.measure(pixels, lr, hr)
        store.put(CHECKS, key, measured)
        return measured

    def _score_images(self, result: UnitResult, sr: Tensor, lr: np.ndarray, hr: Tensor | None) -> None:
        unit, keys = result.unit, self._context.keys
        for metric in self._context.measures.image_metrics if self._is_row(unit) else ():
            if not metric.scores_row(unit.method):
                continue
            with _failure_in(result.failed, metric.name):
                if isinstance(metric, InputMetric):
                    pictures, score = (
                        keys.beside_lr(result.made_key, unit.shard),
                        _beside_lr(metric, sr, lr, result.ids),
                    )
                else:
                    pictures, score = result.made_key, _beside_hr(metric, sr, hr)
                scored = self._score(metric, pictures, result.ids, score)
                result.scores[metric.name] = scored.arrays.get("value", np.empty(0))
                result.unscored[metric.name] = scored.problems

    def _score(self, metric: ImageMetric | InputMetric, pictures: str, ids: Sequence[str], score: Score) -> Rows:
        store, keys = self._context.store, self._context.keys
        if (stored := get_rows(store, SCORES, keys.scores(pictures, metric), keys.token)) is not None:
            return stored

        def compute(part: slice) -> dict[str, np.ndarray]:
            standardise(self._context.spec.seed)
            with one_thread() if metric.threads_matter else nullcontext():
                return {"value": score(part).double().cpu().numpy()}

        found = by_image(compute, ids)
        keys.settle("metric", metric.name)
        put_rows(store, SCORES, keys.scores(pictures, metric), keys.token, found)
        return found

    def _extract(self, result: UnitResult) -> None:
        unit, measures = result.unit, self._context.measures
        wanted = measures.feature_sets if self._is_row(unit) else measures.lr_feature_sets
        for name in measures.reference_feature_sets if unit.method == REFERENCE else wanted:
            with _failure_in(result.failed, name):
                problems = self.features.get(unit, name).problems
                result.unscored[name] = problems
                result.features[name] = row_key(self.features.key(unit, name), self._context.keys.token, problems)


def _beside_hr(metric: ImageMetric, sr: Tensor, hr: Tensor | None) -> Score:
    return lambda part: metric.score(sr[part], None if hr is None else hr[part])


def _beside_lr(metric: InputMetric, sr: Tensor, lr: np.ndarray, ids: Sequence[str]) -> Score:
    return lambda part: metric.score(sr[part], to_tensor(lr[part]), ids[part])


@contextmanager
def _failure_in(failed: dict[str, str], name: str) -> Iterator[None]:
    """Record what a metric or an extractor raises inside the block as the reason for its failure."""
    try:
        with contained():
            yield
    except CannotWrite:
        raise
    except Exception as error:  # a plug-in's code may raise anything
        failed[name] = one_line(error)
