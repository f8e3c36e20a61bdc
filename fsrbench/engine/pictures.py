"""Super-resolve in batches that fit in memory; record why any image failed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from fsrbench.datasets.inputs import Inputs
from fsrbench.engine.plan import SHARD, SHARD_PIXELS
from fsrbench.engine.store import pack_json, unpack_json
from fsrbench.errors import FsrbenchError, one_line
from fsrbench.methods.base import Method
from fsrbench.methods.isolation.parent import MethodDied
from fsrbench.pictures.decode import to_tensor, to_uint8
from fsrbench.process.containment import contained

OVERSHOOT = 0.25
"""Outputs further outside [0, 1] are in another range rather than overshooting, and are rejected."""
BATCH_PIXELS = 16 * 128**2
"""Maximum pixels of a batch's SR pictures on CPUs: a network's activations take 100 times as much memory."""
Outcome = Tensor | str
"""An SR image, or one line on why it is missing."""
Upscale = Callable[[Tensor, Sequence[str]], list[Outcome]]
"""Returns the outcome of each image of a batch; may raise ``torch.OutOfMemoryError``."""


@dataclass(eq=False)
class Pictures:
    """SR pictures of a shard, and why others are missing."""

    rows: np.ndarray
    """Rows of the shard's inputs that have a picture."""
    pixels: np.ndarray
    """uint8 N,H,W,3, one for each of ``rows``."""
    problems: dict[str, str] = field(default_factory=dict)
    """Why the other images have none."""
    clipped: int = 0
    """Images with values outside [0, 1] by more than half a grey level."""
    tried: str = ""
    """Token of the run that last tried the images with problems."""
    changed: tuple[str, ...] = ()
    """Global state of the process that the method changed."""
    behaviour: str = ""
    """Warning about the method; see :mod:`fsrbench.engine.behaviour`."""

    @cached_property
    def digest(self) -> str:
        """Hash of the pictures and their rows."""
        return hashlib.sha256(self.rows.tobytes() + np.ascontiguousarray(self.pixels).tobytes()).hexdigest()

    @classmethod
    def unpack(cls, stored: Mapping[str, np.ndarray]) -> Pictures:
        """The pictures that :meth:`pack` packed."""
        facts = unpack_json(stored["facts"])
        return cls(stored["rows"], stored["pixels"], **facts | {"changed": tuple(facts["changed"])})

    def pack(self) -> dict[str, np.ndarray]:
        """As arrays to store."""
        names = ("problems", "clipped", "tried", "changed", "behaviour")
        facts = {name: getattr(self, name) for name in names}
        return {"rows": self.rows, "pixels": self.pixels, "facts": pack_json(facts)}

    def to_try(self, ids: Sequence[str], run: str) -> list[int]:
        """Rows that a run should try: those with problems, once per run."""
        return [row for row, image in enumerate(ids) if image in self.problems and self.tried != run]

    def with_tried(self, rows: Sequence[int], made: Pictures) -> Pictures:
        """These pictures with the result of trying ``rows``."""
        together = np.concatenate([self.rows, np.array(rows, np.int64)[made.rows]])
        order = together.argsort()
        return replace(
            self,
            rows=together[order],
            pixels=np.concatenate([self.pixels, made.pixels])[order],
            problems=made.problems,
            clipped=self.clipped + made.clipped,
            behaviour=self.behaviour or made.behaviour,
        )


@dataclass
class Batch:
    """Number of images a method gets at once; reduced when they do not fit in memory."""

    size: int

    @classmethod
    def for_device(cls, device: torch.device, side: int) -> Batch:
        """16 on CPUs, which gain nothing from more, or fewer if SR is above 128 px; a whole shard on GPUs.

        Args:
            device: where the method computes.
            side: of an SR picture, in pixels.
        """
        if device.type == "cuda":
            return cls(max(1, min(SHARD, SHARD_PIXELS // side**2)))
        return cls(max(1, min(16, BATCH_PIXELS // side**2)))


def none_made(inputs: Inputs, side: int, reason: str) -> Pictures:
    """Pictures of a shard on which every image failed."""
    problems = dict.fromkeys(inputs.ids, reason)
    return Pictures(np.empty(0, np.int64), np.empty((0, side, side, 3), np.uint8), problems)


def super_resolve(
    upscale: Upscale,
    inputs: Inputs,
    side: int,
    batch: Batch,
    device: torch.device,
) -> Pictures:
    """Super-resolve a shard.

    Args:
        upscale: the method.
        inputs: of the shard.
        side: of an SR picture, in pixels.
        batch: halved when memory runs out.
        device: where the method computes.
    """
    lr = to_tensor(inputs.lr).to(device)
    outcomes: list[Outcome] = []
    with torch.inference_mode():
        while (start := len(outcomes)) < len(lr):
            part = slice(start, start + batch.size)
            try:
                outcomes += upscale(lr[part], inputs.ids[part])
            except torch.OutOfMemoryError:
                batch.size = max(1, min(batch.size, len(lr) - start) // 2)
    made = {row: outcome for row, outcome in enumerate(outcomes) if isinstance(outcome, Tensor)}
    problems = {inputs.ids[row]: outcome for row, outcome in enumerate(outcomes) if isinstance(outcome, str)}
    clipped = sum(bool(image.min() < -0.5 / 255 or image.max() > 1 + 0.5 / 255) for image in made.values())
    pixels = to_uint8(torch.stack(list(made.values()))) if made else np.empty((0, side, side, 3), np.uint8)
    return Pictures(np.array(list(made), dtype=np.int64), pixels, problems, clipped)


def outcomes(
    method: Method, lr: Tensor, ids: Sequence[str], side: int, changed: set[str] | None = None
) -> list[Outcome]:
    """The outcome of each image of a batch; global state that the method changes is restored.

    Args:
        method: loaded.
        lr: float N,3,h,w in [0, 1].
        ids: of the images.
        side: of an SR picture, in pixels.
        changed: names of global state that the method changed are added to it.

    Raises:
        torch.OutOfMemoryError: the device's memory does not hold more than one image.
        MethodDied: the method's process ended.
    """
    try:
        with contained(changed):
            sr = method.upscale_named(lr.clone(), ids)  # a method may write into its input
    except MethodDied:
        raise
    except Exception as error:  # a method's code may raise anything
        if len(lr) == 1:
            return [str(error) if isinstance(error, FsrbenchError) else one_line(error)]
        if isinstance(error, torch.OutOfMemoryError):
            raise
        half = len(lr) // 2  # find the images it fails on and keep the others
        halves = (lr[:half], ids[:half]), (lr[half:], ids[half:])
        return [outcome for part in halves for outcome in outcomes(method, *part, side, changed)]
    if not isinstance(sr, Tensor) or tuple(sr.shape) != (len(lr), 3, side, side):
        got = tuple(sr.shape) if isinstance(sr, Tensor) else type(sr).__name__
        return [f"returned {got}, expected a tensor of shape {(len(lr), 3, side, side)}"] * len(lr)
    return [_defect(image) or image for image in sr.float()]


def _defect(image: Tensor) -> str | None:
    if not bool(torch.isfinite(image).all()):
        return "returned NaN or infinite values"
    return f"returned {found}" if (found := another_range(image)) else None


def another_range(image: Tensor) -> str:
    """What is wrong with the range of finite values; empty if it is [0, 1] apart from some overshoot."""
    low, high = image.min().item(), image.max().item()
    if low >= -OVERSHOOT and high <= 1 + OVERSHOOT:
        return ""
    return f"values from {low:.3g} to {high:.3g}, expected [0, 1]; scale or clamp them"
