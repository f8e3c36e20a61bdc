"""The result of an audit: every value under every protocol, their spread, and whether methods change places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Final

import pandas as pd

from fsrbench.audit.protocols import DEFAULT, Protocol
from fsrbench.runs.metric_info import MetricInfo
from fsrbench.runs.names import BOUNDS

COLUMNS: Final = ("method", "metric", "group", "protocol", "value", "difference", "n", "status", "note")

DistinctPair = tuple[str, str, frozenset[str]]
"""A metric, a protocol, and two methods whose difference under it is significant."""


@dataclass(frozen=True)
class Spread:
    """The values of one method and metric under all protocols."""

    default: float
    lowest: str
    """The protocol that gives the lowest value."""
    low: float
    highest: str
    high: float

    @property
    def width(self) -> float:
        """How far the highest is above the lowest."""
        return self.high - self.low


@dataclass(frozen=True, eq=False)
class Findings:
    """One audit."""

    setting: str
    """Data, task, degradation and seed in one line."""
    listed: tuple[str, ...]
    """The requested methods; their order gives the colours."""
    metrics: Mapping[str, MetricInfo]
    images: Mapping[str, int]
    """By metric: how many of the data's first images it was measured on."""
    protocols: tuple[Protocol, ...]
    """Those that were measured."""
    rows: pd.DataFrame
    """:data:`COLUMNS`; where ``status`` is not ok, ``value`` is NaN and ``note`` says why."""
    notes: tuple[str, ...] = ()
    apart: frozenset[DistinctPair] = frozenset()
    """Methods that differ significantly: paired tests, Holm over the pairs of a metric and protocol, 5 %."""

    @cached_property
    def _values(self) -> dict[tuple[str, str, str], float]:
        good = self.rows[self.rows["status"].isin(["ok", "failed"]) & self.rows["value"].notna()]
        keys = zip(good["method"], good["metric"], good["protocol"], strict=True)
        return dict(zip(keys, good["value"].astype(float), strict=True))

    def value(self, method: str, metric: str, protocol: str = DEFAULT) -> float | None:
        """A value; ``None`` if missing."""
        return self._values.get((method, metric, protocol))

    def methods(self, metric: str) -> list[str]:
        """The methods with values of a metric, the LR and HR images last."""
        measured = {m for m, of, _ in self._values if of == metric}
        return [m for m in (*self.listed, *BOUNDS) if m in measured]

    def protocols_of(self, metric: str) -> list[Protocol]:
        """The protocols under which some method has a value of a metric, the default first."""
        measured = {protocol for _, of, protocol in self._values if of == metric}
        return [p for p in self.protocols if p.metric == metric and p.name in measured]

    def spread(self, method: str, metric: str) -> Spread | None:
        """The spread of a method's values; ``None`` without a default value."""
        default = self.value(method, metric)
        values = {p.name: v for p in self.protocols_of(metric) if (v := self.value(method, metric, p.name)) is not None}
        if default is None:
            return None
        lowest, highest = min(values, key=values.__getitem__), max(values, key=values.__getitem__)
        return Spread(default, lowest, values[lowest], highest, values[highest])

    def ranking(self, metric: str, protocol: str = DEFAULT) -> list[str]:
        """The methods with a value, best first."""
        values = {m: v for m in self.listed if (v := self.value(m, metric, protocol)) is not None}
        return sorted(values, key=lambda m: values[m], reverse=self.metrics[metric].direction != "lower")

    def reordered(self, metric: str) -> list[str]:
        """The protocols under which two methods change places, significantly in either order."""
        return [p.name for p in self.protocols_of(metric) if self._swapped(metric, p.name)]

    def told_apart(self, metric: str, protocol: str, one: str, other: str) -> bool:
        """Whether two methods differ significantly, and in the digits that are shown."""
        lead = self._lead(one, other, metric, protocol)
        return lead != 0 and (metric, protocol, frozenset({one, other})) in self.apart

    def _swapped(self, metric: str, protocol: str) -> bool:
        order = [m for m in self.ranking(metric) if self.value(m, metric, protocol) is not None]
        for better, worse in combinations(order, 2):
            lead, now = (self._lead(better, worse, metric, name) for name in (DEFAULT, protocol))
            tested = all(self.told_apart(metric, name, better, worse) for name in (DEFAULT, protocol))
            if tested and lead > 0 > now:
                return True
        return False

    def _lead(self, one: str, other: str, metric: str, protocol: str) -> float:
        info = self.metrics[metric]
        x, y = (info.shown(self._values[method, metric, protocol]) for method in (one, other))
        return y - x if info.direction == "lower" else x - y
