"""Metrics by group: one panel per metric, one row per group, one dot per method with its interval over people."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from fsrbench.errors import UserError
from fsrbench.reports.plots.dots import panel_title
from fsrbench.reports.plots.looks import looks
from fsrbench.reports.plots.style import (
    beside,
    draw_point,
    interval_key,
    labels_of,
    legend_below,
    method_key,
    name_rows,
    panels,
)
from fsrbench.reports.plots.ticks import plain_ticks
from fsrbench.runs.by_group import MIN_PEOPLE, SMALL, ByGroup, GroupValue, by_group, few_people
from fsrbench.runs.data import RunData
from fsrbench.runs.grouping import Grouping, groupings
from fsrbench.runs.metric_info import MetricInfo

COLUMNS = 4
MOST_COLUMNS = 4
"""Columns of labels in one figure."""
SPREAD = 0.56
"""Share of a row's height over which the methods' dots are spread."""


def draw_groups(run: RunData) -> Figure | None:
    """The figure by the run's own labels; None without labels, or without scores of labelled images."""
    try:
        return draw_by_group(run, groupings(run.labels)[:MOST_COLUMNS]) if run.labels else None
    except UserError:  # too few people, or nothing to compare
        return None


def draw_by_group(run: RunData, chosen: Sequence[Grouping], min_people: int = MIN_PEOPLE) -> Figure:
    """The figure by some groupings.

    Raises:
        UserError: as :func:`fsrbench.runs.by_group.by_group`.
    """
    found = by_group(run, chosen, min_people=min_people, tested=False)
    metrics = list(dict.fromkeys(row.metric for row in found if any(group.has_value for group in row.groups)))
    places = [(grouping.column, name) for grouping in chosen for name in grouping.names]
    methods = [row for row in run.rows if any(each.method == row for each in found)]
    figure, axes = panels(len(metrics), COLUMNS, 2.3, 0.75 + 0.1 * (len(methods) + 2) * len(places))
    columns = beside(len(metrics), COLUMNS)
    for index, (axis, metric) in enumerate(zip(axes, metrics, strict=True)):
        _draw_panel(axis, run, run.metric(metric), [row for row in found if row.metric == metric], places, methods)
        texts = [_name(found, place, several=len(chosen) > 1) for place in places]
        name_rows(axis, texts if index % columns == 0 else [""] * len(places))
    names, look = labels_of(run), looks(run)
    keys = [method_key(names[row], look[row], line=False) for row in methods]
    small = any(few_people(found, *place) for place in places)
    legend_below(figure, [*keys, interval_key(), *([_small_key(min_people)] if small else [])])
    return figure


def _small_key(min_people: int) -> Line2D:
    """The legend's entry for groups of few people."""
    key = Line2D([], [], linestyle="none", marker="o", color="black", label=f"fewer than {min_people} people")
    key.set(markersize=3.5, markerfacecolor="none")
    return key


def _name(found: Sequence[ByGroup], place: tuple[str, str], several: bool) -> str:
    """The group with its people: ``sex: female (26)``; ``°``: too few to rank."""
    column, name = place
    people = max(group.people for row in found if row.column == column for group in row.groups if group.group == name)
    few = SMALL if few_people(found, column, name) else ""
    return f"{column}: {name} ({people}){few}" if several else f"{name} ({people}){few}"


def _draw_panel(
    axes: Axes,
    run: RunData,
    info: MetricInfo,
    rows: Sequence[ByGroup],
    places: Sequence[tuple[str, str]],
    methods: Sequence[str],
) -> None:
    look = looks(run)
    step = min(0.22, SPREAD / max(1, len(methods) - 1))
    for row in rows:
        offset = (methods.index(row.method) - (len(methods) - 1) / 2) * step
        for group in row.groups:
            if group.has_value:
                y = places.index((row.column, group.group)) + offset
                draw_point(axes, group.value * info.factor, y, look[row.method], _error(info, group))
    for place in range(1, len(places)):
        if places[place][0] != places[place - 1][0]:
            axes.axhline(place - 0.5, color="#9a9a9a", linewidth=0.8)
    axes.set_title(panel_title(info.label))
    axes.margins(x=0.08)
    plain_ticks(axes.xaxis, most=4)


def _error(info: MetricInfo, group: GroupValue) -> tuple[float, float]:
    low, high = (group.value - group.ci_low) * info.factor, (group.ci_high - group.value) * info.factor
    return (max(0.0, low), max(0.0, high)) if low == low and high == high else (0.0, 0.0)
