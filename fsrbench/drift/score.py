"""Score new pictures of a watch: enlarge them by the method, or take SR pictures as they are. Needs torch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from fsrbench.api import evaluate
from fsrbench.datasets import Dataset, Picture, Sample
from fsrbench.drift.known import INPUTS, OUTPUTS
from fsrbench.drift.windows import measured
from fsrbench.errors import UserError
from fsrbench.metrics.base import Direction, InputMetric, Metric
from fsrbench.pictures.decode import to_uint8
from fsrbench.runs.data import RunData
from fsrbench.runs.names import LR
from fsrbench.tasks import find_task

AS_IT_IS: Final = "sr"
"""Name of the method that returns its input, for SR pictures."""


@dataclass(frozen=True, eq=False)
class Scored:
    """Measurements of some pictures."""

    values: dict[str, dict[str, float | None]]
    """By picture: a number for each measure, ``None`` if missing."""
    problems: dict[str, str]
    """Why other pictures have none."""
    facts: dict[str, Any]
    """The metrics' protocols and the method's weights."""
    descriptors: dict[str, dict[str, np.ndarray]] = field(default_factory=dict)
    """By picture, if a metric reads them: the face descriptors of ``lr`` and ``sr``."""


class _Held:
    """Files in memory: the bytes that are scored are those that were hashed, even if the file changes meanwhile."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files

    def names(self) -> list[str]:
        """All names, sorted."""
        return sorted(self._files)

    def read(self, name: str) -> bytes:
        """One file's bytes."""
        return self._files[name]


class _Measured(InputMetric):
    """One of drift's own measures, as a metric of the run that scores the pictures.

    Args:
        name: of the measure.
        with_lr: whether the pictures have an input.
        known: measures by image; shared, so that each picture is measured only once.
    """

    direction: Direction = "none"
    settings = "of drift"
    scores_lr = False

    def __init__(self, name: str, with_lr: bool, known: dict[str, dict[str, float]]) -> None:
        self.name, self.title, self.protocol = name, name, f"{name} of fsrbench.drift.measures"
        self._with_lr, self._known = with_lr, known

    def score(self, sr: Tensor, lr: Tensor, ids: Sequence[str]) -> Tensor:
        """The measure of each picture."""
        if not self._known.keys() >= set(ids):
            for image, picture, given in zip(ids, to_uint8(sr), to_uint8(lr), strict=True):
                self._known[image] = measured(picture, given if self._with_lr else None)
        return torch.tensor([self._known[image][self.name] for image in ids], dtype=torch.float64)


def score(
    files: Mapping[str, bytes], method: str, task: str, metrics: Sequence[str], of_sr: bool, **options: Any
) -> Scored:
    """Measure pictures.

    Args:
        files: bytes of each picture, by name.
        method: enlarges them; not used for SR pictures.
        task: its task.
        metrics: names of the metrics besides the measures of pictures.
        of_sr: the pictures are SR themselves.
        **options: further settings of :func:`fsrbench.evaluate`, such as ``device`` and ``offline``.

    Raises:
        UserError: the method cannot be loaded.
    """
    names = {f"{place:05}": name for place, name in enumerate(files)}
    held = _Held(files)
    samples = tuple(Sample(image, lr=Picture(held, name)) for image, name in names.items())
    shown = [m.name for m in (*INPUTS, *OUTPUTS) if m.name != "lr_size"]
    if of_sr:
        shown = ["sr_brightness", "sr_contrast", "sr_sharpness", "sr_noise"]
        task = f"{find_task(task).hr_size}x1"
    known: dict[str, dict[str, float]] = {}
    own: list[str | type[Metric] | Metric] = [*(_Measured(name, not of_sr, known) for name in shown), *metrics]
    methods: Any = {AS_IT_IS: lambda pictures: pictures} if of_sr else [method]
    run = evaluate(methods, Dataset("new pictures", samples), own, task=task, progress=False, **options)
    row = AS_IT_IS if of_sr else method
    entry = run.entry("methods", row)
    if entry.get("status") == "unavailable" or "note" in entry:
        raise UserError(f"{row}: {entry.get('note')}")
    return _scored(run, row, names)


def _scored(run: RunData, row: str, names: Mapping[str, str]) -> Scored:
    wide = run.scores[run.scores["method"] == row].pivot(index="image", columns="metric", values="value")
    values, problems = {}, dict(run.manifest["dataset"]["left_out"])
    failed = run.entry("methods", row).get("failed_images") or {}
    for image, name in names.items():
        if image in wide.index and wide.loc[image].notna().any():
            numbers = wide.loc[image].astype(float).to_dict()
            values[name] = {str(m): v if math.isfinite(v) else None for m, v in numbers.items()}
        else:
            problems[image] = str(problems.get(image) or failed.get(image) or "no measure has a number")
    protocols = {metric: run.manifest["protocols"].get(metric, "") for metric in wide.columns}
    kept = {m: text for m, text in protocols.items() if not m.startswith(("lr_", "sr_"))}
    facts = {"protocols": kept, "weights": run.entry("methods", row).get("weights_sha256")}
    reasons = {names[image]: why for image, why in problems.items()}
    return Scored(values, reasons, facts, _descriptors(run, row, names))


def _descriptors(run: RunData, row: str, names: Mapping[str, str]) -> dict[str, dict[str, np.ndarray]]:
    kept = run.descriptors
    found: dict[str, dict[str, np.ndarray]] = {name: {} for name in names.values()}
    for side, of in (("lr", LR), ("sr", row)):
        numbers = kept.of(of, list(names)) if kept else None
        for name, descriptor in zip(names.values(), () if numbers is None else numbers, strict=False):
            if np.isfinite(descriptor).all():
                found[name][side] = descriptor
    return {name: sides for name, sides in found.items() if sides}
