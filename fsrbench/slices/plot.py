"""Slices as a figure: the effect of each with its interval, method by method."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from fsrbench.reports.plots.looks import CEILING, Look, looks
from fsrbench.reports.plots.style import labels_of, legend_below, name_rows, save, styled
from fsrbench.reports.plots.ticks import plain_ticks
from fsrbench.slices.find import Found, FoundSlice

WIDTH: Final = 6.4
ROW: Final = 0.24
"""Inches per slice."""
HEAD: Final = 0.8
"""Inches besides the rows."""


def write_plot(found: Found, out: Path) -> list[Path]:
    """Draw ``slices.png`` and ``slices.svg`` into ``out``; without a slice, remove earlier ones."""
    with styled():
        return save(draw_slices(found), out, "slices")


def draw_slices(found: Found) -> Figure | None:
    """The figure; ``None`` if no slice was found."""
    shown = [each for each in found.slices if each.held_out.images and each.effect[0] == each.effect[0]]
    if not shown:
        return None
    figure = Figure(figsize=(WIDTH, HEAD + ROW * max(2, len(shown))), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    look, names = looks(found.run), labels_of(found.run)
    axes.axvline(0, color=CEILING, linewidth=0.8, zorder=1)
    for row, each in enumerate(shown):
        _draw_slice(axes, row, each, look[each.method], found.metric.factor)
    name_rows(axes, [f"{names[each.method]}: {each.text}" for each in shown])
    for label, each in zip(axes.get_yticklabels(), shown, strict=True):
        label.set_color("black" if each.confirmed else CEILING)
    minus = f", minus {names[found.base]}'s" if found.base else ""
    axes.set_xlabel(f"{found.metric.heading}{minus}:\nmean in the slice minus mean elsewhere")
    axes.margins(x=0.08)
    plain_ticks(axes.xaxis)
    legend_below(figure, _keys())
    return figure


def _draw_slice(axes: Axes, row: int, each: FoundSlice, look: Look, factor: float) -> None:
    value, low, high = (number * factor for number in each.effect)
    axes.errorbar(
        [value],
        [row],
        xerr=[[max(0.0, value - low)], [max(0.0, high - value)]] if low == low else None,
        fmt=look.marker,
        color=look.colour,
        markerfacecolor=look.colour if each.confirmed else "white",
        markersize=5.5,
        elinewidth=1.4,
        zorder=4,
    )


def _keys() -> list[Line2D]:
    dots = [
        Line2D([], [], linestyle="none", marker="o", color=CEILING, markerfacecolor=face, markersize=5, label=label)
        for face, label in ((CEILING, "confirmed on held-out people"), ("white", "not confirmed"))
    ]
    return [*dots, Line2D([], [], color=CEILING, linewidth=1.6, label="95 % interval")]
