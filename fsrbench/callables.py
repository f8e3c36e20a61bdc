"""Plain functions and networks as methods: whatever turns an LR batch into an SR batch."""

from __future__ import annotations

import inspect
import sys
import uuid
from collections.abc import Callable
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from fsrbench.methods import Method
from fsrbench.tasks import Task


class CallableMethod(Method):
    """A function of LR that gives SR; :func:`as_method` makes a subclass for each function."""

    training = "unknown: a Python function"
    function: ClassVar[Any]
    """Float N,3,h,w -> float N,3,h*scale,w*scale."""

    def load(self, task: Task, device: torch.device) -> None:
        """Nothing to load; a network goes to the device."""
        if isinstance(self.function, nn.Module):
            self.network = self.function.eval().to(device)

    def upscale(self, lr: Tensor) -> Tensor:
        """What the function returns."""
        sr: Tensor = self.function(lr)
        return sr

    def fingerprint(self) -> str:
        """Hash of the function's file; of one that has no place in a file nothing is ever used again."""
        return super().fingerprint() if _importable(self.function) else uuid.uuid4().hex[:16]


def is_function(found: Any) -> bool:
    """Whether something can be made a method: a function in Python, a network, any object with ``__call__``."""
    if inspect.isclass(found) or inspect.isbuiltin(found):
        return False
    return callable(found)


def as_method(function: Callable[[Tensor], Tensor]) -> type[CallableMethod]:
    """A method class for a function.

    Args:
        function: takes float N,3,h,w in [0, 1], RGB, and returns N,3,h*scale,w*scale alike.

    Example:
        >>> blocks = as_method(lambda lr: nn.functional.interpolate(lr, scale_factor=4))
        >>> blocks().upscale(torch.zeros(2, 3, 16, 16)).shape
        torch.Size([2, 3, 64, 64])
    """
    named = function if inspect.isroutine(function) else type(function)
    told = {
        "function": staticmethod(function),
        "__doc__": inspect.getdoc(function),
        "__module__": named.__module__,
        "__qualname__": named.__qualname__,
    }
    return type(named.__name__, (CallableMethod,), told)


def _importable(function: Any) -> bool:
    """Whether it is what its module has under its name, so that its file tells all about it."""
    found: Any = sys.modules.get(getattr(function, "__module__", ""))
    for name in getattr(function, "__qualname__", "?").split("."):
        found = getattr(found, name, None)
    return found is function
