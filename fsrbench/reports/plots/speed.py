"""Quality against latency, with the Pareto front by value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import Bbox

from fsrbench.reports.plots.labels import place_labels
from fsrbench.reports.plots.looks import CEILING, Look, looks
from fsrbench.reports.plots.pareto import pareto_front
from fsrbench.reports.plots.style import (
    bound_keys,
    draw_bounds,
    draw_point,
    drawable,
    freeze,
    interval,
    interval_key,
    labels_of,
    legend_below,
    method_key,
    panels,
)
from fsrbench.reports.plots.ticks import plain_ticks
from fsrbench.runs.comparison import used_test
from fsrbench.runs.data import RunData
from fsrbench.runs.metric_info import MetricInfo

SPEED = "latency_ms"
QUALITIES = ("psnr", "verification", "verification_labelled", "detection", "niqe", "niqe_face")
MOST_PANELS = 4
MOST_LABELS = 5
"""With more methods a legend replaces the names beside the points."""
MOST_NAMED = 2
"""If more methods are missing from a panel, only their number is shown."""


@dataclass(frozen=True)
class Point:
    """A method's latency and quality in the units shown."""

    method: str
    x: float
    y: float
    x_error: tuple[float, float]
    y_error: tuple[float, float]


def draw_speed_quality(run: RunData) -> Figure | None:
    """The figure; None if the run has no latency or none of the qualities."""
    by_metric = {metric: _points(run, metric) for metric in QUALITIES}
    shown = [metric for metric, points in by_metric.items() if points][:MOST_PANELS]
    if not shown:
        return None
    figure, axes = panels(len(shown), 2, 3.5, 2.8)
    for axis, metric in zip(axes, shown, strict=True):
        _draw_panel(axis, run, run.metric(metric), by_metric[metric])
    methods = list(dict.fromkeys(point.method for metric in shown for point in by_metric[metric]))
    by_label = len(methods) <= MOST_LABELS
    _draw_legend(figure, run, [] if by_label else methods, {metric: by_metric[metric] for metric in shown})
    if by_label:
        freeze(figure)  # labels are placed in pixels
        for axis, metric in zip(axes, shown, strict=True):
            _draw_labels(axis, by_metric[metric], looks(run), labels_of(run))
    return figure


def _points(run: RunData, metric: str) -> list[Point]:
    points = []
    for method in run.methods:
        speed, quality = run.result(method, SPEED), run.result(method, metric)
        # A logarithmic axis cannot show zero or less, and no axis can show infinity
        if drawable(speed) and drawable(quality) and speed.value > 0:
            x_info, y_info = run.metric(SPEED), run.metric(metric)
            points.append(
                Point(
                    method,
                    speed.value * x_info.factor,
                    quality.value * y_info.factor,
                    interval(x_info, speed),
                    interval(y_info, quality),
                )
            )
    return points


def _draw_panel(axes: Axes, run: RunData, info: MetricInfo, points: Sequence[Point]) -> None:
    look = looks(run)
    axes.set_xscale("log")
    for point in points:
        draw_point(axes, point.x, point.y, look[point.method], point.x_error, point.y_error)
    draw_bounds(run, info, axes.axhline)
    names, drawn = labels_of(run), {point.method for point in points}
    absent = [names[method] for method in run.methods if method not in drawn]
    if absent:
        which = ", ".join(absent) if len(absent) <= MOST_NAMED else f"{len(absent)} methods"
        axes.set_title(f"without a value: {which}", loc="right", fontsize=7, color=CEILING)
    _finish(axes, run, info, points)
    if _has_front(run, info.name, points):
        _draw_front(axes, pareto_front(points, info.direction == "lower"))


def _has_front(run: RunData, metric: str, points: Sequence[Point]) -> bool:
    """Whether there are several methods, and the metric can distinguish methods at all."""
    return len(points) > 1 and used_test(run, metric) not in (None, "few", "untested")


def _draw_front(axes: Axes, front: Sequence[Point]) -> None:
    """Steps: between two methods of the front, the best quality available is that of the faster one."""
    xs, ys = [point.x for point in front], [point.y for point in front]
    edge = axes.get_xlim()[1]
    axes.step([*xs, edge], [*ys, ys[-1]], where="post", color="#9a9a9a", linewidth=1, zorder=3, scalex=False)


def _finish(axes: Axes, run: RunData, info: MetricInfo, points: Sequence[Point]) -> None:
    low = min(point.x - min(point.x_error[0], point.x / 2) for point in points)
    high = max(point.x + point.x_error[1] for point in points)
    room = max((high / low) ** 0.22, 1.6)  # for the names
    axes.set_xlim(low / room, high * room)
    axes.margins(y=0.16)
    axes.set_xlabel(run.metric(SPEED).label)
    axes.set_ylabel(info.label)
    plain_ticks(axes.yaxis)
    plain_ticks(axes.xaxis)
    if info.unit == "%":
        low, high = axes.get_ylim()
        axes.set_yticks([tick for tick in axes.get_yticks() if low <= tick <= min(high, 100)])  # the margin is above


def _draw_labels(axes: Axes, points: Sequence[Point], look: dict[str, Look], names: dict[str, str]) -> None:
    bars = []
    for point in points:
        x0, y0 = axes.transData.transform((max(point.x - point.x_error[0], point.x / 10), point.y))
        x1, y1 = axes.transData.transform((point.x + point.x_error[1], point.y))
        bars.append(Bbox.from_extents(x0, y0 - 2, x1, y1 + 2))
        x0, y0 = axes.transData.transform((point.x, point.y - point.y_error[0]))
        x1, y1 = axes.transData.transform((point.x, point.y + point.y_error[1]))
        bars.append(Bbox.from_extents(x0 - 2, y0, x1 + 2, y1))
    for line in axes.get_lines():  # the bounds and the front
        if line.get_linestyle() != "None":
            bars += _line_boxes(axes, line)
    colours = [look[point.method].colour for point in points]
    place_labels(
        axes, [names[point.method] for point in points], [(point.x, point.y) for point in points], colours, bars
    )


def _line_boxes(axes: Axes, line: Line2D) -> list[Bbox]:
    """A thin box along every horizontal or vertical segment of a line."""
    corners = line.get_transform().transform(line.get_path().vertices)
    frame = axes.get_window_extent()
    corners[:, 0] = corners[:, 0].clip(frame.x0, frame.x1)
    corners[:, 1] = corners[:, 1].clip(frame.y0, frame.y1)
    return [
        Bbox.from_extents(min(a[0], b[0]) - 1, min(a[1], b[1]) - 1, max(a[0], b[0]) + 1, max(a[1], b[1]) + 1)
        for a, b in pairwise(corners)
    ]


def _draw_legend(figure: Figure, run: RunData, methods: Sequence[str], drawn: Mapping[str, Sequence[Point]]) -> None:
    """Explain the lines and, where points have no labels, the points."""
    look, names = looks(run), labels_of(run)
    handles = [method_key(names[method], look[method], line=False) for method in methods]
    if any(_has_front(run, metric, points) for metric, points in drawn.items()):
        handles.append(Line2D([], [], color="#9a9a9a", linewidth=1, label="Pareto front, by value"))
    handles += bound_keys(run, QUALITIES)
    if any(max(*point.x_error, *point.y_error) > 0 for points in drawn.values() for point in points):
        handles.append(interval_key())
    legend_below(figure, handles, most=4)
