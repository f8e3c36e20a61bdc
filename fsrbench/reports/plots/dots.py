"""One panel per metric, each with its own axis: one dot per method with its confidence interval.

Dots, not bars: a bar's axis must start at zero, which would hide the differences.
"""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from fsrbench.reports.plots.looks import CEILING, looks
from fsrbench.reports.plots.style import (
    beside,
    bound_keys,
    draw_bounds,
    draw_point,
    drawable,
    interval,
    interval_key,
    labels_of,
    legend_below,
    name_rows,
    panels,
    spans_decades,
)
from fsrbench.reports.plots.ticks import plain_ticks
from fsrbench.runs.data import RunData
from fsrbench.runs.metric_info import MetricInfo

COLUMNS = 4
LONG_TITLE = 28
"""A panel's title of at least this many letters takes two lines."""


def draw_dots(run: RunData) -> Figure | None:
    """The figure; None if no method has a value."""
    shown = [metric for metric in run.metrics if any(drawable(run.result(name, metric)) for name in run.methods)]
    if not shown:
        return None
    figure, axes = panels(len(shown), COLUMNS, 2.3, 0.75 + 0.22 * max(3, len(run.methods)))
    names = labels_of(run)
    columns = beside(len(shown), COLUMNS)
    for index, (axis, metric) in enumerate(zip(axes, shown, strict=True)):
        _draw_panel(axis, run, run.metric(metric))
        name_rows(axis, [names[method] if index % columns == 0 else "" for method in run.methods])
    legend_below(figure, _keys(run, shown))
    return figure


def panel_title(label: str) -> str:
    """A metric's label; a long one is broken before its bracket, so that it does not overlap the next panel.

    Example:
        >>> panel_title("SSIM ↑"), panel_title("SSIM (VQFR, matched to HR) ↑")
        ('SSIM ↑', 'SSIM\\n(VQFR, matched to HR) ↑')
    """
    return label if len(label) < LONG_TITLE else label.replace(" (", "\n(", 1)


def _keys(run: RunData, shown: Sequence[str]) -> list[Line2D]:
    results = [run.result(method, metric) for method in run.methods for metric in shown]
    keys = [interval_key()] if any(result.ok and result.has_interval for result in results if result) else []
    return keys + bound_keys(run, shown)


def mark_missing(axes: Axes, row: int) -> None:
    """A dash where a row has no value."""
    axes.annotate("–", (0.03, row), xycoords=("axes fraction", "data"), color=CEILING, va="center", fontsize=8)


def _draw_panel(axes: Axes, run: RunData, info: MetricInfo) -> None:
    look, values = looks(run), []
    for row, method in enumerate(run.methods):
        result = run.result(method, info.name)
        if not drawable(result):
            mark_missing(axes, row)
            continue
        values.append(result.value * info.factor)
        draw_point(axes, values[-1], row, look[method], interval(info, result))
    draw_bounds(run, info, axes.axvline)
    axes.set_title(panel_title(info.label))
    _scale(axes, values)


def _scale(axes: Axes, values: Sequence[float]) -> None:
    if spans_decades(values):
        axes.set_xscale("log")
    axes.margins(x=0.08)
    plain_ticks(axes.xaxis, most=4)
