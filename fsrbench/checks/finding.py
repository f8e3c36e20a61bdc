"""A finding: what is wrong with a method's pictures or with the data, and the evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

Measured = Mapping[str, np.ndarray]
"""Statistics by name, one row per image; NaN if an image gives no evidence."""
LEAST: Final = 4
"""Minimum images for a finding about a method."""
SHARE: Final = 0.5
"""Of the images that can show a fault, more than this share must show it."""
SOME: Final = 2
"""Images that must show a fault beyond doubt if not most of them show it."""


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
        votes: N, 1 if an image shows the fault, 0 if not, NaN if it could not show it.

    Example:
        >>> agreed(np.array([1, 1, 1, 0, np.nan, 1]))
        (4, 5)
        >>> agreed(np.array([1.0, 1, 1])) is None
        True
    """
    counted = votes[~np.isnan(votes)]
    shown = int(counted.sum())
    return (shown, len(counted)) if shown >= LEAST and shown > SHARE * len(counted) else None


def partly(votes: np.ndarray, sure: np.ndarray) -> tuple[int, int] | None:
    """As :func:`agreed`, but two images are enough if they show a fault more clearly than any honest picture does.

    Args:
        votes: as for :func:`agreed`.
        sure: N, whether an image shows the fault beyond doubt.

    Returns:
        Number of images that show it (of those beyond doubt, if not enough show it at all), and of those that could.

    Example:
        >>> partly(np.array([1, 0, 0, 0, np.nan, 1, 0]), np.array([1, 0, 0, 0, 0, 1, 0]) > 0)
        (2, 6)
    """
    if most := agreed(votes):
        return most
    usable = int((~np.isnan(votes)).sum())
    return (int(sure.sum()), usable) if sure.sum() >= SOME and usable >= LEAST else None


def examples(shown: np.ndarray, ids: Sequence[str]) -> str:
    """The first ids of images that show a fault, for a finding's text; empty if most do, or none.

    Args:
        shown: N, whether an image shows it.
        ids: N.

    Example:
        >>> examples(np.array([True, False, True, False, False]), list("abcde"))
        ', e.g. a and c'
    """
    rows = np.flatnonzero(shown)
    if not 0 < len(rows) <= SHARE * len(ids):
        return ""
    return f", e.g. {' and '.join(ids[row] for row in rows[:2].tolist())}"


def enough(values: np.ndarray) -> np.ndarray | None:
    """The rows without NaN, if there are enough of them for a median; else ``None``."""
    known = values[~np.isnan(values.reshape(len(values), -1)).any(axis=1)]
    return known if len(known) >= LEAST else None
