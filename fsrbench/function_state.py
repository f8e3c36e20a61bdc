"""What a function reads besides its arguments: a network or a number of its module, whose change no file tells."""

from __future__ import annotations

import dis
import functools
import hashlib
import inspect
import types
from collections.abc import Callable, Iterator
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn

from fsrbench import fingerprints

PLAIN: Final = (
    type(None), bool, int, float, complex, str, bytes, range, slice, Path, Enum, np.generic, torch.dtype, torch.device,
)  # fmt: skip
"""Types whose text tells one value from another."""


class FunctionState:
    """What a function reads, found by following the functions and classes of its module.

    Numbers, text, arrays, tensors, networks and containers of them count by value. Code counts by its file; of another
    module's functions the globals are not looked at.

    Args:
        function: any function; what is none has nothing to follow.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.code: set[Any] = set()
        """Functions, classes and modules that it uses, itself among them."""
        self.unknown: set[type] = set()
        """Types of values that cannot be told from others."""
        self._module = function.__module__
        self._seen: dict[int, tuple[int, Any]] = {}
        self._digest = hashlib.sha256()
        self._add(function)

    @property
    def digest(self) -> str:
        """Hash of all values but the unknown ones."""
        return self._digest.hexdigest()

    def _tell(self, *parts: object) -> None:
        self._digest.update(f"{parts!r}".encode())

    def _add(self, value: Any) -> None:
        self._tell(type(value).__qualname__)
        if isinstance(value, PLAIN):
            self._tell(value)
        elif id(value) in self._seen:
            self._tell(self._seen[id(value)][0])
        else:
            self._seen[id(value)] = len(self._seen), value  # held, so that no other gets its id
            if not (self._add_code(value) or self._add_value(value)):
                self.unknown.add(type(value))

    def _add_code(self, value: Any) -> bool:
        """Add what is code; whether it is."""
        if inspect.ismodule(value):
            if fingerprints.source(value):  # not that of a folder without a file
                self.code.add(value)
        elif inspect.isclass(value):
            self._add_class(value)
        elif isinstance(value, types.FunctionType):
            self._add_function(value)
        elif inspect.ismethod(value):
            self._add([value.__func__, value.__self__])
        elif inspect.getattr_static(value, "__wrapped__", None):  # functools.cache, staticmethod, classmethod
            self._add(value.__wrapped__)
        elif isinstance(value, functools.partial):
            self._add([value.func, value.args, value.keywords])
        elif isinstance(value, property):
            self._add([value.fget, value.fset, value.fdel])
        else:  # of C: a function, or what a class has for __slots__
            return inspect.isgetsetdescriptor(value) or inspect.ismemberdescriptor(value) or _is_of_module(value)
        return True

    def _add_function(self, function: types.FunctionType) -> None:
        while fingerprints.is_library(function.__globals__.get("__name__")) and hasattr(function, "__wrapped__"):
            function = function.__wrapped__  # below a decorator such as torch.no_grad()
        self.code.add(function)
        if fingerprints.is_library(function.__module__):
            return
        for name, value in _bound(function):
            self._tell(name)
            self._add(value)
        if function.__module__ == self._module:
            for name in sorted(_globals(function.__code__) & function.__globals__.keys()):
                self._tell(name)
                self._add(function.__globals__[name])

    def _add_class(self, made: type) -> None:
        for base in made.__mro__:
            self.code.add(base)
            if base.__module__ == self._module:
                for name, value in vars(base).items():
                    if inspect.isroutine(value) or not name.startswith(("__", "_abc")):
                        self._tell(name)
                        self._add(value)

    def _add_value(self, value: Any) -> bool:
        """Add what has a value that can be told; whether it has."""
        if isinstance(value, Tensor):
            return self._add_tensor(value)
        if isinstance(value, np.ndarray) and not value.dtype.hasobject:
            self._tell(value.dtype.str, value.shape)
            self._digest.update(np.ascontiguousarray(value).tobytes())
        elif isinstance(value, nn.Module):
            self._add(type(value))
            self._add(vars(value))
        elif isinstance(value, dict):
            self._add([part for item in value.items() for part in item])
        elif isinstance(value, list | tuple):
            self._tell(len(value))
            for part in value:
                self._add(part)
        elif isinstance(value, set | frozenset) and all(isinstance(part, PLAIN) for part in value):
            self._tell(sorted(map(repr, value)))
        else:
            return False
        return True

    def _add_tensor(self, value: Tensor) -> bool:
        self._tell(str(value.dtype), tuple(value.shape))
        try:
            flat = value.detach().cpu().resolve_conj().resolve_neg().reshape(-1)
            self._digest.update(flat.view(torch.uint8).numpy().tobytes())
        except (RuntimeError, NotImplementedError):  # sparse, quantised, without content
            return False
        return True


def _is_of_module(value: Any) -> bool:
    """Whether it is a function written in C that no object stands behind."""
    return inspect.isroutine(value) and isinstance(getattr(value, "__self__", None), types.ModuleType | None)


def _bound(function: types.FunctionType) -> Iterator[tuple[str, Any]]:
    """Names and values of the defaults and of the enclosing functions' variables."""
    yield "defaults", [function.__defaults__, function.__kwdefaults__]
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        with suppress(ValueError):  # not filled yet
            yield name, cell.cell_contents


def _globals(code: types.CodeType) -> set[str]:
    """Names of the globals that code reads, that of the functions inside it too."""
    named = {step.argval for step in dis.get_instructions(code) if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    return named.union(*(_globals(inner) for inner in code.co_consts if isinstance(inner, types.CodeType)))
