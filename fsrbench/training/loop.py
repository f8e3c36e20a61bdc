"""The training loop: batches in, averaged weights, a log and resumable checkpoints out."""

from __future__ import annotations

import copy
import io
import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import safetensors.torch
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from fsrbench.atomic import whole
from fsrbench.errors import UserError, one_line
from fsrbench.folders import make_folder, only_writer
from fsrbench.training import distributed
from fsrbench.training.data import prefetch
from fsrbench.training.log import Log
from fsrbench.training.recipe import Recipe

STATE: Final = "state.pt"
"""All that a resumed training needs."""


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


@contextmanager
def held(out: Path, resume: bool) -> Iterator[None]:
    """Make a training's folder; inside, no other process writes to it.

    Raises:
        UserError: it cannot be made, another process trains in it, or it holds a training that is not to be resumed.
    """
    make_folder(out, lambda: True, "")
    with only_writer(out):
        if not resume and (out / STATE).exists():
            raise UserError(f"{out} holds a training; go on with --resume or give another folder")
        yield


def train(
    recipe: Recipe,
    out: Path,
    schedule: Schedule,
    resume: bool,
    report: Report,
    settings: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Train a recipe; who starts it has the folder :func:`held`.

    ``out`` gets ``weights.safetensors`` (averaged), ``log.csv``, ``pictures``, ``state.pt`` and, in ``training.json``,
    the settings that the training was called with.

    Raises:
        UserError: what ``resume`` asks for was made by another training, or losses or weights are no longer finite.
    """
    out.mkdir(parents=True, exist_ok=True)
    average = copy.deepcopy(recipe.network).eval()
    start = _load(out, recipe, average) if resume else 0
    distributed.share_start(recipe.modules.values())
    log = None
    if distributed.rank() == 0:
        _describe(out, settings)
        log = Log(out, start)
    means, began = _Means(), time.monotonic()
    for module in recipe.modules.values():
        module.train()
    with closing(prefetch(recipe.batch, start, schedule.steps)) as batches:
        for step, batch in enumerate(batches, start):
            torch.manual_seed(step)  # for what draws its noise inside a step
            losses = recipe.step(batch, step / schedule.steps)
            _average(average, recipe.network, min(schedule.ema, (step + 1) / (step + 10)))
            means.add(losses)
            done = step + 1
            report(done, losses)
            if done % schedule.save_every and done != schedule.steps:
                continue
            rate = (done - start) * recipe.options.batch * distributed.world() / (time.monotonic() - began)
            with distributed.together():
                if log is not None:
                    _keep(recipe, average, log, done, means.take() | {"images_per_s": round(rate, 1)})


def _keep(recipe: Recipe, average: nn.Module, log: Log, done: int, values: dict[str, float]) -> None:
    bad = [name for name, value in values.items() if not math.isfinite(value)]
    # A gradient may be infinite where the loss was not.
    networks = {**recipe.modules, "averaged weights": average}
    bad += [name for name, network in networks.items() if not _finite(network)]
    if bad:
        raise UserError(f"step {done}: {', '.join(bad)} not finite; the last good state is kept")
    with torch.inference_mode():
        quality = recipe.validate(average)
        picture = recipe.picture(average)
    _save(log.folder, recipe, average, done)
    log.write(done, {"images": done * recipe.options.batch * distributed.world(), **values, **quality})
    if picture is not None:
        log.picture(done, picture)


def _finite(network: nn.Module) -> bool:
    return all(bool(value.isfinite().all()) for value in network.state_dict().values())


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
    with whole(out / STATE) as part:
        part.write_bytes(buffer.getbuffer())
    weights: dict[str, Tensor] = {k: v.contiguous() for k, v in average.state_dict().items()}
    with whole(out / "weights.safetensors") as part:
        part.write_bytes(safetensors.torch.save(weights, metadata={"step": str(step)}))


def _load(out: Path, recipe: Recipe, average: nn.Module) -> int:
    if not (out / STATE).exists():
        return 0
    try:
        state = torch.load(out / STATE, map_location=recipe.device, weights_only=True)
        average.load_state_dict(state["average"])
        recipe.load_state(state["recipe"])
        return int(state["step"])
    except Exception as error:  # damaged, of another training, or holding code: torch and pickle each raise their own
        raise UserError(f"{out} was made by another training: {one_line(error)}") from None


def _describe(out: Path, settings: Mapping[str, Any]) -> None:
    with whole(out / "training.json") as part:
        part.write_text(json.dumps(dict(settings), indent=1, default=str) + "\n", encoding="utf-8")


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
