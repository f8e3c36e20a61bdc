"""Names of methods, and the method behind a name."""

from __future__ import annotations

import copy
import difflib
import inspect
import os
import uuid
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch

from fsrbench.errors import FsrbenchError, Unavailable, UserError
from fsrbench.methods.base import METHODS, Method
from fsrbench.process.containment import contained
from fsrbench.registry import load_object
from fsrbench.tasks import Task

RESERVED: Final = ("hr", "lr", "reference")
"""Rows and folders of a run that are not methods'. No method may have such a name, in upper or lower case."""


@dataclass(frozen=True)
class Kind:
    """A prefix of a method's name, before a colon."""

    help: str
    """How such a name is written, and what it stands for."""
    target: str | None = None
    """The class that is instantiated with the path after the colon; ``None`` if the name there is the class's."""
    folder: bool = False
    """Whether that path is a folder or zip of pictures: nothing is computed, so nothing is isolated."""


KINDS: Mapping[str, Kind] = {
    "python": Kind("python:pkg.module:Name, a Method, or a function from LR to SR, in importable code"),
    "images": Kind("images:DIR, SR pictures made elsewhere", "fsrbench.methods.given_images:GivenImages", folder=True),
    "checkpoint": Kind(
        "checkpoint:FILE, a network whose architecture is detected from its weights",
        "fsrbench.methods.checkpoints:CheckpointMethod",
    ),
    "onnx": Kind("onnx:FILE, a network in an ONNX file", "fsrbench.methods.onnx_files:OnnxMethod"),
}


def check_name(name: str) -> None:
    """Reject a name that cannot refer to a method; nothing is imported.

    Raises:
        UserError: it is reserved or unknown, or the file or folder that it names does not exist.
    """
    if name.lower() in RESERVED:
        raise UserError(f"no method may be called {name}: the name is reserved for the run's own pictures")
    kind, _, target = name.partition(":")
    if not target:
        if name not in METHODS:
            raise UserError(METHODS.unknown(name))
    elif kind not in KINDS:
        raise UserError(_unknown_kind(name))
    elif is_path(name):
        _check_path(name, os.path.expanduser(target), KINDS[kind].folder)  # noqa: PTH111 (pathlib raises on an unknown ~user)


def check_method(name: str, isolated: bool, label: str | None = None) -> None:
    """Reject a name that refers to no method, without importing an isolated method's module.

    Args:
        name: a registered name or ``kind:target``.
        isolated: whether it runs in a process of its own.
        label: what the user calls it.

    Raises:
        UserError: as :func:`find_method`; or the label is that of another row or method.
    """
    if label is not None and label != name:
        _check_label(label, name)
    if isolated:
        check_name(name)
        return
    try:
        find_method(name)
    except UserError:
        raise
    except FsrbenchError:
        return  # it exists but cannot be imported: its rows will say why


def _check_label(label: str, name: str) -> None:
    if label.lower() in RESERVED:
        raise UserError(f"no method may be called {label}: the name is reserved for the run's own pictures")
    if label in METHODS:
        raise UserError(f"{label} is a registered method; call {name} something else, as in {label}-2={name}")


def find_method(name: str) -> type[Method]:
    """The class behind a registered name or behind ``kind:target``, see :data:`KINDS`.

    Raises:
        UserError: no method has this name (see :func:`check_name`), or the object is not a :class:`Method`.
        Unavailable, FsrbenchError: it exists but cannot be imported; see :func:`fsrbench.registry.load_object`.
    """
    check_name(name)
    kind, _, target = name.partition(":")
    found = load_object(KINDS[kind].target or target, f"method {name}") if target else METHODS.get(name)
    if inspect.isclass(found) and issubclass(found, Method):
        return found
    if isinstance(found, Method):
        return type(found)
    from fsrbench.methods.callables import as_method, is_function

    if is_function(found):
        return as_method(found)
    hint = "; name an object of the class" if inspect.isclass(found) else ""
    raise UserError(f"{name} is not an fsrbench.Method, function or network{hint}")


def _unknown_kind(name: str) -> str:
    """One line for a name whose kind is not in :data:`KINDS`."""
    kind = name.partition(":")[0]
    start = f"unknown kind of method {kind!r} in {name!r}"
    if near := difflib.get_close_matches(kind, KINDS, n=1):
        return f"{start}; did you mean {near[0]}:...?"
    known = ", ".join(f"{kind}:..." for kind in KINDS)
    return f"{start}; known: {known}; from a module of yours: python:{name}"


def can_be_isolated(name: str) -> bool:
    """Whether a method computes, and can do so in a process of its own."""
    kind = KINDS.get(name.partition(":")[0])
    return kind is None or not kind.folder


def is_path(name: str) -> bool:
    """Whether a name stands for a file or folder."""
    kind, colon, _ = name.partition(":")
    return bool(colon and kind in KINDS and KINDS[kind].target)


def folder_of(name: str) -> Path | None:
    """The folder or zip of pictures that a name stands for; ``None`` for a method that computes."""
    return None if can_be_isolated(name) else Path(name.partition(":")[2]).expanduser()


def _check_path(name: str, path: str, folder: bool) -> None:
    # os.path accepts names that pathlib raises on, such as too long ones
    if not os.path.exists(path):  # noqa: PTH110
        raise UserError(f"{name}: no such {'folder or zip' if folder else 'file'}")
    is_folder = os.path.isdir(path)  # noqa: PTH112
    if folder and not is_folder and not zipfile.is_zipfile(path):
        raise UserError(f"{name}: neither a folder nor a zip")
    if is_folder and not folder:
        raise UserError(f"{name}: a folder, not a file")


def _make(name: str) -> Method:
    found = find_method(name)
    if is_path(name):
        return found(Path(name.partition(":")[2]).expanduser())  # type: ignore[call-arg]
    given = METHODS.get(name) if name in METHODS else None
    if not isinstance(given, Method):
        return found()
    method = copy.copy(given)  # its owner's object stays as it is
    method.settings = uuid.uuid4().hex if given.settings is None else given.settings
    return method


def load_method(name: str, task: Task, device: torch.device, changed: set[str] | None = None) -> Method:
    """Find, build and load a method; global settings that it changes are restored.

    Args:
        name: of the method.
        task: that it is loaded for.
        device: that it runs on.
        changed: gets the names of the settings that it changed.

    Raises:
        UserError: no method has this name.
        Unavailable: it exists but cannot run here; the message says why.
    """
    with contained(changed):
        method = _make(name)
        if not method.does(task):
            raise Unavailable(f"{name} does {', '.join(method.tasks or ['other tasks'])}, not {task.name}")
        method.load(task, device)
        trained = method.trained_task(task)
        if trained is not None and trained != task:
            sides = f"trained at {trained.lr_size}x{trained.scale}, used at {task.lr_size}x{task.scale}"
            method.warnings = (*method.warnings, sides)
    return method
