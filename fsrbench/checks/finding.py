"""A finding: what is wrong with a method's pictures or with the data, and the evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

Measured = Mapping[str, np.ndarray]
"""Statistics by name, one row per image; NaN where an image tells nothing."""
LEAST: Final = 4
"""Fewer images than this tell nothing about a method."""
SHARE: Final = 0.5
"""Share of the images, of those that can show a fault, that must show it."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong."""

    check: str
    """Name of the check, as in docs/checks.md."""
    text: str
    """One line: what was seen, on how many images, and what it may come from."""
    value: float
    """The statistic."""
    threshold: float
    """The value beyond which it is a finding."""
    images: int
    """Images that show it."""
    of: int
    """Images that could show it."""


def agreed(votes: np.ndarray) -> tuple[int, int] | None:
    """Number of images that show a fault and of those that could, if enough do; else ``None``.

    Args:
        votes: N, 1 where an image shows the fault, 0 where not, NaN where it cannot tell.

    Example:
        >>> agreed(np.array([1, 1, 1, 0, np.nan, 1]))
        (4, 5)
        >>> agreed(np.array([1.0, 1, 1])) is None
        True
    """
    counted = votes[~np.isnan(votes)]
    shown = int(counted.sum())
    return (shown, len(counted)) if shown >= LEAST and shown > SHARE * len(counted) else None


def enough(values: np.ndarray) -> np.ndarray | None:
    """The rows without NaN, if there are enough of them for a median; else ``None``."""
    known = values[~np.isnan(values.reshape(len(values), -1)).any(axis=1)]
    return known if len(known) >= LEAST else None
