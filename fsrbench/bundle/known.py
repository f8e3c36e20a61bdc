"""What fsrbench's own metrics declare and bundles are checked against, without torch, which their classes need.

``metrics.json`` is generated from the classes by ``python -m tools.docs.bundle_metrics``; a test compares the two.
"""

from __future__ import annotations

import json
from enum import Enum
from math import inf
from pathlib import Path
from typing import Any, Final, NamedTuple

from fsrbench.runs.preference import JUDGED

FILE: Final = Path(__file__).with_name("metrics.json")


class Kind(Enum):
    """What a metric's number is computed from; see ``fsrbench.metrics.Metric.number``."""

    MEAN = "mean"
    OWN = "own"
    SET = "set"
    SPEED = "speed"
    PEOPLE = "people"
    """What people answered in a study."""


class Known(NamedTuple):
    """What a metric declares."""

    unit: str
    direction: str
    low: float = -inf
    """The lowest possible score or number."""
    high: float = inf
    kind: Kind = Kind.MEAN
    infinite: bool = False
    """Whether a score may be infinite, as if SR equals HR."""


def _known(unit: str, direction: str, bounds: list[float | None], number: str, infinite: bool) -> Known:
    low, high = bounds
    return Known(unit, direction, -inf if low is None else low, inf if high is None else high, Kind(number), infinite)


def _read() -> dict[str, Known]:
    declared: dict[str, dict[str, Any]] = json.loads(FILE.read_text(encoding="utf-8"))
    return {name: _known(**entry) for name, entry in declared.items()}


KNOWN: Final = _read() | dict.fromkeys(JUDGED, Known("fraction", "higher", 0, 1, Kind.PEOPLE))


def is_speed(metric: str) -> bool:
    """Whether a metric is a time, a rate or the size of a network.

    Example:
        >>> is_speed("params"), is_speed("psnr")
        (True, False)
    """
    known = KNOWN.get(metric)
    return known is not None and known.kind is Kind.SPEED
