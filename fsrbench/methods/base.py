"""The base class of all methods, and the registry of those that packages bring."""

from __future__ import annotations

import hashlib
import inspect
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from fsrbench.errors import Unavailable
from fsrbench.methods import parameters
from fsrbench.methods.memory_layout import set_layout
from fsrbench.provenance import fingerprints
from fsrbench.provenance.file_hashes import file_hash, file_parts
from fsrbench.provenance.object_state import ObjectState
from fsrbench.registry import Registry
from fsrbench.tasks import Task, find_task
from fsrbench.weights.lookup import find, is_available, name_of_shipped, training_note
from fsrbench.weights.state_dicts import StateDict, choice_note, state_dicts
from fsrbench.weights.tensors import read_checkpoint

METHODS = Registry("method", group="fsrbench.methods")
NetworkOf = Callable[[Mapping[str, Tensor]], nn.Module]
"""Makes a network that a file's tensors fit."""
MAX_MESSAGE = 240
"""Characters kept of torch's message on weights that do not fit."""


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

    tasks: ClassVar[tuple[str, ...] | None] = None
    """Tasks that the method can do; ``None`` for all. See :meth:`does`."""
    any_side: ClassVar[bool] = False
    """Whether it does the scales of its :attr:`tasks` at every LR side, as a network without fixed sizes can. If the
    side is not the one of its training, the table and the manifest say so."""
    training: str = "unknown"
    """How it was trained: one line for the manifest and the notes below tables; "none" where nothing was learned."""
    network: nn.Module | None = None
    """The network, if there is one: its parameters and FLOPs are counted."""
    weights: Path | None = None
    """The file that the weights came from; its sha256 goes into the manifest."""
    _loaded: tuple[tuple[nn.Module, Path], ...] = ()
    """Networks of :meth:`load_network`, and their files."""
    weight_names: tuple[str, ...] = ()
    """Names, in ``fsrbench list weights``, of those of its files that have one; set by :meth:`load_network`."""
    warnings: tuple[str, ...] = ()
    """What a reader must know about its pictures; shown in the manifest and below tables."""
    settings: str | None = None
    """What its outputs depend on besides code and weights, such as arguments; empty for nothing. A method that leaves
    this ``None`` has its cached pictures reused only if everything it holds can be read: see :meth:`is_known`."""

    @classmethod
    def does(cls, task: Task) -> bool:
        """Whether the method can do a task; override it for a rule in place of a list of names."""
        return cls.tasks is None or task in map(find_task, cls.tasks) or cls.trained_task(task) is not None

    @classmethod
    def trained_task(cls, task: Task) -> Task | None:
        """Its own task of this scale with the nearest LR side, if it does :attr:`any_side`; else ``None``.

        Example:
            >>> class Net(Method):
            ...     tasks, any_side = ("x4", "x8"), True
            >>> Net.trained_task(Task(128, 4)), Net.does(Task(128, 4)), Net.does(Task(128, 2))
            (Task(lr_size=16, scale=4), True, False)
        """
        of_scale = [own for own in map(find_task, cls.tasks or ()) if own.scale == task.scale and cls.any_side]
        return min(of_scale, key=lambda own: abs(own.lr_size - task.lr_size), default=None)

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
        """How many numbers were learned; ``None`` if unknown."""
        if self.network is None:
            return 0 if self.training == "none" else None
        return parameters.in_network(self.network)

    def load_network(self, network: nn.Module | NetworkOf, weights: Path, device: torch.device) -> None:
        """Load a file of tensors into ``network`` and keep both, ready for inference on ``device``.

        The file is a .safetensors, the output of ``torch.save(network.state_dict())``, or a checkpoint that contains
        one; of several sets of weights the averaged ones (EMA) are taken. Half precision is converted to float32. A
        file that the user names with ``--weights`` replaces the one that a package ships.

        Args:
            network: receives the tensors; or a function that makes the network from them, for methods that take files
                of any width and depth.
            weights: the file.
            device: where the network will work.

        Raises:
            Unavailable: the file does not exist, or does not fit the network.
        """
        name = name_of_shipped(weights)
        path = find(name) if name and is_available(name) else weights
        if not path.exists():
            place = path.name if path.is_absolute() else path
            raise Unavailable(f"no weights: {place} does not exist; this project's own models: `fsrbench train`")
        try:
            network, choice = _filled(network, path)
        except Unavailable:
            raise
        except Exception as error:  # safetensors and torch raise various types
            reason = " ".join(str(error).split())[:MAX_MESSAGE]  # torch names the tensors from its second line on
            raise Unavailable(f"{path.name} does not fit the network: {reason}") from error
        # CPU and GPU convolutions are fastest in channels-last; every network gets it.
        self.network = set_layout(network.eval().requires_grad_(False).to(device), torch.channels_last)
        self.weights = path
        self._loaded = (*self._loaded, (self.network, path))
        self.weight_names = (*self.weight_names, *([name] if name else []))
        unknown = self.training if path == weights else f"unknown: {path.name}"
        self.training = "; ".join(filter(None, [training_note(path) or unknown, choice]))

    @property
    def description(self) -> str:
        """First line of the class's docstring."""
        return describe(type(self))

    def fingerprint(self) -> str:
        """Hash of what its outputs depend on, as far as that can be seen: code, weights, settings, current state."""
        state = self._state()
        weights = [file_hash(file) for file in self.weight_files()]
        parts = [type(self).__qualname__, self.settings or "", self._all_code(state).digest, *weights, state.digest]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]

    def is_known(self) -> bool:
        """Whether the fingerprint covers everything; if not, pictures of an earlier run are never reused.

        The code must be in files. What was learned must be visible: as tensors or arrays that the object, its class or
        its module holds, or as the file in :attr:`weights`. Declared :attr:`settings` say that there is nothing else.
        """
        state = self._state(contents=False)
        if not self._all_code(state).known:
            return False
        if self._declares_settings():
            return bool(self.weight_files()) or not state.unknown
        return (state.has_tensors or bool(self.weight_files())) and not (state.unknown | state.unknown_shared)

    def depends_only_on_files(self) -> bool:
        """Whether its outputs can change only if one of :meth:`files` does, which can be checked without loading it."""
        declared = self._declares_settings() and self.settings == type(self).settings
        loaded = {id(network) for network, _ in self._loaded}
        held = {name: value for name, value in self._held().items() if id(value) not in loaded}
        return declared and self.is_known() and not self._state(held, contents=False).has_tensors

    def files(self) -> list[Path]:
        """The files of its code, of its network's layers' code, and of its weights."""
        weights = {part for file in self.weight_files() for part in file_parts(file)}
        return sorted({*self._all_code(self._state(contents=False)).files, *weights})

    def weight_files(self) -> list[Path]:
        """The files that its weights came from."""
        found = dict.fromkeys([*(file for _, file in self._loaded), *([self.weights] if self.weights else [])])
        return [file for file in found if file.exists()]

    def _declares_settings(self) -> bool:
        """Whether the object or a class of its own package sets ``settings``; another package's base does not count."""
        if self.settings is None or "settings" in vars(self):
            return self.settings is not None
        owner = next(base for base in type(self).__mro__ if "settings" in vars(base))
        return owner.__module__.partition(".")[0] == type(self).__module__.partition(".")[0]

    def _held(self) -> dict[str, Any]:
        """What outputs may depend on besides code and weight files."""
        descriptive = {"weights", "weight_names", "training", "settings", "_loaded"}
        return {name: value for name, value in vars(self).items() if name not in descriptive}

    def _state(self, held: dict[str, Any] | None = None, contents: bool = True) -> ObjectState:
        """What the object holds (or ``held``), its classes and their modules."""
        state = ObjectState(contents)
        state.add(self._held() if held is None else held)
        for base in type(self).__mro__:
            if not fingerprints.is_counted_elsewhere(base.__module__):
                for shared in (base, sys.modules.get(base.__module__)):
                    named = {} if shared is None else vars(shared)
                    state.add_shared({name: value for name, value in named.items() if not name.startswith("__")})
        return state

    def _all_code(self, state: ObjectState) -> fingerprints.Code:
        return fingerprints.code_of({*self._code(), *state.code})

    def _code(self) -> set[Any]:
        """Classes, functions and modules that it is made of, without those of the objects it holds."""
        return set(type(self).__mro__) - set(Method.__mro__)


def describe(method: type[Method]) -> str:
    """First line of a method's docstring."""
    return inspect.cleandoc(method.__doc__ or "").partition("\n")[0]


def _filled(network: nn.Module | NetworkOf, path: Path) -> tuple[nn.Module, str]:
    """The network with a file's weights, and a note on which of several sets were taken."""
    state: Mapping[str, Any] = load_file(path) if path.suffix == ".safetensors" else read_checkpoint(path)
    parts = state_dicts(state)
    if isinstance(network, nn.Module):
        names = network.state_dict().keys()
        found = next(((network, part) for part in parts if part.names == names), None)
    else:
        found = next(((made, part) for part in parts if (made := _made(network, part))), None)
        network = found[0] if found else network(parts[0].tensors if parts else state)
    network, part = found or (network, StateDict("", state))
    network.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in part.tensors.items()})
    return network, choice_note(part, parts)


def _made(network_of: NetworkOf, part: StateDict) -> nn.Module | None:
    """The network that a function makes from tensors, if they are exactly its own; else ``None``."""
    try:
        network = network_of(part.tensors)
    except Exception:  # another network's tensors, such as a discriminator's
        return None
    return network if network.state_dict().keys() == part.names else None
