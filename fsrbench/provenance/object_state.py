"""Hash of an object's state: tensors, arrays, numbers and text, and the objects that hold them."""

from __future__ import annotations

import collections
import functools
import hashlib
import inspect
import logging
import re
import weakref
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn

from fsrbench.provenance import fingerprints

PLAIN: Final = (
    type(None), bool, int, float, complex, str, bytes, range, slice, Enum, np.generic, re.Pattern,
    torch.dtype, torch.device, torch.Size, torch.memory_format, torch.layout,
)  # fmt: skip
"""Types whose ``repr`` identifies the value."""
_MADE_IN_PYTHON: Final = 1 << 9
"""``Py_TPFLAGS_HEAPTYPE``: the type was created at run time, not compiled in."""
DEEPEST: Final = 100
"""Levels of nesting; deeper values count as unknown."""


class ObjectState:
    """Hash of values and of everything they hold.

    Args:
        contents: whether to hash the values; if not, :attr:`digest` is meaningless, the other attributes are not.
    """

    def __init__(self, contents: bool = True) -> None:
        self.has_tensors = False
        """Whether any value is a tensor or an array."""
        self.unknown: set[str] = set()
        """Types of values whose state cannot be read, such as an onnxruntime session."""
        self.unknown_shared: set[str] = set()
        """The same for values held by classes and modules."""
        self.code: set[Any] = set()
        """Classes and functions of the values."""
        self._contents = contents
        self._digest = hashlib.sha256()
        self._seen: dict[int, tuple[int, Any]] = {}

    @property
    def digest(self) -> str:
        """Hash of all values except the unknown ones."""
        return self._digest.hexdigest()

    def add(self, value: Any, depth: int = 0) -> None:
        """Add a value and everything it holds."""
        self._hash(type(value).__qualname__)
        if isinstance(value, PLAIN):
            self._hash(value)
        elif isinstance(value, Path):
            self._hash(value.name)  # the same on every machine; the content of the file is not read
        elif id(value) in self._seen:
            self._hash(self._seen[id(value)][0])
        elif depth > DEEPEST:
            self._add_unknown(value)
        else:
            self._seen[id(value)] = len(self._seen), value  # kept alive, so that no other object gets its id
            self._add_new(value, depth + 1)

    def add_shared(self, named: Mapping[str, Any]) -> None:
        """Add state of a class or a module that is not in its code: tensors, networks, objects that hold these."""
        own, self.unknown = self.unknown, set()
        for name, value in sorted(named.items()):
            members = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
            if any(map(_may_hold_tensors, [value, *members])):
                self._hash(name)
                self.add(value)
            elif _is_foreign(value):
                self._add_unknown(value)
        self.unknown_shared |= self.unknown
        self.unknown = own

    def _hash(self, *parts: object) -> None:
        if self._contents:
            self._digest.update(f"{parts!r}".encode(errors="surrogatepass"))

    def _add_unknown(self, value: Any) -> None:
        self.unknown.add(type(value).__qualname__)

    def _add_new(self, value: Any, depth: int) -> None:
        if isinstance(value, Tensor):
            self._add_tensor(value)
        elif isinstance(value, np.ndarray):
            self._add_array(value)
        elif (members := _members(value)) is not None:
            self._add_all(members, depth)
        elif inspect.isroutine(value) or inspect.isclass(value) or inspect.ismodule(value):
            self._add_code(value, depth)
        elif not isinstance(value, logging.Logger | weakref.ref):  # what these refer to belongs to others
            self._add_object(value, depth)

    def _add_all(self, values: Sequence[Any], depth: int) -> None:
        self._hash(len(values))
        for value in values:
            self.add(value, depth)

    def _add_tensor(self, value: Tensor) -> None:
        self.has_tensors = True
        self._hash(str(value.dtype), tuple(value.shape))
        if not self._contents:
            return
        try:
            stored = value.detach().cpu().resolve_conj().resolve_neg()
            if stored.ndim == 4 and stored.is_contiguous(memory_format=torch.channels_last):
                stored = stored.permute(0, 2, 3, 1)  # its memory layout: copying a network takes a second
            flat = stored.contiguous().reshape(-1)
            self._digest.update(flat.view(torch.uint8).numpy().data)
        except (RuntimeError, NotImplementedError):  # sparse, quantised, or a meta tensor
            self._add_unknown(value)

    def _add_array(self, value: np.ndarray) -> None:
        self.has_tensors = True
        self._hash(value.dtype.str, value.shape)
        if value.dtype.hasobject:
            self._add_unknown(value)
        elif self._contents:
            self._digest.update(np.ascontiguousarray(value).tobytes())

    def _add_code(self, value: Any, depth: int) -> None:
        self._hash(getattr(value, "__module__", None), getattr(value, "__qualname__", value.__name__))
        self.code.update(value.__mro__[:-1] if inspect.isclass(value) else (value,))
        if inspect.isfunction(value):
            self._add_all([value.__defaults__, value.__kwdefaults__, *_enclosed(value)], depth)

    def _add_object(self, value: Any, depth: int) -> None:
        if isinstance(value, nn.Module) and "_orig_mod" in value._modules:  # of torch.compile
            self.add(value._modules["_orig_mod"], depth)
            return
        slots = [name for base in type(value).__mro__ for name in _slots(base) if hasattr(value, name)]
        held = {**getattr(value, "__dict__", {}), **{name: getattr(value, name) for name in slots}}
        if _is_compiled(type(value)) or not (hasattr(value, "__dict__") or slots):
            self._add_unknown(value)
            return
        self.code.update(type(value).__mro__[:-1])
        self.add(held, depth)


