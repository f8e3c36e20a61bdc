"""The worker: does one unit. Everything it makes goes to the store first, so nothing is ever computed twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import torch
from torch import Tensor

from fsrbench.datasets.inputs import Inputs
from fsrbench.engine.behaviour import CheckedMethods
from fsrbench.engine.keys import Keys
from fsrbench.engine.pictures import Batch, Outcome, Pictures, none_made, outcomes
from fsrbench.engine.plan import REFERENCE, Shard, Unit
from fsrbench.engine.shard_inputs import ShardInputs
from fsrbench.engine.store import FEATURES, Store, key_of
from fsrbench.errors import CannotWrite, FsrbenchError, one_line
from fsrbench.machine import memory
from fsrbench.machine.devices import one_thread
from fsrbench.methods.base import Method
from fsrbench.methods.isolation.parent import TIMEOUT, IsolatedMethod, Limits, MethodDied
from fsrbench.methods.names import can_be_isolated, load_method
from fsrbench.metrics.base import FeatureMetric, ImageMetric, Metric
from fsrbench.metrics.extractors.base import EXTRACTORS, Extractor, extract
from fsrbench.pictures.decode import to_tensor
from fsrbench.process.containment import contained
from fsrbench.process.state import standardise
from fsrbench.runs.names import HR
from fsrbench.spec import RunSpec

UNITS_BETWEEN_TIDYING = 8


@dataclass(eq=False)
class UnitResult:
    """Scores and features of one method on the images of one shard."""

    unit: Unit
    ids: list[str]
    """Images that were scored, in order; every array below has a row for each."""
    unusable: dict[str, str]
    """Images of the data that nobody can use, and why."""
    problems: dict[str, str]
    """Images that this method failed on, and why."""
    clipped: int = 0
    equal: int = 0
    """Images on which the method's picture is the HR picture, pixel for pixel."""
    scores: dict[str, np.ndarray] = field(default_factory=dict)
    features: dict[str, str] = field(default_factory=dict)
    """Where the store has each extractor's features: they may be too much to pass around, or to hold for all units."""
    failed: dict[str, str] = field(default_factory=dict)
    """Metrics and feature extractors that raised, and what."""
    changed: tuple[str, ...] = ()
    """What the method changed in the process; it was put back."""
    unscored: dict[str, dict[str, str]] = field(default_factory=dict)
    """By metric: images that it raised on, though not on all, and what."""
    behaviour: str = ""
    """What is odd about the method's pictures."""


