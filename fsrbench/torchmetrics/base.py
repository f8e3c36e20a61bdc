"""Base of metrics in torchmetrics' form: takes pictures, keeps rows as states, gives reasons as warnings."""

from __future__ import annotations

import json
import re
import warnings
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar, Final

import numpy as np
import torch
import torchmetrics
from torch import Tensor

from fsrbench.engine.pictures import another_range
from fsrbench.errors import Invalid, UserError
from fsrbench.metrics.base import Metric
from fsrbench.metrics.facts import Facts
from fsrbench.pictures.decode import to_uint8
from fsrbench.process.state import preserved, standardise
from fsrbench.tasks import Task
from fsrbench.torchmetrics.names import LONGEST, Names, decoded, encoded, names_of

SEEN: Final = "seen"


@dataclass(frozen=True, eq=False)
class Batch:
    """The pictures of one update, uint8 N,H,W,3."""

    sr: np.ndarray
    hr: np.ndarray | None
    lr: np.ndarray | None
    names: Names

    @property
    def ids(self) -> list[str]:
        """The images' ids, or their places in the batch."""
        return [image or f"image {row}" for row, (image, _, _) in enumerate(self.names)]


@dataclass(frozen=True)
class Seen:
    """What all pictures since the last reset have in common."""

    side: int
    lr_side: int
    """0 without LR."""
    has_hr: bool


class FaceMetric(torchmetrics.Metric):
    """A metric of the benchmark as a torchmetrics metric; made by :func:`fsrbench.as_torchmetric`.

    Args:
        metric: a metric of the benchmark.
        facts: what is known of the data; sizes and numbers of images come from the pictures.
    """

    full_state_update = False
    is_differentiable = False
    arrays: ClassVar[tuple[str, ...]]
    """Names of the states that have a row for each image."""

    def __init__(self, metric: Metric, facts: Facts) -> None:
        super().__init__()
        self._metric, self._facts = metric, facts
        self._seen: Seen | None = None
        self._shapes: dict[str, list[int]] = {}
        """Shapes of the arrays that are concatenated in a row of a state."""
        self._warned: set[str] = set()
        # Distinct names keep MetricCollection from merging two metrics whose first values are equal by chance
        slug = re.sub(r"\W", "_", metric.name)
        self._names = {name: f"{slug}_{name}" for name in ("rows", *self.arrays)}
        for name in self._names.values():
            self.add_state(name, default=[], dist_reduce_fx="cat")

    @property
    def name(self) -> str:
        """As ``fsrbench list metrics`` has it."""
        return self._metric.name

    @property
    def higher_is_better(self) -> bool | None:  # type: ignore[override]
        """``None`` for a metric without a direction."""
        return {"higher": True, "lower": False}.get(self._metric.direction)

    @property
    def protocol(self) -> str:
        """One line that lets somebody else recompute the number."""
        return self._configured().protocol if self._seen else self._metric.protocol

    def update(
        self,
        sr: Tensor,
        hr: Tensor | None = None,
        lr: Tensor | None = None,
        ids: Sequence[str] | None = None,
        identities: Sequence[str | None] | None = None,
        roles: Sequence[str | None] | None = None,
    ) -> None:
        """Score a batch, or extract its features.

        Args:
            sr: N,3,H,W, RGB, floats in [0, 1] or uint8.
            hr: the same of HR.
            lr: N,3,h,w of the pictures that SR was made from.
            ids: of the images; strings or integers, also as a tensor, which data loaders make of integers.
            identities: the person on each image, likewise; ``None`` if unknown.
            roles: ``gallery``, ``probe`` or ``distractor``, for identification.

        Raises:
            UserError: pictures of another form, or an input that the metric needs is missing.
            Unavailable: weights or packages are missing.
        """
        batch = Batch(
            _pixels(sr, "sr"),
            None if hr is None else _pixels(hr, "hr"),
            None if lr is None else _pixels(lr, "lr"),
            names_of(len(sr), ids, identities, roles),
        )
        self._see(batch)
        with self._like_a_run():
            kept, arrays = self._computed_of(self._configured(), batch)
        rows = np.stack([encoded(batch.names[row]) for row in kept]) if kept else np.empty((0, LONGEST), np.uint8)
        for name, array in {"rows": rows, **arrays}.items():
            if len(array):
                getattr(self, self._names[name]).append(torch.as_tensor(array, device=self.device))

    def compute(self) -> Tensor:
        """The number of all images so far, float64; NaN where the protocol does not hold."""
        names, arrays = self._gathered()
        value = float("nan")
        if not names:
            self._warn("no image has been scored")
        else:
            try:
                with self._like_a_run():
                    value = self._value(self._configured(names), names, arrays)
            except (Invalid, np.linalg.LinAlgError) as error:
                self._warn(str(error))
        return torch.tensor(value, dtype=torch.float64, device=self.device)

    def reset(self) -> None:
        """Forget all images."""
        super().reset()
        self._seen = None

    @abstractmethod
    def _computed_of(self, metric: Metric, batch: Batch) -> tuple[list[int], dict[str, np.ndarray]]:
        """Indices of the images in the batch that have numbers, and those numbers, row by row."""

    @abstractmethod
    def _value(self, metric: Metric, names: Names, arrays: dict[str, np.ndarray]) -> float:
        """The number of all images."""

    def _see(self, batch: Batch) -> None:
        seen = Seen(min(batch.sr.shape[1:3]), 0 if batch.lr is None else min(batch.lr.shape[1:3]), batch.hr is not None)
        if batch.hr is not None and batch.hr.shape != batch.sr.shape:
            raise UserError(f"{self.name}: sr is {_size(batch.sr)} and hr is {_size(batch.hr)}")
        if self._seen not in (None, seen):
            raise UserError(
                f"{self.name}: these pictures differ from the earlier ones in size or inputs; reset it first"
            )
        if self._seen is None:
            self._seen = seen
            try:
                with self._like_a_run():
                    self._metric.check(self._facts_now())
            except Invalid as error:
                self._seen = None
                raise UserError(f"{self.name}: {error}") from None
            except BaseException:
                self._seen = None
                raise

    def _facts_now(self, names: Names | None = None) -> Facts:
        assert self._seen is not None
        side, lr_side = self._seen.side, self._seen.lr_side
        scale = side // lr_side if lr_side else self._facts.task.scale
        task = Task(side // scale, scale) if scale and side % scale == 0 else Task(side, 1)
        facts = replace(self._facts, task=task, has_hr=self._seen.has_hr)
        if names is None:
            return facts
        people = [identity for _, identity, _ in names if identity is not None]
        return replace(facts, images=len(names), has_pairs=len(set(people)) > 1 and len(people) > len(set(people)))

    def _configured(self, names: Names | None = None) -> Metric:
        """The metric for these pictures; with the names of all, it is checked too."""
        facts = self._facts_now(names)
        if names is not None:
            self._metric.check(facts)
        return self._metric.configured(facts).on(self.device)

    @contextmanager
    def _like_a_run(self) -> Iterator[None]:
        """Inside, settings and seeds are those of a run; the training's are restored after it."""
        with preserved():
            standardise(self._facts.seed)
            yield

    def _gathered(self) -> tuple[Names, dict[str, np.ndarray]]:
        """Names and numbers of all images; if all have ids, each image once and in sorted order."""
        found = {name: _joined(getattr(self, state)) for name, state in self._names.items()}
        if found["rows"] is None:
            return [], {}
        names = [decoded(row) for row in found["rows"]]
        order = list(range(len(names)))
        if all(image for image, _, _ in names):
            first = {image: row for row, (image, _, _) in reversed(list(enumerate(names)))}
            order = [first[image] for image in sorted(first)]
        else:
            names = [(image or f"image {row:09d}", who, role) for row, (image, who, role) in enumerate(names)]
        arrays = {name: array[order] for name, array in found.items() if array is not None and name != "rows"}
        return [names[row] for row in order], arrays

    def _warn(self, reason: str) -> None:
        if reason not in self._warned:
            self._warned.add(reason)
            warnings.warn(f"{self.name}: {reason}", stacklevel=3)

    def state_dict(  # type: ignore[override]  # as torchmetrics itself overrides it
        self, destination: dict[str, Any] | None = None, prefix: str = "", keep_vars: bool = False
    ) -> dict[str, Any]:
        """The states, if they are persistent, with what is needed to read them."""
        found: dict[str, Any] = super().state_dict(destination=destination, prefix=prefix, keep_vars=keep_vars)
        if any(self._persistent.values()) and self._seen is not None:
            text = json.dumps({"seen": asdict(self._seen), "shapes": self._shapes})
            found[f"{prefix}{SEEN}"] = torch.tensor(list(text.encode()), dtype=torch.uint8)
        return found

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *more: Any) -> None:
        if (text := state_dict.pop(f"{prefix}{SEEN}", None)) is not None:
            read = json.loads(bytes(text.tolist()))
            self._seen, self._shapes = Seen(**read["seen"]), read["shapes"]
        super()._load_from_state_dict(state_dict, prefix, *more)