def _may_hold_tensors(value: Any) -> bool:
    """Whether a value is a tensor, array or network, or an instance of a class of the user's own."""
    if isinstance(value, Tensor | np.ndarray | nn.Module):
        return True
    return _is_object(value) and not fingerprints.is_installed(type(value).__module__)


def _is_foreign(value: Any) -> bool:
    """Whether a value is an instance of an installed package's class, such as a session or a pipeline."""
    return _is_object(value) and fingerprints.is_installed(type(value).__module__)


def _is_object(value: Any) -> bool:
    is_code = inspect.isroutine(value) or inspect.isclass(value) or inspect.ismodule(value)
    return not is_code and not fingerprints.is_counted_elsewhere(type(value).__module__)


def _is_compiled(kind: type) -> bool:
    """Whether objects of a class may hold state that Python cannot read."""
    return any(
        type(base).__name__ == "pybind11_type" or not base.__flags__ & _MADE_IN_PYTHON for base in kind.__mro__[:-1]
    )


def _members(value: Any) -> list[Any] | None:
    """The members of a container, bound method or partial function; ``None`` for anything else."""
    if isinstance(value, collections.OrderedDict) and all(isinstance(key, int) for key in value):
        return list(value.values())  # torch numbers the hooks of modules by a global counter
    if isinstance(value, dict):
        return [part for item in value.items() for part in item]
    if isinstance(value, list | tuple | collections.deque):
        return list(value)
    if isinstance(value, set | frozenset):
        return sorted(value, key=repr) if all(isinstance(part, PLAIN) for part in value) else None
    if isinstance(value, functools.partial):
        return [value.func, value.args, value.keywords]
    return [value.__func__, value.__self__] if inspect.ismethod(value) else None


def _enclosed(function: Any) -> list[Any]:
    """The values a function closes over; ``None`` for those not yet assigned."""
    cells = []
    for cell in function.__closure__ or ():
        try:
            cells.append(cell.cell_contents)
        except ValueError:
            cells.append(None)
    return cells


def _slots(base: type) -> list[str]:
    slots = vars(base).get("__slots__", ())
    return [name for name in ([slots] if isinstance(slots, str) else slots) if not name.startswith("__")]
