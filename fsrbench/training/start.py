"""``fsrbench train``: make a recipe from the user's choices, and train it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import torch
from rich import progress as bars
from rich.console import Console

from fsrbench.errors import Interrupted, UserError
from fsrbench.machine.console import Reporter
from fsrbench.machine.devices import find_device
from fsrbench.process.state import preserved
from fsrbench.provenance.file_hashes import file_hash
from fsrbench.tasks import find_task
from fsrbench.training import RECIPES, distributed
from fsrbench.training.data import check_mixture, default_mixture
from fsrbench.training.loop import Report, Schedule, locked, train
from fsrbench.training.recipe import Options, Recipe
from fsrbench.training.state import WEIGHTS, Progress, checkpoint_note

LINE_EVERY = 100
"""Updates between lines of progress if there is no terminal for a bar."""


@preserved()
def start(
    model: str,
    out: Path,
    settings: Mapping[str, Any],
    config: Path | None,
    lr_mix: Path | None,
    steps: int,
    save_every: int,
    threads: int | None,
    resume: bool,
) -> None:
    """Make a model's recipe and train it; see :func:`fsrbench.training.loop.train`.

    Args:
        model: name in the entry points ``fsrbench.recipes``.
        out: the training's folder.
        settings: fields of :class:`Options`, with task and device by name.
        config: YAML file with the recipe's own settings.
        lr_mix: YAML file with the mixture of degradations that make the LR of pairs.
        steps: number of updates in all.
        save_every: updates between checkpoints.
        threads: CPU threads; torch's choice if ``None``.
        resume: continue from the checkpoint in ``out``.

    Raises:
        UserError: unknown names or settings, unusable data, or ``out`` holds another training.
    """
    task = find_task(settings["task"])
    if threads:
        torch.set_num_threads(threads)
    make = RECIPES.get(model)
    own = _read(config) if config else {}
    settings = {**settings, "lr_mix": check_mixture(_read(lr_mix), task) if lr_mix else default_mixture(task)}
    device = distributed.start(find_device(settings["device"]))
    reporter = Reporter(Console(stderr=True, highlight=False, quiet=distributed.rank() != 0))
    try:
        with locked(out, resume) if distributed.rank() == 0 else nullcontext():
            torch.manual_seed(settings["seed"])
            recipe = make(Options(**{**settings, "task": task, "device": device, "config": own}))
            assert isinstance(recipe, Recipe)
            record = {"model": model, **settings, "config": own, "config_sha256": _hashes(own), **recipe.facts}
            _train(recipe, out, Schedule(steps, save_every=save_every), resume, record, reporter)
    except KeyboardInterrupt:
        raise Interrupted(f"interrupted; {checkpoint_note(out)}") from None
    finally:
        distributed.stop()


def _train(
    recipe: Recipe, out: Path, schedule: Schedule, resume: bool, settings: dict[str, Any], reporter: Reporter
) -> None:
    for note in recipe.notes:
        reporter.warn(note)
    settings |= {"steps": schedule.steps, "torch": torch.__version__, "processes": distributed.world_size()}
    with _progress(f"training {settings['model']}", schedule.steps, reporter.console) as report:
        done = train(recipe, out, schedule, resume, report, settings, reporter.warn)
    _say_where(recipe, out, done, reporter)


def _say_where(recipe: Recipe, out: Path, done: Progress, reporter: Reporter) -> None:
    """Report where the weights are, and the command that scores them."""
    weights = out / WEIGHTS
    reporter.say(f"{done.step:,} updates on {done.images:,} images; weights: {weights}")
    if recipe.scored_by:
        filled = recipe.scored_by.format(weights=shlex.quote(str(weights)), task=recipe.options.task.name)
        reporter.say(f"score them: {filled}")


def _hashes(config: Mapping[str, Any]) -> dict[str, str]:
    """sha256 of each file named by a setting."""
    files = {name: Path(value) for name, value in config.items() if isinstance(value, str) and value}
    return {name: file_hash(path) for name, path in files.items() if path.is_file()}


def _read(path: Path) -> dict[str, Any]:
    from fsrbench.files.text import read_yaml

    values = read_yaml(path)
    if values is not None and not isinstance(values, dict):
        raise UserError(f"{path}: expected settings as 'name: value'")
    return values or {}


@contextmanager
def _progress(what: str, total: int, console: Console) -> Iterator[Report]:
    """Show a bar with the losses on a terminal, and a line now and then elsewhere; the first process only."""
    if not console.is_terminal:
        yield (
            lambda done, losses: (
                console.print(f"{what}: {done} of {total} {_text(losses)}", soft_wrap=True)
                if done % LINE_EVERY == 0 or done == total
                else None
            )
        )
        return
    columns = (bars.TextColumn("{task.description}"), bars.BarColumn(), bars.MofNCompleteColumn())
    times = (bars.TimeElapsedColumn(), bars.TimeRemainingColumn(), bars.TextColumn("{task.fields[losses]}"))
    with bars.Progress(*columns, *times, console=console) as progress:
        task = progress.add_task(what, total=total, losses="")
        yield lambda done, losses: progress.update(task, completed=done, losses=_text(losses))


def _text(losses: Mapping[str, float]) -> str:
    return " ".join(f"{name} {value:.4f}" for name, value in losses.items())
