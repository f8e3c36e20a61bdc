"""What is known about a run before any work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fsrbench.datasets.pairs import ListedPair
from fsrbench.metrics.reference_statistics import Statistics
from fsrbench.spec import Alignment
from fsrbench.tasks import Task


@dataclass(frozen=True)
class Facts:
    """What is known about a run before any work; metrics derive from it whether and how their protocol holds."""

    task: Task
    images: int
    has_hr: bool
    has_pairs: bool
    seed: int = 0
    reference: int = 0
    """Images of the reference set (``--reference``); 0 without one."""
    statistics: Statistics | None = None
    """A statistics file in place of the reference set (``--reference FILE.npz``)."""
    pairs: tuple[ListedPair, ...] = ()
    """Verification pairs of a pairs file (``--pairs``)."""
    sides: Literal["one", "both"] = "one"
    """Whether verification compares SR with HR or SR with SR."""
    alignment: Alignment = "hr"
    """Whose landmarks align a face before its descriptor is computed."""
    descriptor: str = "auto"
    """Which face descriptor verification and identification use."""
    has_roles: bool = False
    """Whether the data says who is enrolled and who is looked for; see :mod:`fsrbench.datasets.roles`."""
    isolated: bool = False
    """Whether each method runs in a process of its own."""
    degradation: str | None = None
    """What makes every LR picture from HR; ``None`` if LR pictures are given."""
