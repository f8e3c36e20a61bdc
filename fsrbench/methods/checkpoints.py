"""``checkpoint:FILE``: a network from its weights alone; names and shapes in the file give the architecture."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from fsrbench.errors import FsrbenchError, Unavailable, one_line
from fsrbench.methods.base import Method
from fsrbench.methods.fitting import Fit
from fsrbench.methods.memory_layout import set_layout
from fsrbench.methods.restorer import READERS, Reader, Restorer
from fsrbench.registry import NameConflict
from fsrbench.tasks import Task
from fsrbench.weights.lookup import training_note
from fsrbench.weights.state_dicts import choice_note, state_dicts, unnamed_averages
from fsrbench.weights.tensors import read_checkpoint


class CheckpointMethod(Method):
    """A network in a file of weights, its architecture detected; no code in the file is run."""

    settings = ""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self, task: Task, device: torch.device) -> None:
        """Read the file, build its network and try it.

        Raises:
            Unavailable: the file is not a checkpoint, is damaged or holds code, or its architecture is unknown.
        """
        loaded = read_checkpoint(self.path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # those of third-party code about itself
            self._reader, self._restorer = _recognise(loaded, self.path.name)
            self._fit = Fit.of(task, self._restorer.scale, self._restorer.side, self._restorer.minimum)
            self.network = self._restorer.network.eval().requires_grad_(False).float().to(device)
            self._choose_layout(device)
        self.weights = self.path
        self.training = training_note(self.path) or f"unknown: {self.path.name}"

    def _choose_layout(self, device: torch.device) -> None:
        """Use channels-last and whole batches, as for all networks, if the network's code allows them."""
        assert self.network is not None
        lr = torch.rand(2, 3, self._fit.lr, self._fit.lr, generator=torch.Generator().manual_seed(0)).to(device)
        self._in_batches = False
        try:
            singly = self.upscale(lr)
        except Exception as error:  # third-party code
            raise Unavailable(f"{self.path.name}, {self._restorer.name}, does not run: {one_line(error)}") from error
        self._in_batches = True
        for memory_format in (torch.channels_last, torch.contiguous_format):
            set_layout(self.network, memory_format)
            if self._returns(singly, lr):
                return
        self._in_batches = False

    def _returns(self, expected: Tensor, lr: Tensor) -> bool:
        try:
            return torch.allclose(self.upscale(lr), expected, atol=1e-3, equal_nan=True)
        except Exception:  # third-party code
            return False

    def upscale(self, lr: Tensor) -> Tensor:
        """Resize to what the network takes, restore, resize to the task's HR size."""
        lr = self._fit.before(lr)
        n, _, side, _ = lr.shape
        given = lr.reshape(-1, self._restorer.channels, side, side)
        parts = [given] if self._in_batches else given.split(1)
        sr = torch.cat([self._restorer.restore(part) for part in parts])
        return self._fit.after(sr.reshape(n, 3, *sr.shape[-2:]))

    @property
    def description(self) -> str:
        """Architecture, scale, what is resized, and which of several sets of weights were taken."""
        restorer = self._restorer
        grey = "grey: R, G and B one by one" if restorer.channels == 1 else ""
        parts = [f"{restorer.name}, x{restorer.scale}", grey, str(self._fit), restorer.weights]
        return "; ".join(filter(None, parts))

    def _code(self) -> set[Any]:
        return {*super()._code(), self._reader, state_dicts, *map(type, self._restorer.network.modules())}

    def _held(self) -> dict[str, Any]:
        """Nothing: the file and the reader's code determine everything."""
        return {}

    def fingerprint(self) -> str:
        """Hash of the file, this adapter's code, and the version of the package that the network is from."""
        return hashlib.sha256(f"{super().fingerprint()} {self._restorer.version}".encode()).hexdigest()[:16]


def _recognise(loaded: Mapping[str, Any], name: str) -> tuple[Reader, Restorer]:
    """The first reader that recognises the tensors of a file, and the network it builds."""
    from fsrbench.methods.spandrel_models import read_with_spandrel

    broken: list[str] = []
    wrong: list[Unavailable] = []
    found, lists = state_dicts(loaded), list(unnamed_averages(loaded))
    for reader in _readers(broken):
        if reader is not read_with_spandrel:  # spandrel searches the content itself, and takes the first network
            restorer = _try(reader, loaded, name, broken, wrong)
            if wrong:
                raise wrong[0]
            if restorer:
                return reader, restorer
        for part in found:
            if restorer := _try(reader, part.tensors, name, broken, wrong):
                taken = [note] if (note := choice_note(part, found)) else []
                if not part.averaged:
                    taken += [f"{place} holds averaged weights without names, not taken" for place in lists]
                return reader, replace(restorer, weights="; ".join(taken))
    if wrong:
        raise wrong[0]
    unknown = f"{name} holds weights of an unknown architecture; for a network of your own use python:module:network"
    raise Unavailable("; ".join([unknown, *broken]))


def _try(
    reader: Reader, tensors: Mapping[str, Any], name: str, broken: list[str], wrong: list[Unavailable]
) -> Restorer | None:
    try:
        return reader(tensors)
    except FsrbenchError as error:
        wrong.append(Unavailable("; ".join([f"{name}: {error}", *broken])))
    except Exception as error:  # a plug-in's code may raise anything
        wrong.append(Unavailable(f"{name} does not fit its network: {one_line(error)}"))
    return None


def _readers(broken: list[str]) -> Iterator[Reader]:
    """All readers that can be imported, one at a time; the reasons why others cannot go into ``broken``."""
    for name in READERS.names():
        try:
            reader = READERS.get(name)
        except NameConflict:
            raise  # nothing decides which of the two reads the file
        except FsrbenchError as error:
            broken.append(str(error))
        else:
            yield reader
    from fsrbench.methods.spandrel_models import read_with_spandrel

    yield read_with_spandrel
