"""Check cheaply whether a method is deterministic and independent of the batch, on the first picture it makes."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from torch import Tensor

from fsrbench.datasets.inputs import Inputs
from fsrbench.engine.pictures import Batch, Outcome, Pictures, Upscale, super_resolve
from fsrbench.methods.isolation.parent import MethodDied
from fsrbench.pictures.decode import to_tensor, to_uint8

LEVELS: Final = 1
"""Difference in grey levels (of 255) that rounding explains."""
SHARE: Final = 0.05
"""Share of the values that may differ by rounding."""
RANDOM: Final = "random"
BATCH_DEPENDENT: Final = "batch"


@dataclass(frozen=True)
class Behaviour:
    """Result of the check."""

    kind: str = ""
    """:data:`RANDOM`, :data:`BATCH_DEPENDENT` (a picture depends on the others in its batch) or empty."""
    text: str = ""
    """A warning in one line, or empty."""


class CheckedMethods:
    """Super-resolves, and checks each method on the first picture it makes in this process."""

    def __init__(self) -> None:
        self._behaviours: dict[str, Behaviour] = {}

    def super_resolve(
        self,
        name: str,
        upscale: Upscale,
        inputs: Inputs,
        side: int,
        batch: Batch,
        device: torch.device,
        known: Pictures | None = None,
    ) -> Pictures:
        """As :func:`fsrbench.engine.pictures.super_resolve`, but one by one if pictures depend on the batch.

        So no number depends on the batch size, which differs between devices. A method is not checked again if it made
        ``known`` pictures of the same shard and passed the check then.
        """
        made = super_resolve(upscale, inputs, side, batch, device)
        passed = known is not None and len(known.rows) > 0 and not known.behaviour
        if name not in self._behaviours and len(made.rows) and not passed:
            rows, size = [int(row) for row in made.rows[:2]], min(batch.size, len(inputs.ids))
            lr, ids = to_tensor(inputs.lr[rows]).to(device), [inputs.ids[row] for row in rows]
            self._behaviours[name] = check(upscale, lr, ids, made.pixels[0], size)
            if self._behaviours[name].kind == BATCH_DEPENDENT:
                batch.size = 1
                made = super_resolve(upscale, inputs, side, batch, device)
        found = self._behaviours.get(name)
        return replace(made, behaviour=found.text if found else "")


def check(upscale: Upscale, lr: Tensor, ids: Sequence[str], made: np.ndarray, batch: int) -> Behaviour:
    """Super-resolve the first image twice more, alone, and compare.

    Args:
        upscale: the method.
        lr: some images, N,3,h,w.
        ids: of the images.
        made: uint8 H,W,3, the SR picture of the first in its batch.
        batch: size of that batch; if 1, it is tried in a batch of two.
    """
    devices = [lr.device] if lr.device.type == "cuda" else []
    # Does not change the random numbers of the next pictures
    with torch.random.fork_rng(devices), torch.inference_mode(), suppress(MethodDied):
        (first,), (second,) = upscale(lr[:1], ids[:1]), upscale(lr[:1], ids[:1])
        together = upscale(lr[:2], ids[:2])[0] if batch == 1 and len(ids) > 1 else None
        return _judge(first, second, made if together is None else together, max(2, batch) if len(ids) > 1 else 1)
    return Behaviour()


def _judge(first: Outcome, second: Outcome, made: np.ndarray | Outcome, batch: int) -> Behaviour:
    if isinstance(first, str) or isinstance(second, str):
        reason = first if isinstance(first, str) else second
        return Behaviour("", f"cannot make a picture alone ({reason}): its numbers may depend on the batch size")
    once, twice = _rounded(first), _rounded(second)
    if _differ(once, twice):
        return Behaviour(RANDOM, f"random: the same image twice {_gap(once, twice)}; its numbers are of one draw")
    if batch > 1 and not isinstance(made, str) and _differ(once, in_batch := _rounded(made)):
        gap = f"an image alone and in a batch of {batch} {_gap(once, in_batch)}"
        how = "as with networks in training mode; its images were super-resolved one by one"
        return Behaviour(BATCH_DEPENDENT, f"depends on the batch: {gap}, {how}")
    return Behaviour()


def _rounded(picture: Tensor | np.ndarray) -> np.ndarray:
    return to_uint8(picture[None])[0] if isinstance(picture, Tensor) else picture


def _differ(first: np.ndarray, second: np.ndarray) -> bool:
    difference = np.abs(first.astype(np.int16) - second)
    return bool(difference.max() > LEVELS or (difference > 0).mean() > SHARE)


def _gap(first: np.ndarray, second: np.ndarray) -> str:
    error = first.astype(np.float64) - second
    return (
        f"differs by up to {np.abs(error).max():.0f} of 255 (PSNR {10 * np.log10(255**2 / (error**2).mean()):.1f} dB)"
    )
