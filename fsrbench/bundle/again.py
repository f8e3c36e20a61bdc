"""What a verification needs to recompute scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Again:
    """Data, method and device to recompute scores with."""

    data: Sequence[str] = ()
    """Sources, as ``--data`` of a run takes them; each result takes the one that has its sha256."""
    method: str | None = None
    """What to run, ``METHOD`` or ``kind:target``; by default the method that the run names, if it is installed."""
    device: str = "auto"
    offline: bool = False
