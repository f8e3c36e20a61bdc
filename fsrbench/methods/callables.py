"""Plain functions and networks as methods."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from fsrbench.methods.base import Method
from fsrbench.tasks import Task


class CallableMethod(Method):
    """A function from LR to SR; :func:`as_method` makes a subclass for each function."""

    training = "unknown: a Python function"
    function: ClassVar[Any]
    """Float N,3,h,w -> float N,3,h*scale,w*scale."""

    def load(self, task: Task, device: torch.device) -> None:
        """Copy a network to the device, because its owner may go on training it; a function needs no loading."""
        if isinstance(self.function, nn.Module):
            self.network = copied(self.function).eval().to(device)

    def upscale(self, lr: Tensor) -> Tensor:
        """What the function returns."""
        sr: Tensor = self.function(lr) if self.network is None else self.network(lr)
        return sr

    def is_known(self) -> bool:
        """Only if the function has ``settings``: what it reads besides cannot be seen."""
        return self.settings is not None and super().is_known()

    def _code(self) -> set[Any]:
        return {*super()._code(), self.function if inspect.isroutine(self.function) else type(self.function)}

    def _held(self) -> dict[str, Any]:
        return super()._held() | ({"function": self.function} if self.network is None else {})


def copied(network: nn.Module) -> nn.Module:
    """A deep copy, including tensors that a layer computed from its parameters (as ``weight_norm`` does its weight).

    torch refuses to copy a tensor with a gradient history; detached, the layer recomputes it at its next call.
    """
    computed = (v for module in network.modules() for v in vars(module).values() if isinstance(v, Tensor))
    return copy.deepcopy(network, {id(v): v.detach().clone() for v in computed if not v.is_leaf})


def is_function(found: Any) -> bool:
    """Whether an object can become a method: a Python function, a network, anything with ``__call__``."""
    if inspect.isclass(found) or inspect.isbuiltin(found):
        return False
    return callable(found)


def as_method(function: Callable[[Tensor], Tensor]) -> type[CallableMethod]:
    """A method class for a function.

    Args:
        function: float N,3,h,w in [0, 1], RGB -> float N,3,h*scale,w*scale in [0, 1], RGB.

    Example:
        >>> blocks = as_method(lambda lr: nn.functional.interpolate(lr, scale_factor=4))
        >>> blocks().upscale(torch.zeros(2, 3, 16, 16)).shape
        torch.Size([2, 3, 64, 64])
    """
    named = function if inspect.isroutine(function) else type(function)
    attributes = {
        "function": staticmethod(function),
        "training": "unknown: a PyTorch network" if isinstance(function, nn.Module) else CallableMethod.training,
        "settings": settings if isinstance(settings := getattr(function, "settings", None), str) else None,
        "__doc__": inspect.getdoc(function),
        "__module__": named.__module__,
        "__qualname__": named.__qualname__,
    }
    return type(named.__name__, (CallableMethod,), attributes)


def as_given(found: Any) -> Any:
    """The class for a function or network; a :class:`Method` class or object unchanged."""
    return as_method(found) if is_function(found) and not isinstance(found, Method) else found
