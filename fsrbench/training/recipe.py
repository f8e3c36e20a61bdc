"""Recipes: the networks, data, losses and optimisers of a training behind one ``step``."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import torch
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor, nn

from fsrbench.errors import UserError, one_line
from fsrbench.tasks import Task
from fsrbench.training.data import MIXTURE, Mixture
from fsrbench.training.distributed import average_gradients

C = TypeVar("C")


@dataclass(frozen=True)
class Options:
    """The options of one training."""

    task: Task
    data: str
    """Training faces: a dataset's name, a folder or a zip, as for ``fsrbench run --data``."""
    device: torch.device
    lr_data: str | None = None
    """Dataset of real LR faces, for recipes that learn from them; without it, train on HR/LR pairs only."""
    lr_mix: Mixture = field(default_factory=lambda: MIXTURE)
    """Degradations that make the LR of pairs, with their shares."""
    amp: bool = True
    """Run networks in bfloat16 where autocast does; losses and weights stay in float32."""
    batch: int = 32
    seed: int = 0
    config: Mapping[str, Any] = field(default_factory=dict)
    """The recipe's own settings; see its ``Config``."""


class Recipe(ABC):
    """A model's training: one :meth:`step` per update.

    Subclasses fill ``modules`` and ``optimizers``, which are saved and restored by name. The batch and the noise of a
    step depend on its number alone, so that a resumed training gives the same weights as an uninterrupted one.
    """

    scored_by: ClassVar[str] = ""
    """Command that scores the weights, with placeholders ``{weights}`` and ``{task}``."""
    shipped: ClassVar[str] = "restoration"
    """Name of the module whose averaged weights are the result."""

    def __init__(self, options: Options) -> None:
        self.options, self.device = options, options.device
        self.modules: dict[str, nn.Module] = {}
        self.optimizers: dict[str, torch.optim.Optimizer] = {}
        self.notes: list[str] = []
        """Warnings shown at the start of the training."""
        self.facts: dict[str, Any] = {}
        """What the training depends on besides its options, such as hashes of its data and the people held out."""

    @property
    def network(self) -> nn.Module:
        """The module that is shipped."""
        return self.modules[self.shipped]

    @abstractmethod
    def batch(self, step: int) -> Any:
        """Make the batch of a step; called ahead of time, in a thread."""

    @abstractmethod
    def step(self, batch: Any, progress: float) -> dict[str, float]:
        """Do one update and return its losses. ``progress`` goes from 0 to 1 over the training."""

    @abstractmethod
    def validate(self, network: nn.Module) -> dict[str, float]:
        """Quality of ``network`` (the average of the shipped module) on held-out data."""

    def picture(self, network: nn.Module) -> Image.Image | None:
        """A picture of what ``network`` makes of some held-out faces."""
        return None

    def to_device(self, module: nn.Module) -> nn.Module:
        """Move a module to the recipe's device, in channels-last memory format."""
        return module.to(self.device).to(memory_format=torch.channels_last)

    def autocast(self) -> torch.autocast:
        """The precision that networks run in."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.options.amp)

    def note_no_lr_data(self) -> None:
        """Warn that this recipe does not use real LR faces, if some are named."""
        if self.options.lr_data is not None:
            self.notes.append("--lr-data has no effect on this training")

    def settings(self) -> dict[str, Any]:
        """Settings that the training depends on; recorded in its state, and compared when it is resumed."""
        options = self.options
        return {
            "task": options.task.name,
            "data": options.data,
            "lr_data": options.lr_data,
            "batch": options.batch,
            "seed": options.seed,
            "config": dict(options.config),
            **self.facts,
        }

    def state(self) -> dict[str, Any]:
        """State of modules and optimisers, for :meth:`load_state`."""
        return {
            "modules": {name: module.state_dict() for name, module in self.modules.items()},
            "optimizers": {name: optimizer.state_dict() for name, optimizer in self.optimizers.items()},
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`state` returned."""
        for name, module in self.modules.items():
            module.load_state_dict(state["modules"][name])
        for name, optimizer in self.optimizers.items():
            optimizer.load_state_dict(state["optimizers"][name])


def parse_config(kind: type[C], values: Mapping[str, Any]) -> C:
    """Make a recipe's ``Config`` from the user's settings.

    Raises:
        UserError: an unknown setting, or a value of another type.
    """
    known = {f.name: f for f in fields(kind)}  # type: ignore[arg-type]
    for name, value in values.items():
        if name not in known:
            raise UserError(f"unknown setting {str(name)[:80]!r}; known: {', '.join(known)}")
        wanted = type(known[name].default)
        allowed = (int, float) if wanted is float else (wanted,)
        fits = isinstance(value, allowed) and isinstance(value, bool) == (wanted is bool)
        if not fits or (isinstance(value, float) and not math.isfinite(value)):
            raise UserError(f"setting {name} must be {wanted.__name__}, not {repr(value)[:80]}")
    return kind(**values)


def check_settings(config: Any) -> None:
    """Check the numbers of a configuration: weights and rates are not negative, counts are at least 1.

    Raises:
        UserError: one is out of range.
    """
    for field_ in fields(config):
        value = getattr(config, field_.name)
        if isinstance(value, (int, float)) and value < 0:
            raise UserError(f"setting {field_.name} must not be negative, not {value:g}")
        if type(field_.default) is int and value < 1:
            raise UserError(f"setting {field_.name} must be at least 1, not {value}")


def update(loss: Tensor, optimizer: torch.optim.Optimizer) -> None:
    """Do one optimiser step, with gradients averaged over all processes."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    average_gradients(p for group in optimizer.param_groups for p in group["params"])
    optimizer.step()


def set_rate(optimizers: Iterable[torch.optim.Optimizer], first: float, last: float, progress: float) -> None:
    """Set the learning rate on a cosine from ``first`` to ``last``, at ``progress`` in [0, 1]."""
    rate = last + (first - last) * 0.5 * (1 + math.cos(progress * math.pi))
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = rate


def trainable(*modules: nn.Module) -> list[nn.Parameter]:
    """All parameters of some modules."""
    return [p for module in modules for p in module.parameters()]


def load_weights(network: nn.Module, path: Path, load: Callable[[dict[str, Tensor]], object] | None = None) -> None:
    """Load a .safetensors file of any precision.

    Args:
        network: receives the weights.
        path: of the file.
        load: takes the tensors; by default the network's ``load_state_dict``.

    Raises:
        UserError: missing, or of another network.
    """
    try:
        (load or network.load_state_dict)(load_file(path))
    except Exception as error:  # safetensors and torch raise various types
        raise UserError(f"{path} cannot be loaded: {one_line(error)}") from None