def _pixels(pictures: Tensor, what: str) -> np.ndarray:
    if not isinstance(pictures, Tensor):
        raise UserError(f"{what} must be a tensor N,3,H,W, not {type(pictures).__name__}")
    if pictures.ndim != 4 or pictures.shape[1] != 3 or not len(pictures):
        raise UserError(f"{what} must be N,3,H,W, not {','.join(map(str, pictures.shape))}")
    if pictures.dtype == torch.uint8:
        return np.ascontiguousarray(pictures.detach().permute(0, 2, 3, 1).cpu().numpy())
    if not pictures.is_floating_point():
        raise UserError(f"{what} must be floats in [0, 1] or uint8, not {str(pictures.dtype).removeprefix('torch.')}")
    if not bool(pictures.isfinite().all()):
        raise UserError(f"{what} has numbers that are not finite")
    if found := another_range(pictures):
        raise UserError(f"{what} has {found}")
    return to_uint8(pictures.float())


def _size(pictures: np.ndarray) -> str:
    count, height, width, _ = pictures.shape
    return f"{count} of {width} x {height} px"


def _joined(state: list[Tensor] | Tensor) -> np.ndarray | None:
    """A list state, which after gathering is one tensor."""
    parts = [part for part in ([state] if isinstance(state, Tensor) else state) if len(part)]
    return torch.cat(parts).cpu().numpy() if parts else None
