"""A careful worker: one step at a time, each written down first, so that what ends the process is known afterwards."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from fsrbench.engine.by_image import Rows
from fsrbench.engine.plan import Unit
from fsrbench.engine.worker import Worker
from fsrbench.methods.base import Method
from fsrbench.metrics.base import ImageMetric


class Step(NamedTuple):
    """Something that may end the process: super-resolving an ``image``, a ``metric`` or an ``extractor``."""

    kind: str
    name: str


class Deadly(Exception):
    """A step that is not tried, because it ended the process before."""


@dataclass
class Doubt:
    """Where a careful worker writes down what it is at, and which steps it must not try."""

    note: Path
    deadly: dict[Step, str] = field(default_factory=dict)
    """Why not."""
    _open: list[Step] = field(default_factory=list)

    def last_step(self) -> Step | None:
        """What the worker was at when its process ended."""
        try:
            kind, name = json.loads(self.note.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return Step(kind, name)

    @contextmanager
    def step(self, kind: str, name: str) -> Iterator[None]:
        """Be at a step inside; steps may lie in each other.

        Raises:
            Deadly: it must not be tried.
        """
        step = Step(kind, name)
        if step in self.deadly:
            raise Deadly(f"{name} {self.deadly[step]}")
        self._open.append(step)
        self._write()
        try:
            yield
        finally:
            self._open.pop()
            self._write()

    def _write(self) -> None:
        part = self.note.with_suffix(".part")
        part.write_text(json.dumps(self._open[-1] if self._open else None), encoding="utf-8")
        part.replace(self.note)


class CarefulWorker(Worker):
    """Super-resolves one image at a time, and tries neither an image nor a metric nor an extractor that is deadly.

    What a network makes of an image alone may differ by a rounding of the last bit from what it makes in a batch.
    """

    doubt: Doubt

    def _upscale(self, method: Method, changed: set[str], lr: Tensor, ids: Sequence[str]) -> list[Tensor | str]:
        return [self._upscale_one(method, changed, image[None], name) for image, name in zip(lr, ids, strict=True)]

    def _upscale_one(self, method: Method, changed: set[str], lr: Tensor, name: str) -> Tensor | str:
        try:
            with self.doubt.step("image", name):
                (outcome,) = super()._upscale(method, changed, lr, [name])
                if isinstance(outcome, Tensor) and outcome.is_cuda:
                    torch.cuda.synchronize()  # a device fails later than the call that makes it
                return outcome
        except Deadly:
            return self.doubt.deadly[Step("image", name)]

    def _deadly(self) -> list[str]:
        return [step.name for step in self.doubt.deadly if step.kind == "image"]

    def _score(self, metric: ImageMetric, pictures: str, sr: Tensor, hr: Tensor | None, ids: Sequence[str]) -> Rows:
        with self.doubt.step("metric", metric.name):
            return super()._score(metric, pictures, sr, hr, ids)

    def features(self, unit: Unit, name: str, alone: bool = False) -> Rows:
        """One extractor's features of a unit's pictures.

        Raises:
            Deadly: extracting them ended the process before.
        """
        with self.doubt.step("extractor", name):
            return super().features(unit, name, alone)
