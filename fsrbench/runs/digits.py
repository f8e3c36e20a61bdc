"""Numbers as text."""

from __future__ import annotations

import math


def significant(value: float, digits: int = 3) -> str:
    """A number with ``digits`` significant digits, trailing zeros included, never in scientific notation.

    Examples:
        >>> [significant(value) for value in (2273.4, 391.2, 8.4, 0.12345, 0.0)]
        ['2270', '391', '8.40', '0.123', '0.00']
    """
    if not math.isfinite(value):
        return str(value)
    place = digits - 1 - (math.floor(math.log10(abs(value))) if value else 0)
    rounded = round(value, place)
    if rounded and math.floor(math.log10(abs(rounded))) > digits - 1 - place:  # 9.996 is 10.0 and not 10.00
        place -= 1
    return f"{rounded:.{max(place, 0)}f}"
