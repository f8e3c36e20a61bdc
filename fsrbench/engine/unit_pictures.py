"""The pictures of units: SR is made once per run folder and stored; HR comes from the inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from torch import Tensor

from fsrbench.datasets.inputs import Inputs, hr_picture
from fsrbench.engine.behaviour import CheckedMethods
from fsrbench.engine.context import Context
from fsrbench.engine.pictures import Batch, Outcome, Pictures, none_made, outcomes, super_resolve
from fsrbench.engine.plan import Unit
from fsrbench.engine.store import PICTURES, key_of
from fsrbench.methods.isolation.parent import IsolatedMethod, MethodDied
from fsrbench.methods.names import can_be_isolated
from fsrbench.pictures.enlarge import enlarge
from fsrbench.process.state import standardise
from fsrbench.runs.names import HR


class UnitPictures:
    """Reads stored pictures and makes the others; keeps those of the latest unit."""

    def __init__(self, context: Context) -> None:
        self._context, self._spec, self._keys = context, context.spec, context.keys
        self._batches: dict[str, Batch] = {}
        self._checked = CheckedMethods()
        self._latest: tuple[str, Pictures] | None = None
        """Every metric and extractor of a unit asks for the same pictures."""

    def get(self, unit: Unit) -> Pictures:
        """SR pictures of a unit; of the HR unit, the HR pictures; of the LR unit, the LR pictures at HR's side."""
        inputs = self._context.inputs.get(unit.shard)
        if unit.of_hr:
            assert inputs.hr is not None
            return Pictures(np.arange(len(inputs.ids)), inputs.hr)
        key = self._keys.pictures(unit)
        if self._latest is None or self._latest[0] != key:
            made = self._without_sr(unit, inputs) if unit.of_lr else self._make(unit, key, inputs)
            self._latest = self._keys.pictures(unit), made
        return self._latest[1]

    def _without_sr(self, unit: Unit, inputs: Inputs) -> Pictures:
        """The LR pictures at HR's side; HR itself for samples with ``keeps_hr``."""
        task, samples = self._spec.the_task, {sample.id: sample for sample in unit.shard.samples}
        side, large = task.hr_size, []
        for image, lr in zip(inputs.ids, inputs.lr, strict=True):
            large.append(hr_picture(samples[image], task) if samples[image].keeps_hr else enlarge(lr, side))
        pixels = np.stack(large) if large else np.empty((0, side, side, 3), np.uint8)
        return Pictures(np.arange(len(large)), pixels)

    def made_key(self, unit: Unit) -> str:
        """Key of the pictures actually made, and of the HR they are compared with.

        Scores depend on pixels alone: pictures that are made again and are equal need no new scores.
        """
        if unit.is_given:
            return self._keys.pictures(unit)
        hr = self._keys.pictures(replace(unit, method=HR))
        return key_of(pixels=self.get(unit).digest, hr=hr)

    def _make(self, unit: Unit, key: str, inputs: Inputs) -> Pictures:
        """Stored pictures; images that an earlier run failed on, or that no run has tried, are tried now."""
        store, side = self._context.store, self._spec.the_task.hr_size
        stored = store.get(PICTURES, key)
        known = Pictures.unpack(stored) if stored else none_made(inputs, side, "not tried")
        if not (rows := known.to_try(inputs.ids, self._keys.token)):
            return known
        wanted = replace(inputs, ids=[inputs.ids[row] for row in rows], lr=inputs.lr[rows])
        try:
            made = known.with_tried(rows, self._super_resolve(unit, wanted, known))
        except MethodDied as error:  # not stored: with more time or memory it may succeed
            return known.with_tried(rows, none_made(wanted, side, str(error)))
        changed = self._context.methods.changed[unit.method]
        made = replace(made, tried=self._keys.token, changed=tuple(sorted({*known.changed, *changed})))
        self._keys.settle("method", unit.method)
        store.put(PICTURES, self._keys.pictures(unit), made.pack())
        return made

    def _super_resolve(self, unit: Unit, wanted: Inputs, known: Pictures) -> Pictures:
        method, changed = self._context.methods.get(unit.method), self._context.methods.changed[unit.method]
        device, side = self._context.device, self._spec.the_task.hr_size
        size = self._spec.batch_size
        batch = self._batches.setdefault(unit.method, Batch(size) if size else Batch.for_device(device, side))

        def upscale(lr: Tensor, ids: Sequence[str]) -> list[Outcome]:
            return outcomes(method, lr, ids, side, changed)

        standardise(self._spec.seed + unit.shard.index)
        if not can_be_isolated(self._spec.methods[unit.method]):  # pictures made elsewhere: nothing to check
            return super_resolve(upscale, wanted, side, batch, device)
        made = self._checked.super_resolve(unit.method, upscale, wanted, side, batch, device, known)
        if isinstance(method, IsolatedMethod):
            changed |= method.changed
        return made
