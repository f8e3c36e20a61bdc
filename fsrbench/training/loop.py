"""The training loop: batches in, averaged weights, a log and resumable checkpoints out."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from torch import nn

from fsrbench.errors import Interrupted, UserError
from fsrbench.files.folders import make_folder, only_writer
from fsrbench.training import distributed
from fsrbench.training.data import prefetch
from fsrbench.training.log import Log
from fsrbench.training.recipe import Recipe
from fsrbench.training.record import RECORD, Record
from fsrbench.training.signals import stop_requested
from fsrbench.training.state import (
    WEIGHTS,
    Progress,
    has_training,
    read_state,
    restore,
    save,
    told_what_is_kept,
    weights_are_of,
    what_is_kept,
    write_weights,
)


@dataclass(frozen=True)
class Schedule:
    """How long a recipe is trained, and how often its state is kept."""

    steps: int
    ema: float = 0.999
    """Decay of the exponential average of the shipped weights."""
    save_every: int = 500


Report = Callable[[int, dict[str, float]], None]
"""Told after each update: how many are done, and their losses."""
Tell = Callable[[str], None]
"""Shows the user one line."""


@contextmanager
def held(out: Path, resume: bool) -> Iterator[None]:
    """Make a training's folder; inside, no other process writes to it.

    Raises:
        UserError: it cannot be made, another process trains in it, it holds a training that is not to be resumed, or
            there is none to resume.
    """
    if resume and not (has_training(out) or (out / RECORD).exists()):
        raise UserError(f"{out} holds no training to resume; check --out, or start one without --resume")
    make_folder(out, lambda: True, "")
    with only_writer(out):
        if not resume and has_training(out):
            raise UserError(f"{out} holds a training; go on with --resume or give another folder")
        yield


def train(
    recipe: Recipe,
    out: Path,
    schedule: Schedule,
    resume: bool,
    report: Report,
    settings: Mapping[str, Any] = MappingProxyType({}),
    tell: Tell = lambda line: None,
) -> Progress:
    """Train a recipe; who starts it has the folder :func:`held`.

    ``out`` gets ``weights.safetensors`` (averaged), ``log.csv``, ``pictures``, ``state.pt`` and, in ``training.json``,
    the settings that the training was called with and how they changed when it was resumed.

    Returns:
        How far the training is.

    Raises:
        UserError: what ``resume`` asks for was made by another training, or losses or weights are no longer finite.
        Interrupted: somebody stopped it; a checkpoint was written.
    """
    out.mkdir(parents=True, exist_ok=True)
    average = copy.deepcopy(recipe.network).eval()
    progress, record = Progress(), Record.of(settings)
    if resume:
        new = Record.of(recipe.settings() | record.settings)
        progress, record = _go_on(recipe, out, average, schedule, new, tell)
    distributed.share_start(recipe.modules.values())
    with told_what_is_kept(out):
        if progress.step >= schedule.steps:
            _finish(out, average, progress, record, schedule, tell)
            return progress
        if distributed.rank() == 0:
            record.write(out)
        for module in recipe.modules.values():
            module.train()
        _run(recipe, out, average, schedule, progress, record, report)
    return progress


def _run(
    recipe: Recipe,
    out: Path,
    average: nn.Module,
    schedule: Schedule,
    progress: Progress,
    record: Record,
    report: Report,
) -> None:
    """All updates that are left."""
    log = Log(out, progress.step) if distributed.rank() == 0 else None
    images_a_step = recipe.options.batch * distributed.world()
    began, first = time.monotonic(), progress.images
    with stop_requested() as stopped, closing(prefetch(recipe.batch, progress.step, schedule.steps)) as batches:
        for step, batch in enumerate(batches, progress.step):
            torch.manual_seed(step)  # for what draws its noise inside a step
            losses = recipe.step(batch, step / schedule.steps)
            _average(average, recipe.network, min(schedule.ema, (step + 1) / (step + 10)))
            progress.add(losses, images_a_step)
            report(progress.step, losses)
            end = progress.step == schedule.steps
            stop = distributed.any_process(stopped()) and not end
            if stop or end or progress.step % schedule.save_every == 0:
                rate = (progress.images - first) / (time.monotonic() - began)
                with distributed.together():
                    if log is not None:
                        _keep(recipe, average, log, progress, record, None if stop else round(rate, 1))
            if stop:
                distributed.wait()  # torchrun ends all processes when the first one leaves
                raise Interrupted(f"interrupted; {what_is_kept(out)}")


def _go_on(
    recipe: Recipe, out: Path, average: nn.Module, schedule: Schedule, new: Record, tell: Tell
) -> tuple[Progress, Record]:
    """Where a training stopped, its settings held against those of now."""
    if not has_training(out):
        tell(f"{out} has no checkpoint yet: the training starts from the beginning")
        return Progress(), new
    state = read_state(out, recipe)
    record = Record(state["settings"], state["history"]) if "settings" in state else Record.read(out) or new
    progress = Progress(int(state["step"]), state.get("images", 0), state.get("sums", {}), state.get("count", 0))
    if not progress.images:  # the state of an older training does not count them
        batch = record.settings.get("batch", recipe.options.batch)
        progress.images = Log.images(out, progress.step) or progress.step * batch * distributed.world()
    if record.settings and "held_out" in new.settings and "held_out" not in record.settings:
        tell("the people held out were chosen by an older rule: validation may now show faces that were trained on")
    if progress.step >= schedule.steps:  # nothing will be trained, so nothing changes
        new.settings.pop("steps", None)
        Record(dict(record.settings)).go_on_with(new, out, progress.step, progress.images)
    else:
        for line in record.go_on_with(new, out, progress.step, progress.images):
            tell(line)
    restore(state, out, recipe, average)
    return progress, record


def _finish(out: Path, average: nn.Module, progress: Progress, record: Record, schedule: Schedule, tell: Tell) -> None:
    """Nothing is left to train: write the weights again where they are missing or older than the state."""
    if progress.step > schedule.steps:
        tell(f"{out} has {progress.step} updates already, more than the {schedule.steps} asked for: nothing is trained")
    if distributed.rank() == 0 and not weights_are_of(out, progress, record.settings):
        write_weights(out, average, progress, record.settings)
        tell(f"{out / WEIGHTS} was missing or older than the state and is written again")


def _keep(
    recipe: Recipe, average: nn.Module, log: Log, progress: Progress, record: Record, images_per_s: float | None
) -> None:
    """Write a checkpoint, and a row of the log unless ``images_per_s`` is ``None`` (the training was interrupted)."""
    bad = [name for name, value in progress.sums.items() if not math.isfinite(value)]
    # A gradient may be infinite where the loss was not.
    networks = {**recipe.modules, "averaged weights": average}
    bad += [name for name, network in networks.items() if not _finite(network)]
    if bad:
        raise UserError(f"step {progress.step}: {', '.join(bad)} not finite; {what_is_kept(log.folder)}")
    if images_per_s is None:
        save(log.folder, recipe, average, progress, record)
        return
    with torch.inference_mode():
        quality = recipe.validate(average)
        picture = recipe.picture(average)
    means = progress.take_means() | {"images_per_s": images_per_s}
    save(log.folder, recipe, average, progress, record)
    log.write(progress.step, {"images": progress.images, **means, **quality})
    if picture is not None:
        log.picture(progress.step, picture)


def _finite(network: nn.Module) -> bool:
    return all(bool(value.isfinite().all()) for value in network.state_dict().values())


@torch.no_grad()
def _average(average: nn.Module, network: nn.Module, decay: float) -> None:
    for mean, value in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
        if mean.is_floating_point():
            mean.lerp_(value, 1 - decay)
        else:
            mean.copy_(value)
