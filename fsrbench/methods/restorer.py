"""What a reader of checkpoints gives back: a network, and how it is called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from fsrbench.registry import Registry

READERS = Registry("checkpoint reader", group="fsrbench.checkpoints")
"""Functions from what a file holds to a :class:`Restorer`, or ``None`` if it is none of theirs."""


@dataclass(frozen=True)
class Restorer:
    """A network with its weights, what it takes and what it gives."""

    name: str
    """What it is, in some words."""
    network: nn.Module
    restore: Callable[[Tensor], Tensor]
    """Float N,C,h,w in [0, 1], RGB -> float N,C,h*scale,w*scale in [0, 1], RGB; calls ``network``."""
    scale: int
    channels: int = 3
    """3, or 1: then R, G and B are restored one by one, as grey pictures."""
    side: int | None = None
    """The only input size that it takes or was trained for."""
    minimum: int = 1
    """The smallest input size that it takes."""
    version: str = ""
    """Of the package that the network's code is from."""
    weights: str = ""
    """Which were taken, where the file has several of the network."""


Reader = Callable[[Mapping[str, Any]], Restorer | None]