class Worker:
    """Does units of one run, in any order, as long as a shard's HR images can be read."""

    def __init__(self, spec: RunSpec, metrics: Sequence[Metric], device: torch.device, store: Store) -> None:
        self.spec, self.device, self.store = spec, device, store
        self.task = spec.the_task
        self.metrics = metrics
        self.image_metrics = [m for m in metrics if isinstance(m, ImageMetric)]
        feature_metrics = [m for m in metrics if isinstance(m, FeatureMetric)]
        self.extractors = sorted({m.extractor for m in feature_metrics})
        self.reference_extractors = sorted({m.extractor for m in feature_metrics if m.uses_reference})
        self._methods: dict[str, Method] = {}
        self._isolated: dict[str, IsolatedMethod] = {}
        self._extractors: dict[str, Extractor] = {}
        self.changed: defaultdict[str, set[str]] = defaultdict(set)
        """What each method changed in the process."""
        self._units = 0
        self._batches: dict[str, Batch] = {}
        self._checked = CheckedMethods()
        self._pictures: tuple[str, Pictures] | None = None
        """Those that were asked for last: every metric and extractor of a unit does."""
        self.keys = Keys(spec, device, self.method, self._extractor)
        self._inputs = ShardInputs(spec, self.keys, store)

    def method(self, name: str) -> Method:
        """The loaded method of a name.

        Raises:
            UserError, Unavailable: see :func:`fsrbench.methods.names.load_method`.
        """
        if name not in self._methods:
            self._methods[name] = self._load(name)
        return self._methods[name]

    def start(self, names: Sequence[str]) -> None:
        """Start the processes of isolated methods, all at once."""
        limits = Limits(self.spec.timeout or TIMEOUT, self.spec.memory_limit)
        for name in filter(can_be_isolated, names):
            self._isolated[name] = IsolatedMethod(name, limits, self.spec.offline, self.spec.weights)
            self._isolated[name].start(self.task, self.device)

    def _load(self, name: str) -> Method:
        if not self.spec.isolate or not can_be_isolated(name):
            standardise(self.spec.seed)
            return load_method(name, self.task, self.device, self.changed[name])
        if name not in self._isolated:
            self.start([name])
        self._isolated[name].load(self.task, self.device)
        self.changed[name].update(self._isolated[name].changed)
        return self._isolated[name]

    def close(self) -> None:
        """End the processes of isolated methods, and the threads."""
        self._inputs.close()
        for method in self._isolated.values():
            method.close()

    def weight_files(self) -> list[str]:
        """Names of the weight files that the metrics read."""
        return sorted({name for metric in self.metrics for name in self.weights_of(metric)})

    def weights_of(self, metric: Metric) -> list[str]:
        """Names of the weight files that a metric and the extractors below it read."""
        readers: list[Metric | Extractor] = [metric, *self._extractors_of(metric)]
        return sorted({name for reader in readers for name in reader.weight_files})

    def readers(self) -> list[Metric | Extractor]:
        """The metrics, and the extractors that they read."""
        return [*self.metrics, *(extractor for metric in self.metrics for extractor in self._extractors_of(metric))]

    def _extractors_of(self, metric: Metric) -> list[Extractor]:
        names = [metric.extractor] if isinstance(metric, FeatureMetric) else []
        for name in names:
            names += [needed for needed in self._extractor(name).requires if needed not in names]
        return [self._extractor(name) for name in names]

    def do(self, unit: Unit) -> UnitResult:
        """Super-resolve and score the images of a unit."""
        result = self._do(unit)
        self._units += 1
        if self._units % UNITS_BETWEEN_TIDYING == 0:
            memory.give_back()
        return result

    def _do(self, unit: Unit) -> UnitResult:
        inputs = self.inputs(unit.shard)
        made = self.pictures(unit)
        ids = [inputs.ids[row] for row in made.rows]
        result = UnitResult(
            unit, ids, inputs.problems, made.problems, made.clipped, changed=made.changed, behaviour=made.behaviour
        )
        if not ids:
            return result
        sr = to_tensor(made.pixels)
        hr = None if inputs.hr is None else to_tensor(inputs.hr[made.rows])
        if inputs.hr is not None and not unit.of_hr:
            result.equal = int((made.pixels == inputs.hr[made.rows]).all(axis=(1, 2, 3)).sum())
        key = self.made_key(unit)
        for metric in self._image_metrics_for(unit):
            try:
                with contained():
                    result.scores[metric.name] = self._score(metric, key, sr, hr)
            except CannotWrite:
                raise
            except Exception:  # a plug-in's metric may raise anything
                self._score_each(metric, key, sr, hr, result)
        for name in self.reference_extractors if unit.method == REFERENCE else self.extractors:
            try:
                with contained():
                    self.features(unit, name)
                result.features[name] = self._feature_key(unit, name)
            except CannotWrite:
                raise
            except Exception as error:  # third-party networks may raise anything
                result.failed[name] = one_line(error)
        return result

    def _score_each(self, metric: ImageMetric, key: str, sr: Tensor, hr: Tensor | None, result: UnitResult) -> None:
        """Score image by image, to lose only those that the metric raises on; NaN stands for these."""
        values, problems = np.full(len(result.ids), np.nan), {}
        for row, image in enumerate(result.ids):
            alone, hr_alone = sr[row : row + 1], None if hr is None else hr[row : row + 1]
            try:
                with contained():
                    (values[row],) = self._score(metric, key_of(of=key, image=image), alone, hr_alone)
            except CannotWrite:
                raise
            except Exception as error:
                problems[image] = one_line(error)
        if len(problems) == len(result.ids):
            result.failed[metric.name] = next(iter(problems.values()))
        else:
            result.scores[metric.name], result.unscored[metric.name] = values, problems

    def _image_metrics_for(self, unit: Unit) -> list[ImageMetric]:
        if unit.method == REFERENCE:
            return []
        return [m for m in self.image_metrics if m.scores_hr or unit.method != HR]

    def inputs(self, shard: Shard) -> Inputs:
        """LR and HR pictures of a shard, decoded once in a run's life."""
        return self._inputs.get(shard)

    def read_ahead(self, shard: Shard) -> None:
        """Begin to decode the pictures of the shard that comes next."""
        self._inputs.begin(shard)

    def stored_inputs(self, shard: Shard) -> Inputs | None:
        """The same, if they were decoded before."""
        return self._inputs.stored(shard)

    def pictures(self, unit: Unit) -> Pictures:
        """SR pictures of a unit, super-resolved once in a run's life; the HR pictures themselves for the HR unit."""
        inputs = self.inputs(unit.shard)
        if unit.of_hr:
            assert inputs.hr is not None
            return Pictures(np.arange(len(inputs.ids)), inputs.hr)
        key = self.keys.pictures(unit)
        if self._pictures is None or self._pictures[0] != key:
            made = self._make_pictures(unit, key, inputs)
            self._pictures = self.keys.pictures(unit), made
        return self._pictures[1]

    def made_key(self, unit: Unit) -> str:
        """Hash of a unit's pictures themselves, and of what they are held against.

        Scores belong to pixels, whoever made them: pictures that are made anew and are the same need no new scores.
        """
        if unit.of_hr:
            return self.keys.pictures(unit)
        hr = self.keys.pictures(replace(unit, method=HR))
        return key_of(pixels=self.pictures(unit).digest, hr=hr)

    @property
    def token(self) -> str:
        """Of the run: it tries once what an earlier one failed on."""
        return self.keys.token

    @token.setter
    def token(self, token: str) -> None:
        self.keys.token = token

    def _make_pictures(self, unit: Unit, key: str, inputs: Inputs) -> Pictures:
        """Those that are stored; what an earlier run failed on, or none has tried, is tried now."""
        stored, side = self.store.get("pictures", key), self.task.hr_size
        known = Pictures.unpack(stored) if stored else none_made(inputs, side, "not tried")
        if not (rows := known.to_try(inputs.ids, self.token)):
            return known
        wanted = replace(inputs, ids=[inputs.ids[row] for row in rows], lr=inputs.lr[rows])
        method, changed = self.method(unit.method), self.changed[unit.method]
        upscale = partial(self._upscale, method, changed)
        batch = self._batches.setdefault(unit.method, self._first_batch())
        standardise(self.spec.seed + unit.shard.index)
        try:
            found = self._checked.super_resolve(unit.method, upscale, wanted, side, batch, self.device, known)
            made = replace(known.with_tried(rows, found), behaviour=known.behaviour or found.behaviour)
        except MethodDied as error:  # not kept: with more time or memory it may not
            return known.with_tried(rows, none_made(wanted, side, str(error)))
        if isinstance(method, IsolatedMethod):
            changed |= method.changed
        all_changed = tuple(sorted({*known.changed, *changed}))
        made = replace(made, tried=self.token, changed=all_changed)
        self.keys.settle("method", unit.method)
        self.store.put("pictures", self.keys.pictures(unit), made.pack())
        return made

    def features(self, unit: Unit, name: str, alone: bool = False) -> dict[str, np.ndarray]:
        """One extractor's features of a unit's pictures, extracted once in a run's life.

        Args:
            unit: whose pictures.
            name: of the extractor.
            alone: read nothing of the HR images, as what aligns a picture by itself.
        """
        key = self._feature_key(unit, name, alone)
        stored = self.store.get(FEATURES, key)
        if stored is None:
            made, extractor = self.pictures(unit), self._extractor(name)
            guide = self._guide(unit, name, self._unguided(extractor, alone), made.rows)
            standardise(self.spec.seed)
            stored = extract(extractor, to_tensor(made.pixels), guide)
            self.keys.settle("extractor", name)
            self.store.put(FEATURES, self._feature_key(unit, name, alone), stored)
        return stored

    def stored_features(self, key: str) -> dict[str, np.ndarray]:
        """The features of a unit that was done.

        Raises:
            FsrbenchError: they are gone.
        """
        stored = self.store.get(FEATURES, key)
        if stored is None:
            raise FsrbenchError("stored features are gone from the run's cache; run it again")
        return stored

    def _feature_key(self, unit: Unit, name: str, alone: bool = False) -> str:
        return self.keys.features(self.made_key(unit), name, self._unguided(self._extractor(name), alone))

    def _unguided(self, extractor: Extractor, alone: bool) -> bool:
        return alone or (extractor.aligns and self.spec.alignment == "sr")

    def _guide(self, unit: Unit, name: str, alone: bool, rows: np.ndarray) -> dict[str, np.ndarray]:
        """What the extractor reads: features of the HR images where there are any, else of the pictures themselves."""
        requires = self._extractor(name).requires
        if alone or unit.of_hr or self.inputs(unit.shard).hr is None:
            return {k: v for needed in requires for k, v in self.features(unit, needed, alone).items()}
        hr = replace(unit, method=HR)
        merged = {k: v for needed in (*requires, name) for k, v in self.features(hr, needed).items()}
        return {k: v[rows] for k, v in merged.items()}

    def _extractor(self, name: str) -> Extractor:
        if name not in self._extractors:
            self._extractors[name] = EXTRACTORS.get(name)()
        return self._extractors[name]

    def _first_batch(self) -> Batch:
        return Batch(self.spec.batch_size) if self.spec.batch_size else Batch.for_device(self.device)

    def _upscale(self, method: Method, changed: set[str], lr: Tensor, ids: Sequence[str]) -> list[Outcome]:
        return outcomes(method, lr, ids, self.task.hr_size, changed)

    def _score(self, metric: ImageMetric, pictures: str, sr: Tensor, hr: Tensor | None) -> np.ndarray:
        key = self.keys.scores(pictures, metric)
        stored = self.store.get("scores", key)
        if stored is None:
            standardise(self.spec.seed)
            with one_thread() if metric.threads_matter else nullcontext():
                stored = {"value": metric.score(sr, hr).double().cpu().numpy()}
            self.keys.settle("metric", metric.name)
            self.store.put("scores", self.keys.scores(pictures, metric), stored)
        return stored["value"]
