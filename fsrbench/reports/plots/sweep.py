"""Each metric over the strength of a degradation: one line per method through several runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fsrbench.reports.plots.looks import BOUND_LOOKS, Look, looks, looks_of
from fsrbench.reports.plots.style import (
    bound_key,
    draw_curve,
    drawable,
    labels,
    legend_below,
    method_key,
    panels,
)
from fsrbench.reports.plots.ticks import plain_ticks
from fsrbench.runs.data import RunData
from fsrbench.runs.metric_info import MetricInfo
from fsrbench.runs.sweep import sweep

COLUMNS = 3
HARDER_WHEN_SMALLER = ("jpeg",)
"""Degradations whose axis is reversed, so that all plots get harder to the right."""


def draw_sweep(runs: Sequence[RunData]) -> Figure | None:
    """The figure; ``None`` if no metric varies; the runs in any order.

    Raises:
        UserError: the runs differ in more than the strength of one degradation, or have none.
    """
    kind, unit, by_strength = sweep(runs)
    first = next(iter(by_strength.values()))
    rows = list(dict.fromkeys(name for run in by_strength.values() for name in run.methods))
    metrics = list(dict.fromkeys(m for run in by_strength.values() for m in run.metrics))
    shown = [metric for metric in metrics if _varies(by_strength, rows, metric)]
    if not shown:
        return None
    figure, axes = panels(len(shown), COLUMNS, 2.9, 2.4)
    look = _looks(by_strength.values())
    for axis, metric in zip(axes, shown, strict=True):
        for name in [*rows, *BOUND_LOOKS]:
            _draw_line(axis, by_strength, name, first.metric(metric), look[name])
        axis.set_title(first.metric(metric).label)
        axis.set_xlabel(f"{kind} ({unit})" if unit else kind)
        plain_ticks(axis.xaxis)
        plain_ticks(axis.yaxis)
        if kind in HARDER_WHEN_SMALLER:
            axis.invert_xaxis()
    names = labels(look)
    keys = [method_key(names[name], look[name]) for name in rows]
    drawn = {row: [metric for metric in shown if _points(by_strength, row, metric)] for row in BOUND_LOOKS}
    keys += [bound_key(row, list(map(first.metric, found))) for row, found in drawn.items() if found]
    legend_below(figure, keys)
    return figure


def _looks(runs: Iterable[RunData]) -> dict[str, Look]:
    """The look of every method of any run; the same as in a single run if all runs have the same methods."""
    listed = {title: run.renamed.get(title, title) for run in runs for title in looks(run)}
    own = looks_of(chain(listed.values(), *(run.listed for run in runs)))
    return {title: own[name] for title, name in listed.items()}


def _points(by_strength: dict[float, RunData], name: str, metric: str) -> list[tuple[float, float, float, float]]:
    """Strength, value and interval, where there is a value."""
    found = []
    for strength, run in by_strength.items():
        result = run.result(name, metric)
        if drawable(result):
            low, high = (result.ci_low, result.ci_high) if result.has_interval else (result.value, result.value)
            found.append((strength, result.value, low, high))
    return found


def _varies(by_strength: dict[float, RunData], rows: Sequence[str], metric: str) -> bool:
    """Whether any method's value changes: numbers of parameters do not, and a flat line says nothing."""
    return any(len({value for _, value, _, _ in _points(by_strength, name, metric)}) > 1 for name in rows)


def _draw_line(axis: Axes, by_strength: dict[float, RunData], name: str, info: MetricInfo, look: Look) -> None:
    points = _points(by_strength, name, info.name)
    if not points:
        return
    x = [point[0] for point in points]
    y, low, high = ([point[i] * info.factor for point in points] for i in (1, 2, 3))
    if name not in BOUND_LOOKS:
        axis.fill_between(x, low, high, color=look.colour, alpha=0.15, linewidth=0)
    draw_curve(axis, x, y, look, 0)
