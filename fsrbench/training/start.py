"""From what the user asked for to a training under way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from fsrbench.devices import find_device
from fsrbench.errors import UserError
from fsrbench.process_state import preserved
from fsrbench.tasks import TASKS
from fsrbench.training import RECIPES, distributed
from fsrbench.training.loop import Report, Schedule, held, train
from fsrbench.training.recipe import Options, Recipe

LINE_EVERY = 100
"""Updates between the lines that stand for the progress bar where there is no terminal."""


@preserved()
def start(
    model: str,
    out: Path,
    settings: Mapping[str, Any],
    config: Path | None,
    steps: int,
    save_every: int,
    threads: int | None,
    resume: bool,
) -> None:
    """Make a model's recipe and train it; see :func:`fsrbench.training.loop.train`.

    Args:
        model: its name in the entry points ``fsrbench.recipes``.
        out: folder for everything the training leaves.
        settings: the fields of :class:`Options`, task and device by name.
        config: YAML file with the recipe's own settings.
        steps: updates in all.
        save_every: updates between checkpoints.
        threads: CPU threads, torch's choice if ``None``.
        resume: go on where ``out`` stopped.

    Raises:
        UserError: an unknown name or setting, unusable data, or ``out`` is in the way.
    """
    if settings["task"] not in TASKS:
        raise UserError(f"unknown task {settings['task']!r}; known: {', '.join(TASKS)}")
    if threads:
        torch.set_num_threads(threads)
    make = RECIPES.get(model)
    own = _read(config) if config else {}
    told = {"model": model, **settings, "config": own, "steps": steps, "torch": torch.__version__}
    device = distributed.start(find_device(settings["device"]))
    try:
        with held(out, resume) if distributed.rank() == 0 else nullcontext():
            torch.manual_seed(settings["seed"])
            recipe = make(Options(**{**settings, "task": TASKS[settings["task"]], "device": device, "config": own}))
            assert isinstance(recipe, Recipe)
            with _progress(f"training {model}", steps) as report:
                train(recipe, out, Schedule(steps, save_every=save_every), resume, report, told)
    finally:
        distributed.stop()


def _read(path: Path) -> dict[str, Any]:
    from fsrbench.text_files import read_yaml

    values = read_yaml(path)
    if values is not None and not isinstance(values, dict):
        raise UserError(f"{path}: expected settings as 'name: value'")
    return values or {}


@contextmanager
def _progress(what: str, total: int) -> Iterator[Report]:
    """A bar with the losses on a terminal, a line now and then elsewhere, nothing in all but the first process."""
    console = Console(stderr=True, highlight=False, quiet=distributed.rank() != 0)
    if not console.is_terminal:
        yield (
            lambda done, losses: (
                console.print(f"{what}: {done} of {total} {_text(losses)}", soft_wrap=True)
                if done % LINE_EVERY == 0 or done == total
                else None
            )
        )
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TimeRemainingColumn(), TextColumn("{task.fields[losses]}"), console=console) as progress:
        task = progress.add_task(what, total=total, losses="")
        yield lambda done, losses: progress.update(task, completed=done, losses=_text(losses))


def _text(losses: Mapping[str, float]) -> str:
    return " ".join(f"{name} {value:.4f}" for name, value in losses.items())
