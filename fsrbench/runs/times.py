"""Measured times: their units, and how far apart two must be before they are ranked."""

from __future__ import annotations

from typing import Final

UNITS: Final = ("ms", "s", "images/s")
"""Units of times and rates."""
BAND: Final = 1.2
"""Times of one run that differ by a smaller factor are not ranked, whatever their intervals say.

An interval covers the queries of one method, not what the machine does between one method and the next. Equal networks
in one process differed by a factor of up to 1.06 with disjoint intervals (docs/statistics.md).
"""
LEAST_MS: Final = 1.0
"""A faster method is no base for ratios: most of its time is call overhead, which varies with the machine's load."""


def ranked(first: float, second: float) -> bool:
    """Whether two times, or rates, are beyond :data:`BAND`.

    Example:
        >>> ranked(3.0, 3.2), ranked(3.0, 4.0), ranked(4.0, 3.0)
        (False, True, True)
    """
    return max(first, second) > BAND * min(first, second)


def milliseconds(value: float, unit: str, batch: int) -> float:
    """A time in milliseconds; for a rate, the time of the batch that it was measured with."""
    return {"ms": value, "s": 1e3 * value, "images/s": 1e3 * batch / value if value > 0 else 0.0}[unit]
