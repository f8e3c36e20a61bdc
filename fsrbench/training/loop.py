"""The training loop: batches in, averaged weights, a log and resumable checkpoints out."""

from __future__ import annotations

import copy
import io
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from fsrbench.atomic import whole
from fsrbench.errors import UserError, one_line
from fsrbench.training import distributed
from fsrbench.training.data import prefetch
from fsrbench.training.log import Log
from fsrbench.training.recipe import Recipe


@dataclass(frozen=True)
class Schedule:
    """How long a recipe is trained, and how often its state is kept."""

    steps: int
    ema: float = 0.999
    """Decay of the exponential average of the shipped weights."""
    save_every: int = 500


Report = Callable[[int, dict[str, float]], None]
"""Told after each update: how many are done, and their losses."""


@dataclass
class _Means:
    """Mean losses since the last row of the log."""

    sums: dict[str, float] = field(default_factory=dict)
    count: int = 0

    def add(self, losses: dict[str, float]) -> None:
        self.count += 1
        for name, value in losses.items():
            self.sums[name] = self.sums.get(name, 0.0) + value

    def take(self) -> dict[str, float]:
        means = {name: round(value / self.count, 5) for name, value in self.sums.items()}
        self.sums, self.count = {}, 0
        return means


def train(recipe: Recipe, out: Path, schedule: Schedule, resume: bool, report: Report) -> None:
    """Train a recipe; ``out`` gets ``weights.safetensors`` (averaged), ``log.csv``, ``pictures`` and ``state.pt``.

    Raises:
        UserError: ``out`` holds a training and ``resume`` was not asked for, or losses are no longer finite.
    """
    out.mkdir(parents=True, exist_ok=True)
    if not resume and (out / "state.pt").exists():
        raise UserError(f"{out} holds a training; go on with --resume or give another folder")
    average = copy.deepcopy(recipe.network).eval()
    start = _load(out, recipe, average) if resume else 0
    distributed.share_start(recipe.modules.values())
    log = Log(out, start) if distributed.rank() == 0 else None
    means, began = _Means(), time.monotonic()
    for module in recipe.modules.values():
        module.train()
    for step, batch in enumerate(prefetch(recipe.batch, start, schedule.steps), start):
        torch.manual_seed(step)  # for what draws its noise inside a step
        losses = recipe.step(batch, step / schedule.steps)
        _average(average, recipe.network, min(schedule.ema, (step + 1) / (step + 10)))
        means.add(losses)
        done = step + 1
        report(done, losses)
        if log is not None and (done % schedule.save_every == 0 or done == schedule.steps):
            rate = (done - start) * recipe.options.batch * distributed.world() / (time.monotonic() - began)
            _keep(recipe, average, log, done, means.take() | {"images_per_s": round(rate, 1)})


def _keep(recipe: Recipe, average: nn.Module, log: Log, done: int, values: dict[str, float]) -> None:
    if bad := [name for name, value in values.items() if value != value]:
        raise UserError(f"step {done}: {', '.join(bad)} not finite; the last good state is kept")
    with torch.inference_mode():
        quality = recipe.validate(average)
        picture = recipe.picture(average)
    _save(log.folder, recipe, average, done)
    log.write(done, {"images": done * recipe.options.batch * distributed.world(), **values, **quality})
    if picture is not None:
        log.picture(done, picture)


@torch.no_grad()
def _average(average: nn.Module, network: nn.Module, decay: float) -> None:
    for mean, value in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
        if mean.is_floating_point():
            mean.lerp_(value, 1 - decay)
        else:
            mean.copy_(value)


def _save(out: Path, recipe: Recipe, average: nn.Module, step: int) -> None:
    """Write the checkpoint so that a kill at any moment leaves the old one or the new one."""
    state: dict[str, Any] = {"step": step, "average": average.state_dict(), "recipe": recipe.state()}
    buffer = io.BytesIO()  # on a full disk torch and safetensors raise errors of their own that do not say so
    torch.save(state, buffer)
    with whole(out / "state.pt") as part:
        part.write_bytes(buffer.getbuffer())
    weights: dict[str, Tensor] = {k: v.contiguous() for k, v in average.state_dict().items()}
    with whole(out / "weights.safetensors") as part:
        part.write_bytes(safetensors.torch.save(weights, metadata={"step": str(step)}))


def _load(out: Path, recipe: Recipe, average: nn.Module) -> int:
    if not (out / "state.pt").exists():
        return 0
    try:
        state = torch.load(out / "state.pt", map_location=recipe.device, weights_only=True)
        average.load_state_dict(state["average"])
        recipe.load_state(state["recipe"])
        return int(state["step"])
    except Exception as error:  # damaged, of another training, or holding code: torch and pickle each raise their own
        raise UserError(f"{out} was made by another training: {one_line(error)}") from None


def describe(out: Path, settings: dict[str, Any]) -> None:
    """Write down what a training was called with."""
    out.mkdir(parents=True, exist_ok=True)
    with whole(out / "training.json") as part:
        part.write_text(json.dumps(settings, indent=1, default=str) + "\n", encoding="utf-8")


def export(folder: Path, destination: Path, training: str) -> None:
    """Ship a training's averaged weights: half precision, with one line on how they were trained inside.

    Args:
        folder: what :func:`train` wrote.
        destination: the .safetensors file to write.
        training: the line; methods show it in the manifest.
    """
    state = load_file(folder / "weights.safetensors")
    # Batch norm's running statistics stay in float32: variances can leave half precision's range.
    halved = {k: v.half() if v.is_floating_point() and "running_" not in k else v for k, v in state.items()}
    save_file(halved, destination, metadata={"training": training})
