"""Methods: whatever turns LR faces into SR faces. The harness knows them by name only."""

from __future__ import annotations

import copy
import difflib
import hashlib
import inspect
import os
import uuid
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from fsrbench import fingerprints
from fsrbench.errors import Unavailable, UserError
from fsrbench.registry import Registry, load_object
from fsrbench.tasks import Task
from fsrbench.tensor_files import read_checkpoint, training_told

METHODS = Registry("method", group="fsrbench.methods")
TAKEN = ("hr", "lr", "reference")
"""Names of rows and folders of a run that no method made; none may be called so, in capitals neither."""
MOST_TOLD = 240
"""Characters of what torch says about weights that do not fit."""


class Method(ABC):
    """One way to super-resolve faces. Subclass it, write :meth:`load` and :meth:`upscale`, register the class.

    Example:
        >>> class Blocks(Method):
        ...     '''Every LR pixel becomes a block.'''
        ...     def upscale(self, lr):
        ...         return torch.nn.functional.interpolate(lr, scale_factor=4)
        >>> Blocks().upscale(torch.zeros(2, 3, 16, 16)).shape
        torch.Size([2, 3, 64, 64])
    """

    tasks: ClassVar[tuple[str, ...]] = ("x4", "x8")
    """Tasks that the method can do at all."""
    training: str = "unknown"
    """How it was trained, in a line for the manifest and the notes below tables; "none" where nothing was learned."""
    network: nn.Module | None = None
    """The network, if there is one: its parameters and FLOPs are counted."""
    weights: Path | None = None
    """The file that the weights came from; its sha256 goes into the manifest."""
    settings: str | None = None
    """What its outputs depend on besides code and weights, such as arguments; an object that does not tell is never
    taken for the one of an earlier run."""

    def load(self, task: Task, device: torch.device) -> None:  # noqa: B027 (optional to override)
        """Get ready for a task on a device. Called once, before :meth:`upscale`.

        Raises:
            Unavailable: weights or a package are missing; the message says how to get them.
        """

    @abstractmethod
    def upscale(self, lr: Tensor) -> Tensor:
        """Super-resolve a batch: float N,3,h,w in [0, 1], RGB -> float N,3,h*scale,w*scale in [0, 1], RGB."""

    def upscale_named(self, lr: Tensor, ids: Sequence[str]) -> Tensor:
        """As :meth:`upscale`, for the few methods that must know which images they get."""
        return self.upscale(lr)

    def count_parameters(self) -> int | None:
        """How many numbers were learned; ``None`` if nobody can tell."""
        if self.network is None:
            return 0 if self.training == "none" else None
        return sum(p.numel() for p in self.network.parameters())

    def load_network(self, network: nn.Module, weights: Path, device: torch.device) -> None:
        """Load a file of tensors into ``network`` and keep both, ready for inference on ``device``.

        A .safetensors file, or what ``torch.save(network.state_dict())`` writes. Weights may be stored in half
        precision; they are computed with in float32.

        Raises:
            Unavailable: the file does not exist, or does not fit the network.
        """
        if not weights.exists():
            place = weights.name if weights.is_absolute() else weights
            raise Unavailable(f"no weights: {place} is not there; this project's own models: `fsrbench train`")
        try:
            state = load_file(weights) if weights.suffix == ".safetensors" else read_checkpoint(weights)
            network.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in state.items()})
        except Unavailable:
            raise
        except Exception as error:  # safetensors and torch raise various types
            told = " ".join(str(error).split())[:MOST_TOLD]  # torch names the tensors from its second line on
            raise Unavailable(f"{weights.name} does not fit the network: {told}") from error
        # Channels-last is what CPU and GPU convolutions are fastest with; every network is treated alike.
        self.network = network.eval().requires_grad_(False).to(device).to(memory_format=torch.channels_last)
        self.weights = weights
        self.training = training_told(weights) or self.training

    @property
    def description(self) -> str:
        """First line of the class's docstring."""
        return describe(type(self))

    def fingerprint(self) -> str:
        """Hash of the method's code files, weights and settings: changes when its outputs may."""
        read = fingerprints.of_files({*self.files(), *fingerprints.sources(self._code())})
        return hashlib.sha256(f"{type(self).__qualname__}{self.settings or ''}{read}".encode()).hexdigest()[:16]

    def files(self) -> list[Path]:
        """The files of its code, of its network's with all layers, and of its weights."""
        found = {*fingerprints.sources(self._code()), self.weights}
        return sorted(file for file in found if file and file.exists())

    def _code(self) -> set[Any]:
        """Classes, functions and modules that it is made of."""
        layers = {type(layer) for layer in self.network.modules()} if self.network is not None else set()
        return {c for made in (type(self), *layers) for c in made.__mro__ if c not in Method.__mro__}


