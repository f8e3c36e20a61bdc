"""Methods: whatever turns LR faces into SR faces. The harness knows them by name only."""

from __future__ import annotations

import copy
import difflib
import inspect
import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from fsrbench.errors import Unavailable, UserError
from fsrbench.methods.base import METHODS, TAKEN, Method
from fsrbench.process.containment import contained
from fsrbench.registry import load_object
from fsrbench.tasks import Task


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
    "images": Kind(
        "images:DIR, SR pictures that somebody else made", "fsrbench.methods.given_images:GivenImages", False
    ),
    "checkpoint": Kind(
        "checkpoint:FILE, a network of the architecture that its weights tell",
        "fsrbench.methods.checkpoints:CheckpointMethod",
    ),
    "onnx": Kind("onnx:FILE, a network in an ONNX file", "fsrbench.methods.onnx_files:OnnxMethod"),
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
    from fsrbench.methods.callables import as_method, is_function

    if is_function(found):
        return as_method(found)
    hint = "; name an object of the class" if inspect.isclass(found) else ""
    raise UserError(f"{name} is no fsrbench.Method, function or network{hint}")


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
    method.settings = uuid.uuid4().hex if given.settings is None else given.settings
    return method


def load_method(name: str, task: Task, device: torch.device, changed: set[str] | None = None) -> Method:
    """Find, make and load a method; what it changes in the process is put back.

    Args:
        name: of the method.
        task: what it is to do.
        device: where.
        changed: gets the names of what it changed.

    Raises:
        UserError: nothing is called so.
        Unavailable: it exists but cannot run here; the message says why.
    """
    with contained(changed):
        method = _make(name)
        if task.name not in method.tasks:
            raise Unavailable(f"{name} does {', '.join(method.tasks)}, not {task.name}")
        method.load(task, device)
    return method
