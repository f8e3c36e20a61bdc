"""The worker: does one unit. Everything it makes goes to the store first, so nothing is ever computed twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import torch
from torch import Tensor

from fsrbench.datasets.inputs import Inputs
from fsrbench.engine.behaviour import CheckedMethods
from fsrbench.engine.by_image import Rows, by_image
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
from fsrbench.metrics.extractors.base import EXTRACTORS, Extractor, Features, extract
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
    """Images that there is a picture of, in order; every array has a row for each, but for those ``unscored``."""
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
    """By metric and by extractor: images that it failed on, and why; arrays have no row for them."""
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
            with _failure_in(result.failed, metric.name):
                scored = self._score(metric, key, sr, hr, ids)
                result.scores[metric.name] = scored.arrays.get("value", np.empty(0))
                result.unscored[metric.name] = scored.problems
        for name in self.reference_extractors if unit.method == REFERENCE else self.extractors:
            with _failure_in(result.failed, name):
                result.unscored[name] = self.features(unit, name).problems
                result.features[name] = self._place(self._feature_key(unit, name), result.unscored[name])
        return result

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
        deadly = tuple(image for image in made.problems if image in (*known.deadly, *self._deadly()))
        if isinstance(method, IsolatedMethod):
            changed |= method.changed
        all_changed = tuple(sorted({*known.changed, *changed}))
        made = replace(made, tried=self.token, deadly=deadly, changed=all_changed)
        self.keys.settle("method", unit.method)
        self.store.put("pictures", self.keys.pictures(unit), made.pack())
        return made

    def _deadly(self) -> Sequence[str]:
        """Images that are not tried, because they ended a process."""
        return ()

    def features(self, unit: Unit, name: str, alone: bool = False) -> Rows:
        """One extractor's features of a unit's pictures, extracted once in a run's life.

        Args:
            unit: whose pictures.
            name: of the extractor.
            alone: read nothing of the HR images, as what aligns a picture by itself.
        """
        key = self._feature_key(unit, name, alone)
        if (stored := self._stored(FEATURES, key)) is not None:
            return stored
        made, extractor = self.pictures(unit), self._extractor(name)
        ids = [self.inputs(unit.shard).ids[row] for row in made.rows]
        guide = self._guide(unit, name, self._unguided(extractor, alone), ids)
        usable = np.array([row for row, image in enumerate(ids) if image not in guide.problems], dtype=np.int64)
        images = to_tensor(made.pixels[usable])

        def compute(part: slice) -> dict[str, np.ndarray]:
            standardise(self.spec.seed)
            return extract(extractor, images[part], {name: array[part] for name, array in guide.arrays.items()})

        found = by_image(compute, [ids[row] for row in usable], extractor.may_be_nan)
        found.problems |= guide.problems
        self.keys.settle("extractor", name)
        self._keep(FEATURES, self._feature_key(unit, name, alone), found)
        return found

    def _place(self, key: str, problems: Mapping[str, str]) -> str:
        """Where a result is stored: one that lacks images is of this run alone, another run tries them again."""
        return key_of(of=key, run=self.token) if problems else key

    def _stored(self, kind: str, key: str) -> Rows | None:
        for place in (key, key_of(of=key, run=self.token)):
            if (stored := self.store.get(kind, place)) is not None:
                return Rows.unpack(stored)
        return None

    def _keep(self, kind: str, key: str, found: Rows) -> None:
        self.store.put(kind, self._place(key, found.problems), found.pack())

    def stored_features(self, key: str) -> Features:
        """The features of a unit that was done.

        Raises:
            FsrbenchError: they are gone.
        """
        stored = self.store.get(FEATURES, key)
        if stored is None:
            raise FsrbenchError("stored features are gone from the run's cache; run it again")
        return Rows.unpack(stored).arrays

    def _feature_key(self, unit: Unit, name: str, alone: bool = False) -> str:
        return self.keys.features(self.made_key(unit), name, self._unguided(self._extractor(name), alone))

    def _unguided(self, extractor: Extractor, alone: bool) -> bool:
        return alone or (extractor.aligns and self.spec.alignment == "sr")

    def _guide(self, unit: Unit, name: str, alone: bool, ids: Sequence[str]) -> Rows:
        """What the extractor reads: features of the HR images where there are any, else of the pictures themselves."""
        inputs, needed = self.inputs(unit.shard), self._extractor(name).requires
        source, tried = unit, ids
        if not (alone or unit.of_hr or inputs.hr is None):
            source, tried, needed = replace(unit, method=HR), inputs.ids, (*needed, name)
        parts = [self.features(source, each, alone) for each in needed]
        problems = {image: why for part in parts for image, why in part.problems.items() if image in ids}
        usable = [image for image in ids if image not in problems]
        arrays = [part.of(usable, tried) for part in parts if usable]
        return Rows({name: array for part in arrays for name, array in part.items()}, problems)

    def _extractor(self, name: str) -> Extractor:
        if name not in self._extractors:
            self._extractors[name] = EXTRACTORS.get(name)()
        return self._extractors[name]

    def _first_batch(self) -> Batch:
        return Batch(self.spec.batch_size) if self.spec.batch_size else Batch.for_device(self.device)

    def _upscale(self, method: Method, changed: set[str], lr: Tensor, ids: Sequence[str]) -> list[Outcome]:
        return outcomes(method, lr, ids, self.task.hr_size, changed)

    def _score(self, metric: ImageMetric, pictures: str, sr: Tensor, hr: Tensor | None, ids: Sequence[str]) -> Rows:
        if (stored := self._stored("scores", self.keys.scores(pictures, metric))) is not None:
            return stored

        def compute(part: slice) -> dict[str, np.ndarray]:
            standardise(self.spec.seed)
            with one_thread() if metric.threads_matter else nullcontext():
                return {"value": metric.score(sr[part], None if hr is None else hr[part]).double().cpu().numpy()}

        found = by_image(compute, ids)
        self.keys.settle("metric", metric.name)
        self._keep("scores", self.keys.scores(pictures, metric), found)
        return found


@contextmanager
def _failure_in(failed: dict[str, str], name: str) -> Iterator[None]:
    """Run a metric or an extractor; what it raises is why there is nothing of it."""
    try:
        with contained():
            yield
    except CannotWrite:
        raise
    except Exception as error:  # a plug-in's code may raise anything
        failed[name] = one_line(error)
