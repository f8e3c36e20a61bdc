"""Files of a training: the state it resumes from, and the averaged weights."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import safetensors.torch
import torch
from safetensors import safe_open
from torch import nn

from fsrbench.errors import CannotWrite, UserError, one_line
from fsrbench.files.atomic import KEPT, whole
from fsrbench.training.recipe import Recipe
from fsrbench.training.record import Record

STATE: Final = "state.pt"
"""Everything that a resumed training needs."""
WEIGHTS: Final = "weights.safetensors"


@dataclass
class Progress:
    """Progress of a training."""

    step: int = 0
    """Updates done."""
    images: int = 0
    """Images seen, in all processes."""
    sums: dict[str, float] = field(default_factory=dict)
    """Losses summed since the last row of the log."""
    count: int = 0
    """Updates since the last row of the log."""

    def add(self, losses: dict[str, float], images: int) -> None:
        """Count one update."""
        self.step += 1
        self.images += images
        self.count += 1
        for name, value in losses.items():
            self.sums[name] = self.sums.get(name, 0.0) + value

    def take_means(self) -> dict[str, float]:
        """Mean losses since the last row of the log."""
        means = {name: round(value / self.count, 5) for name, value in self.sums.items()}
        self.sums, self.count = {}, 0
        return means


def has_training(out: Path) -> bool:
    """Whether a folder holds the state of a training."""
    return (out / STATE).exists()


def save(out: Path, recipe: Recipe, average: nn.Module, progress: Progress, record: Record) -> None:
    """Write state and weights; a kill at any moment leaves either the old ones or the new ones.

    Raises:
        CannotWrite: the disk is full.
    """
    settings = Record.of(recipe.settings() | record.settings).settings
    state: dict[str, Any] = {
        "average": average.state_dict(),
        "recipe": recipe.state(),
        "settings": settings,
        "history": record.history,
        **vars(progress),
    }
    buffer = io.BytesIO()  # written by ourselves: on a full disk torch and safetensors raise errors that do not say so
    torch.save(state, buffer)
    with whole(out / STATE) as part:
        part.write_bytes(buffer.getbuffer())
    write_weights(out, average, progress, settings)


def write_weights(out: Path, average: nn.Module, progress: Progress, settings: Mapping[str, Any]) -> None:
    """Write the averaged weights, with a summary of the training in their metadata."""
    weights = {k: v.contiguous() for k, v in average.state_dict().items()}
    # One entry: safetensors writes several in any order, and equal trainings should give equal files
    metadata = {"training": summary(progress, settings)}
    with whole(out / WEIGHTS) as part:
        part.write_bytes(safetensors.torch.save(weights, metadata=metadata))


def summary(progress: Progress, settings: Mapping[str, Any]) -> str:
    """How weights were trained, in one line for the manifest.

    Example:
        >>> settings = {"model": "ours", "task": "x4", "steps": 200, "data": "faces.zip", "seed": 0}
        >>> summary(Progress(step=100, images=3200), settings)
        'ours x4, update 100 of 200, 3,200 images of faces.zip, seed 0'
    """
    data = " and ".join(Path(str(settings[name])).name for name in ("data", "lr_data") if settings.get(name))
    steps = settings.get("steps")
    parts = [
        " ".join(str(settings[name]) for name in ("model", "task") if settings.get(name)),
        f"update {progress.step:,}" + (f" of {steps:,}" if isinstance(steps, int) else ""),
        f"{progress.images:,} images" + (f" of {data}" if data else ""),
        f"seed {settings['seed']}" if "seed" in settings else "",
    ]
    return ", ".join(part for part in parts if part)


def weights_are_of(out: Path, progress: Progress, settings: Mapping[str, Any]) -> bool:
    """Whether the weights in a folder belong to this state."""
    try:
        with safe_open(out / WEIGHTS, framework="pt") as file:
            return (file.metadata() or {}).get("training") == summary(progress, settings)
    except Exception:  # missing or damaged: safetensors raises its own
        return False


def checkpoint_note(out: Path) -> str:
    """The checkpoint in a folder and how to continue from it, for messages."""
    if not has_training(out):
        return "no checkpoint was written, so nothing is kept"
    try:
        step = torch.load(out / STATE, map_location="cpu", weights_only=True, mmap=True)["step"]
    except Exception:  # overwritten or damaged
        return f"{out} keeps the last checkpoint; --resume continues from it"
    return f"{out} keeps the checkpoint of update {step}; the same command with --resume continues from it"


@contextmanager
def naming_checkpoint(out: Path) -> Iterator[None]:
    """Add the last checkpoint to the error for a full disk."""
    try:
        yield
    except CannotWrite as error:
        raise CannotWrite(f"{str(error).removesuffix(f'; {KEPT}')}; {checkpoint_note(out)}") from error


def read_state(out: Path, recipe: Recipe) -> dict[str, Any]:
    """Read the state in a training's folder.

    Raises:
        UserError: damaged, or not the state of a training.
    """
    try:
        state = torch.load(out / STATE, map_location=recipe.device, weights_only=True)
        assert {"step", "average", "recipe"} <= state.keys(), "not what `fsrbench train` writes"
    except Exception as error:  # damaged, or holding code: torch and pickle each raise their own
        raise UserError(f"{out / STATE} cannot be read: {one_line(error)}") from None
    return dict(state)


def restore(state: dict[str, Any], out: Path, recipe: Recipe, average: nn.Module) -> None:
    """Load a state into networks and optimisers.

    Raises:
        UserError: it belongs to other networks.
    """
    try:
        for kind, current in (("modules", recipe.modules), ("optimizers", recipe.optimizers)):
            before = state["recipe"][kind].keys()
            assert before == current.keys(), f"its {kind} are {_names(before)}, now {_names(current)}"
        average.load_state_dict(state["average"])
        recipe.load_state(state["recipe"])
    except AssertionError as error:
        raise UserError(f"{out} was made by another training: {error}") from None
    except Exception as error:  # torch and pickle each raise their own
        raise UserError(f"{out} was made by another training: {one_line(error)}") from None


def _names(values: Any) -> str:
    return ", ".join(sorted(map(str, values)))
