"""Conditions on one property of an image, such as ``|yaw| > 20°``, and slices, which are up to three of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from fsrbench.slices.columns import ANGLES, Column

Sign = Literal[">", "≤", "=", "≠"]
OPPOSITE: Final[Mapping[Sign, Sign]] = {">": "≤", "≤": ">", "=": "≠", "≠": "="}
QUANTILES: Final = np.linspace(0.05, 0.95, 19)
"""Quantiles that are thresholds of numbers; thresholds of angles are multiples of :data:`STEP`."""
STEP: Final = 5
"""Degrees."""
MOST_CATEGORIES: Final = 20
"""Only the most frequent values of a column of words are offered."""


@dataclass(frozen=True)
class Condition:
    """A condition on one property; an image with an unknown value does not fulfil it."""

    column: str
    sign: Sign
    value: float | str
    unit: str = ""

    @property
    def text(self) -> str:
        """As text.

        Example:
            >>> Condition("pitch", "≤", -20.0, "°").text
            'pitch ≤ −20°'
        """
        value = self.value if isinstance(self.value, str) else f"{self.value:g}".replace("-", "−")
        return f"{self.column} {self.sign} {value}{self.unit}"

    def holds(self, column: Column) -> np.ndarray:
        """For N images whether they fulfil it: bool N."""
        values = column.values
        match self.sign:
            case ">":
                found = values > self.value
            case "≤":
                found = values <= self.value
            case "=":
                found = values == self.value
            case "≠":
                found = values != self.value
        mask: np.ndarray = found & column.known
        return mask

    @property
    def opposite(self) -> Condition:
        """The condition that the other images with a known value fulfil."""
        return Condition(self.column, OPPOSITE[self.sign], self.value, self.unit)


Slice = tuple[Condition, ...]
"""The images that fulfil all of these conditions, which are in the order found."""


def text_of(conditions: Slice) -> str:
    """The conditions in a line, without those that a later one implies.

    Example:
        >>> text_of((Condition("|yaw|", ">", 20.0), Condition("noise", "≤", 3.0), Condition("|yaw|", ">", 40.0)))
        'noise ≤ 3 and |yaw| > 40'
    """
    last = {(each.column, each.sign): each for each in conditions if each.sign != "≠"}
    return " and ".join(each.text for each in conditions if each.sign == "≠" or last[each.column, each.sign] is each)


def holds(conditions: Slice, columns: Mapping[str, Column], images: int) -> np.ndarray:
    """For each of the images whether it fulfils all: bool N."""
    inside = np.ones(images, dtype=bool)
    for condition in conditions:
        inside &= condition.holds(columns[condition.column])
    return inside


def candidates(columns: Iterable[Column]) -> Iterator[Condition]:
    """The conditions that may split images with these columns; for numbers one of each pair of opposites."""
    for column in columns:
        values = column.values
        if column.is_category:
            names, counts = np.unique(values[column.known], return_counts=True)
            for name in names[np.argsort(-counts, kind="stable")][:MOST_CATEGORIES]:
                yield Condition(column.name, "=", str(name))
        else:
            for threshold in _thresholds(column.name, values[column.known]):
                yield Condition(column.name, ">", threshold, column.unit)


def _thresholds(name: str, values: np.ndarray) -> list[float]:
    """Few thresholds with few digits, so that slices are readable and can be repeated."""
    if not len(values):
        return []
    low, high = float(values.min()), float(values.max())
    if name in ANGLES:
        found = np.arange(math.ceil(low / STEP) * STEP, high, STEP)
    else:
        width = float(np.ptp(np.quantile(values, [0.1, 0.9]))) or high - low
        digits = 1 - math.floor(math.log10(width)) if width > 0 else 0
        found = np.quantile(values, QUANTILES).round(digits)
    return sorted({float(number) + 0.0 for number in found if low <= number < high})
