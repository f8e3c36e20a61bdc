"""How a metric is named and its values are written."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from fsrbench.runs.names import HR, ROLES

DIRECTIONS: Final = ("higher", "lower", "none")
_ARROWS: Final = {"higher": "↑", "lower": "↓", "none": ""}


@dataclass(frozen=True)
class MetricInfo:
    """How one metric is named and its values are written."""

    name: str
    title: str
    unit: str
    """The unit shown: per cent for fractions."""
    direction: str
    digits: int
    """Digits after the point of the value shown."""
    factor: float = 1.0
    """Multiplies the value in the files to give the value shown."""
    exact: bool = False
    """Whether values are counted, so that they can be compared without a test or an interval."""
    hr_is_ceiling: bool = True
    """Whether the HR images' own value is the best attainable; else it is shown for comparison."""

    @classmethod
    def declared(
        cls,
        name: str,
        title: str,
        unit: str,
        direction: str,
        digits: int,
        exact: bool = False,
        hr_is_ceiling: bool = True,
    ) -> MetricInfo:
        """From a metric's declaration: fractions are shown in per cent, an unknown direction counts as none."""
        shown, factor = ("%", 100.0) if unit == "fraction" else (unit, 1.0)
        known = direction if direction in DIRECTIONS else "none"
        return cls(name, title, shown, known, digits, factor, exact, hr_is_ceiling)

    def role_of(self, bound: str) -> str:
        """``ceiling`` or ``floor``; empty if the bound is shown for comparison."""
        return "" if bound == HR and not self.hr_is_ceiling else ROLES[bound]

    @property
    def arrow(self) -> str:
        """The direction as an arrow, empty where there is none."""
        return _ARROWS[self.direction]

    @property
    def heading(self) -> str:
        """Title and unit: ``PSNR (dB)``."""
        return f"{self.title} ({self.unit})" if self.unit else self.title

    @property
    def label(self) -> str:
        """Title, unit and arrow: ``PSNR (dB) ↑``."""
        return f"{self.heading} {self.arrow}".rstrip()

    def shown(self, value: float) -> float:
        """The value in the shown unit, rounded to the shown digits."""
        return round(value * self.factor, self.digits) + 0.0  # + 0.0 turns -0.0 into 0.0

    def text(self, value: float) -> str:
        """The value formatted for tables, without its unit."""
        if math.isnan(value):
            return "–"
        if math.isinf(value):
            return "∞" if value > 0 else "−∞"
        return f"{self.shown(value):.{self.digits}f}"


@dataclass(frozen=True)
class Result:
    """One row of the summary."""

    value: float
    """In the metric's unit, rates as fractions in [0, 1]; NaN without a value."""
    ci_low: float
    """Lower end of the 95 % interval; NaN without one."""
    ci_high: float
    n: float
    """Number of scores, pairs or queries behind the value."""
    status: str
    """``ok``, ``unavailable``, ``invalid`` or ``failed``."""
    note: str
    """The reason of a status, or a remark."""

    @property
    def ok(self) -> bool:
        """Whether there is a number to trust."""
        return self.status == "ok" and not math.isnan(self.value)

    @property
    def has_value(self) -> bool:
        """Whether there is a number to show: ok, or failed on some images only."""
        return self.status in {"ok", "failed"} and not math.isnan(self.value)

    @property
    def has_interval(self) -> bool:
        """Whether value and interval are numbers."""
        return all(math.isfinite(number) for number in (self.value, self.ci_low, self.ci_high))
