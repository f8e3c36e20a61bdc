"""What a verification is given to compute scores again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Again:
    """With what scores are computed again."""

    data: Sequence[str] = ()
    """Sources, as ``--data`` of a run takes them; each result takes the one that has its sha256."""
    method: str | None = None
    """What to run, ``METHOD`` or ``kind:target``; by default the method that the run names, where it is installed."""
    device: str = "auto"
    offline: bool = False
