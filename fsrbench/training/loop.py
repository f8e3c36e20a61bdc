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
from fsrbench.process.signals import stop_requested
from fsrbench.training import distributed
from fsrbench.training.data import prefetch
from fsrbench.training.log import Log
from fsrbench.training.recipe import Recipe
from fsrbench.training.record import RECORD, Record
from fsrbench.training.state import (
    WEIGHTS,
    Progress,
    checkpoint_note,
    has_training,
    naming_checkpoint,
    read_state,
    restore,
    save,
    weights_are_of,
    write_weights,
)


@dataclass(frozen=True)
class Schedule:
    """Length of a training, and how often it is saved."""

    steps: int
    ema: float = 0.999
    """Decay of the exponential moving average of the shipped weights."""
    save_every: int = 500


Report = Callable[[int, dict[str, float]], None]
"""Called after each update with the number of updates done and their losses."""
Say = Callable[[str], None]
"""Shows the user one line."""


@contextmanager
def locked(out: Path, resume: bool) -> Iterator[None]:
    """Create a training's folder; inside, no other process writes to it.

    Raises:
        UserError: it cannot be created, another process trains in it, it holds a training and ``resume`` is false, or
            it holds none and ``resume`` is true.
    """
    if resume and not (has_training(out) or (out / RECORD).exists()):
        raise UserError(f"{out} holds no training to resume; check --out, or start one without --resume")
    make_folder(out, lambda: True, "")
    with only_writer(out):
        if not resume and has_training(out):
            raise UserError(f"{out} holds a training; continue it with --resume or give another folder")
        yield


def train(
    recipe: Recipe,
    out: Path,
    schedule: Schedule,
    resume: bool,
    report: Report,
    settings: Mapping[str, Any] = MappingProxyType({}),
    say: Say = lambda line: None,
) -> Progress:
    """Train a recipe; the caller holds the folder's lock (:func:`locked`).

    ``out`` gets ``weights.safetensors`` (averaged), ``log.csv``, ``pictures``, ``state.pt``, and ``training.json`` with
    the settings and how they changed when the training was resumed.

    Returns:
        The progress at the end.

    Raises:
        UserError: ``out`` holds another training than the one to resume, or losses or weights are not finite.
        Interrupted: stopped by a signal, after writing a checkpoint.
    """
    out.mkdir(parents=True, exist_ok=True)
    average = copy.deepcopy(recipe.network).eval()
    progress, record = Progress(), Record.of(settings)
    if resume:
        new = Record.of(recipe.settings() | record.settings)
        progress, record = _resume(recipe, out, average, schedule, new, say)
    distributed.broadcast_weights(recipe.modules.values())
    with naming_checkpoint(out):
        if progress.step >= schedule.steps:
            _finish(out, average, progress, record, schedule, say)
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
    """Do the remaining updates."""
    log = Log(out, progress.step) if distributed.rank() == 0 else None
    images_a_step = recipe.options.batch * distributed.world_size()
    began, first = time.monotonic(), progress.images
    with stop_requested() as stopped, closing(prefetch(recipe.batch, progress.step, schedule.steps)) as batches:
        for step, batch in enumerate(batches, progress.step):
            torch.manual_seed(step)  # for noise drawn inside a step
            losses = recipe.step(batch, step / schedule.steps)
            _average(average, recipe.network, min(schedule.ema, (step + 1) / (step + 10)))
            progress.add(losses, images_a_step)
            report(progress.step, losses)
            end = progress.step == schedule.steps
            stop = distributed.any_process(stopped()) and not end
            if stop or end or progress.step % schedule.save_every == 0:
                rate = (progress.images - first) / (time.monotonic() - began)
                with distributed.fail_together():
                    if log is not None:
                        _checkpoint(recipe, average, log, progress, record, None if stop else round(rate, 1))
            if stop:
                distributed.barrier()  # torchrun ends all processes when one ends
                raise Interrupted(f"interrupted; {checkpoint_note(out)}")


def _resume(
    recipe: Recipe, out: Path, average: nn.Module, schedule: Schedule, new: Record, say: Say
) -> tuple[Progress, Record]:
    """Restore the last checkpoint, and compare its recorded settings with the new ones."""
    if not has_training(out):
        say(f"{out} has no checkpoint yet: the training starts from the beginning")
        return Progress(), new
    state = read_state(out, recipe)
    record = Record(state["settings"], state["history"]) if "settings" in state else Record.read(out) or new
    progress = Progress(int(state["step"]), state.get("images", 0), state.get("sums", {}), state.get("count", 0))
    if not progress.images:  # states of older versions do not count them
        batch = record.settings.get("batch", recipe.options.batch)
        progress.images = Log.images(out, progress.step) or progress.step * batch * distributed.world_size()
    if record.settings and "held_out" in new.settings and "held_out" not in record.settings:
        say("the people held out were chosen by an older rule: validation may now show faces that were trained on")
    if progress.step >= schedule.steps:  # nothing will be trained, so the record does not change
        new.settings.pop("steps", None)
        Record(dict(record.settings)).resume_with(new, out, progress.step, progress.images)
    else:
        for line in record.resume_with(new, out, progress.step, progress.images):
            say(line)
    restore(state, out, recipe, average)
    return progress, record


def _finish(out: Path, average: nn.Module, progress: Progress, record: Record, schedule: Schedule, say: Say) -> None:
    """Write the weights of a finished training again if they are missing or older than its state."""
    if progress.step > schedule.steps:
        say(f"{out} has {progress.step} updates already, more than the {schedule.steps} asked for: nothing is trained")
    if distributed.rank() == 0 and not weights_are_of(out, progress, record.settings):
        write_weights(out, average, progress, record.settings)
        say(f"{out / WEIGHTS} was missing or older than the state and is written again")


def _checkpoint(
    recipe: Recipe, average: nn.Module, log: Log, progress: Progress, record: Record, images_per_s: float | None
) -> None:
    """Write a checkpoint, and a row of the log unless ``images_per_s`` is ``None`` (the training was interrupted)."""
    bad = [name for name, value in progress.sums.items() if not math.isfinite(value)]
    # Gradients may be infinite where the loss was finite
    networks = {**recipe.modules, "averaged weights": average}
    bad += [name for name, network in networks.items() if not _is_finite(network)]
    if bad:
        raise UserError(f"step {progress.step}: {', '.join(bad)} not finite; {checkpoint_note(log.folder)}")
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


def _is_finite(network: nn.Module) -> bool:
    return all(bool(value.isfinite().all()) for value in network.state_dict().values())


@torch.no_grad()
def _average(average: nn.Module, network: nn.Module, decay: float) -> None:
    for mean, value in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
        if mean.is_floating_point():
            mean.lerp_(value, 1 - decay)
        else:
            mean.copy_(value)
