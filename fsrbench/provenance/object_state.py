"""What an object holds, as one hash: tensors, arrays, numbers and text, and the objects that hold these."""

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
"""Types whose text tells one value from another."""
_MADE_IN_PYTHON: Final = 1 << 9
"""``Py_TPFLAGS_HEAPTYPE``: the type was made while the program runs, not compiled into it."""
DEEPEST: Final = 100
"""Objects within objects; what lies deeper counts as unknown."""


class ObjectState:
    """Hash of values and of all that they hold.

    Args:
        contents: read tensors and arrays; without it only what kinds of values there are is found out.
    """

    def __init__(self, contents: bool = True) -> None:
        self.has_tensors = False
        """Whether a tensor or an array is among them."""
        self.unknown: set[str] = set()
        """Types of values that cannot be told from others, such as an onnxruntime session's."""
        self.unknown_shared: set[str] = set()
        """The same of what classes and modules hold."""
        self.code: set[Any] = set()
        """Classes and functions of what was found."""
        self._contents = contents
        self._digest = hashlib.sha256()
        self._seen: dict[int, tuple[int, Any]] = {}

    @property
    def digest(self) -> str:
        """Hash of all values but the unknown ones."""
        return self._digest.hexdigest()

    def add(self, value: Any, depth: int = 0) -> None:
        """Add a value and what it holds."""
        self._tell(type(value).__qualname__)
        if isinstance(value, PLAIN):
            self._tell(value)
        elif isinstance(value, Path):
            self._tell(value.name)  # the same on every machine; what the file holds is not known here
        elif id(value) in self._seen:
            self._tell(self._seen[id(value)][0])
        elif depth > DEEPEST:
            self._add_unknown(value)
        else:
            self._seen[id(value)] = len(self._seen), value  # held, so that no other gets its id
            self._add_new(value, depth + 1)

    def add_shared(self, named: Mapping[str, Any]) -> None:
        """Add what a class or a module holds and its code does not tell: tensors, networks, objects with these."""
        own, self.unknown = self.unknown, set()
        for name, value in sorted(named.items()):
            members = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
            if any(map(_may_hold_tensors, [value, *members])):
                self._tell(name)
                self.add(value)
            elif _is_foreign(value):
                self._add_unknown(value)
        self.unknown_shared |= self.unknown
        self.unknown = own

    def _tell(self, *parts: object) -> None:
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
        elif not isinstance(value, logging.Logger | weakref.ref):  # what these refer to is held elsewhere
            self._add_object(value, depth)

    def _add_all(self, values: Sequence[Any], depth: int) -> None:
        self._tell(len(values))
        for value in values:
            self.add(value, depth)

    def _add_tensor(self, value: Tensor) -> None:
        self.has_tensors = True
        self._tell(str(value.dtype), tuple(value.shape))
        if not self._contents:
            return
        try:
            stored = value.detach().cpu().resolve_conj().resolve_neg()
            if stored.ndim == 4 and stored.is_contiguous(memory_format=torch.channels_last):
                stored = stored.permute(0, 2, 3, 1)  # as it lies in memory: copying a network takes a second
            flat = stored.contiguous().reshape(-1)
            self._digest.update(flat.view(torch.uint8).numpy().data)
        except (RuntimeError, NotImplementedError):  # sparse, quantised, without content
            self._add_unknown(value)

    def _add_array(self, value: np.ndarray) -> None:
        self.has_tensors = True
        self._tell(value.dtype.str, value.shape)
        if value.dtype.hasobject:
            self._add_unknown(value)
        elif self._contents:
            self._digest.update(np.ascontiguousarray(value).tobytes())

    def _add_code(self, value: Any, depth: int) -> None:
        self._tell(getattr(value, "__module__", None), getattr(value, "__qualname__", value.__name__))
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
    """Whether a value is learned, or an object of a class of the user's own."""
    if isinstance(value, Tensor | np.ndarray | nn.Module):
        return True
    return _is_object(value) and not fingerprints.is_installed(type(value).__module__)


def _is_foreign(value: Any) -> bool:
    """Whether a value is an object of an installed package that is not known here, such as a session or a pipeline."""
    return _is_object(value) and fingerprints.is_installed(type(value).__module__)


def _is_object(value: Any) -> bool:
    is_code = inspect.isroutine(value) or inspect.isclass(value) or inspect.ismodule(value)
    return not is_code and not fingerprints.is_counted_elsewhere(type(value).__module__)


def _is_compiled(kind: type) -> bool:
    """Whether objects of a class may hold what Python cannot see."""
    return any(
        type(base).__name__ == "pybind11_type" or not base.__flags__ & _MADE_IN_PYTHON for base in kind.__mro__[:-1]
    )


def _members(value: Any) -> list[Any] | None:
    """What a container, a method of an object or a partial function is made of; ``None`` of anything else."""
    if isinstance(value, collections.OrderedDict) and all(isinstance(key, int) for key in value):
        return list(value.values())  # torch numbers the hooks of a module by how many were made before
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
    """What a function has from the functions around it, as far as it is there yet."""
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
