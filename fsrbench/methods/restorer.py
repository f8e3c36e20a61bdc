"""What a reader of checkpoints returns: a network, and how to call it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from fsrbench.registry import Registry

READERS = Registry("checkpoint reader", group="fsrbench.checkpoints")
"""Functions from the content of a file to a :class:`Restorer`, or ``None`` if they do not recognise it."""


@dataclass(frozen=True)
class Restorer:
    """A network with its weights, and its input and output."""

    name: str
    """A short description, for notes and the manifest."""
    network: nn.Module
    restore: Callable[[Tensor], Tensor]
    """Float N,C,h,w in [0, 1], RGB -> float N,C,h*scale,w*scale in [0, 1], RGB; calls ``network``."""
    scale: int
    channels: int = 3
    """3, or 1: then R, G and B are restored one by one, as grey pictures."""
    side: int | None = None
    """The only input side, in pixels, that it takes or was trained for."""
    minimum: int = 1
    """The smallest input side that it takes, in pixels."""
    version: str = ""
    """Name and version of the package that the network's code is from."""
    weights: str = ""
    """Which weights were taken, if the file has several for the network."""


Reader = Callable[[Mapping[str, Any]], Restorer | None]
