"""Ticks of axes: at round numbers, written as plain ones."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axis import Axis, XAxis
from matplotlib.ticker import Formatter, LogLocator, MaxNLocator, NullLocator

LONG = 6
"""Letters of a tick from which fewer ticks fit beside one another."""


class PlainNumbers(Formatter):
    """Writes an axis's ticks as plain numbers, on a linear axis all with the same number of decimals.

    Args:
        factor: multiplies the axis's values before they are written.

    Example:
        >>> PlainNumbers().format_ticks([23.8, 24, 24.2]), PlainNumbers(100).format_ticks([-0.5, 0, 0.5])
        (['23.8', '24.0', '24.2'], ['−50', '0', '50'])
    """

    def __init__(self, factor: float = 1) -> None:
        self.factor = factor

    def __call__(self, value: float, position: int | None = None) -> str:
        """One tick by itself."""
        return np.format_float_positional(float(f"{value * self.factor:.10g}"), trim="-").replace("-", "−")

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """All ticks of an axis."""
        texts = [self(value) for value in values]
        if isinstance(self.axis, Axis) and self.axis.get_scale() == "log":
            return texts
        digits = max((len(text.partition(".")[2]) for text in texts), default=0)
        return [f"{value * self.factor + 0.0:.{digits}f}".replace("-", "−") for value in values]


def plain_ticks(axis: Axis, most: int = 5, factor: float = 1) -> None:
    """Ticks at round numbers (1, 2, 5, if need be 4 times a power of ten), written so; ``factor`` 100 for per cent."""
    axis.set_major_formatter(PlainNumbers(factor))
    if axis.get_scale() == "log":
        low, high = sorted(axis.get_view_interval())
        decades = math.log10(high / low)
        axis.set_major_locator(LogLocator(10, subs=(1.0,) if decades > 1.6 else (1.0, 2.0, 5.0), numticks=most + 1))
        axis.set_minor_locator(NullLocator())
        return
    axis.set_major_locator(_locator(axis, most))
    texts = axis.get_major_formatter().format_ticks(list(axis.get_majorticklocs()))
    if isinstance(axis, XAxis) and any(len(text) >= LONG for text in texts):
        axis.set_major_locator(MaxNLocator(3, steps=[1, 2, 5, 10], min_n_ticks=2))


def _locator(axis: Axis, most: int) -> MaxNLocator:
    """At least three ticks in steps of 1, 2 or 5; of 4, too, where three would otherwise take too many to write."""
    locator = MaxNLocator(most, steps=[1, 2, 5, 10], min_n_ticks=3)
    low, high = sorted(axis.get_view_interval())
    if sum(low <= tick <= high for tick in locator.tick_values(low, high)) > most + 1:
        return MaxNLocator(most, steps=[1, 2, 4, 5, 10], min_n_ticks=3)
    return locator