def describe(method: type[Method]) -> str:
    """First line of a method's docstring."""
    return inspect.cleandoc(method.__doc__ or "").partition("\n")[0]


@dataclass(frozen=True)
class Kind:
    """What a method's name may begin with, before a colon."""

    told: str
    target: str | None = None
    """The class that is made with the path behind the colon; ``None`` if the class itself is named there."""
    isolated: bool = True
    """Whether ``--isolate`` gives it a process of its own: not where pictures are only read."""


KINDS: Mapping[str, Kind] = {
    "python": Kind("python:pkg.module:Name, a Method or a function of LR that gives SR, in importable code"),
    "images": Kind("images:DIR, SR pictures that somebody else made", "fsrbench.given_images:GivenImages", False),
    "checkpoint": Kind(
        "checkpoint:FILE, a network of the architecture that its weights tell", "fsrbench.checkpoints:CheckpointMethod"
    ),
    "onnx": Kind("onnx:FILE, a network in an ONNX file", "fsrbench.onnx_method:OnnxMethod"),
}


def find_method(name: str) -> type[Method]:
    """The class behind a registered name or behind ``kind:target``, see :data:`KINDS`.

    Raises:
        UserError: nothing is called so, or it is not a :class:`Method`.
        Unavailable, FsrbenchError: it exists but cannot be imported; see :func:`fsrbench.registry.load_object`.
    """
    if name.lower() in TAKEN:
        raise UserError(f"no method may be called {name}: a run's own pictures are")
    kind, _, target = name.partition(":")
    check_path(name)
    if not target:
        found = METHODS.get(name)
    elif kind in KINDS:
        found = load_object(KINDS[kind].target or target, f"method {name}")
    else:
        raise UserError(unknown_kind(name))
    if inspect.isclass(found) and issubclass(found, Method):
        return found
    if isinstance(found, Method):
        return type(found)
    from fsrbench.callables import as_method, is_function

    if is_function(found):
        return as_method(found)
    hint = "; name an object of the class" if inspect.isclass(found) else ""
    raise UserError(f"{name} is no fsrbench.methods.Method, function or network{hint}")


def unknown_kind(name: str) -> str:
    """One line for a name whose kind is not in :data:`KINDS`."""
    kind = name.partition(":")[0]
    near = difflib.get_close_matches(kind, KINDS, n=1)
    hint = f"did you mean {near[0]}:...?" if near else f"known: {', '.join(f'{known}:...' for known in KINDS)}"
    mine = "" if near else f"; of a module of yours: python:{name}"
    return f"unknown kind of method {kind!r} in {name!r}; {hint}{mine}"


def can_be_isolated(name: str) -> bool:
    """Whether a method computes, and can do so in a process of its own."""
    kind = KINDS.get(name.partition(":")[0])
    return kind is None or kind.isolated


def is_of_path(name: str) -> bool:
    """Whether a name is that of a file or folder."""
    kind, colon, _ = name.partition(":")
    return bool(colon and kind in KINDS and KINDS[kind].target)


def check_path(name: str) -> None:
    """Refuse a name like ``checkpoint:FILE`` or ``images:DIR`` whose file or folder is not there.

    Raises:
        UserError: it is not.
    """
    kind, _, target = name.partition(":")
    if not target or not is_of_path(name) or os.path.exists(os.path.expanduser(target)):  # noqa: PTH110, PTH111
        return
    if kind == "images":
        from fsrbench.datasets import open_dataset

        open_dataset(target)  # perhaps it is a dataset's name
    else:
        raise UserError(f"{name}: no such file")


def _make(name: str) -> Method:
    found = find_method(name)
    if is_of_path(name):
        return found(Path(name.partition(":")[2]).expanduser())  # type: ignore[call-arg]
    given = METHODS.get(name) if name in METHODS else None
    if not isinstance(given, Method):
        return found()
    method = copy.copy(given)  # what the run settles about it is not its owner's affair
    method.settings = given.settings or uuid.uuid4().hex
    return method


def load_method(name: str, task: Task, device: torch.device) -> Method:
    """Find, make and load a method.

    Raises:
        UserError: nothing is called so.
        Unavailable: it exists but cannot run here; the message says why.
    """
    method = _make(name)
    if task.name not in method.tasks:
        raise Unavailable(f"{name} does {', '.join(method.tasks)}, not {task.name}")
    method.load(task, device)
    return method
