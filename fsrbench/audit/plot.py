"""An audit as a figure: one panel per metric, one row per protocol, one dot per method, tied to its default."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D

from fsrbench.audit.findings import Findings
from fsrbench.audit.protocols import Protocol
from fsrbench.reports.plots.looks import CEILING, Look, looks_of
from fsrbench.reports.plots.style import BOUND_LABELS, labels, method_key, name_rows, save, styled
from fsrbench.reports.plots.ticks import plain_ticks
from fsrbench.runs.names import BOUNDS

WIDTH: Final = 7.2
ROW: Final = 0.19
"""Inches per protocol."""
HEAD: Final = 0.55
"""Inches of a panel besides its rows: title, axis and gaps."""
KEY: Final = 0.18
"""Inches per line of the legend."""
SHORT: Final = 20
"""Up to this many letters, entries of the legend are placed side by side."""
DOT: Final[Any] = {"markeredgecolor": "white", "markeredgewidth": 0.4}
LINE: Final = "#c8c8c8"
DODGE: Final = 0.5
"""Share of a row over which the methods' dots are spread, so that equal values stay visible."""


def write_plot(findings: Findings, out: Path) -> list[Path]:
    """Draw ``audit.png`` and ``audit.svg`` into ``out``; with nothing to draw, remove earlier ones."""
    with styled():
        return save(draw_audit(findings), out, "audit")


def draw_audit(findings: Findings) -> Figure | None:
    """The figure; ``None`` if nothing was measured."""
    shown = [metric for metric in findings.metrics if findings.protocols_of(metric)]
    if not shown:
        return None
    keys = _keys(findings, shown)
    columns = _columns({metric: HEAD + ROW * len(findings.protocols_of(metric)) for metric in shown})
    # The legend goes below the shorter column
    short_one = min(columns, key=lambda column: sum(column.values()))
    total = max(
        *(sum(column.values()) for column in columns),
        sum(short_one.values()) + KEY * (math.ceil(len(keys) / _beside(keys)) + 1),
    )
    figure = Figure(figsize=(WIDTH, total), layout="constrained")
    FigureCanvasAgg(figure)
    parts: Any = figure.subfigures(1, len(columns))
    for part, column in zip(parts, columns, strict=True):
        _draw_column(part, findings, column, total, keys if column is short_one else [])
    return figure


def _draw_column(
    part: SubFigure, findings: Findings, column: Mapping[str, float], total: float, keys: Sequence[Line2D]
) -> None:
    """Panels below each other, and the legend in the height that is left."""
    # Titles and axes take their room from the layout, so the panels share what is left by their rows
    ratios = [height - HEAD for height in column.values()]
    if (rest := total - sum(column.values())) > 0:
        ratios.append(rest)
    axes = part.subplots(len(ratios), 1, squeeze=False, height_ratios=ratios)[:, 0]
    for axis, metric in zip(axes, column, strict=False):
        _draw_panel(axis, findings, metric)
    for empty in axes[len(column) :]:
        empty.set_axis_off()
        if keys:
            legend = empty.legend(handles=keys, loc="center right", frameon=False, ncols=_beside(keys))
            legend.set_in_layout(False)  # or the panels above it would be as narrow as it is wide


def _columns(heights: Mapping[str, float]) -> list[dict[str, float]]:
    """The panels in two columns, each into the shorter one."""
    columns: list[dict[str, float]] = [{}, {}]
    for metric, height in heights.items():
        min(columns, key=lambda column: sum(column.values()))[metric] = height
    return columns


def _draw_panel(axes: Axes, findings: Findings, metric: str) -> None:
    info, protocols, methods = findings.metrics[metric], findings.protocols_of(metric), findings.methods(metric)
    look = looks_of(findings.listed)
    for place, method in enumerate(methods):
        shift = DODGE * ((place + 0.5) / len(methods) - 0.5)
        values = {
            row + shift: value * info.factor
            for row, protocol in enumerate(protocols)
            if (value := findings.value(method, metric, protocol.name)) is not None
        }
        _draw_method(axes, values, look[method], default=shift)
    _draw_rows(axes, protocols)
    axes.set_title(info.label, loc="left")
    axes.set_title(_spread(findings, metric), loc="right", fontsize=8, color=CEILING)
    plain_ticks(axes.xaxis)
    axes.margins(x=0.04)


def _draw_method(axes: Axes, values: Mapping[float, float], look: Look, default: float) -> None:
    """The dots of a method by row, each tied to its default; the range of all in the default's row."""
    middle = values.get(default)
    if middle is not None:
        axes.axvline(middle, color=look.colour, linewidth=0.6, alpha=0.6, zorder=1)
        axes.hlines(default, min(values.values()), max(values.values()), color=look.colour, linewidth=2.4, alpha=0.35)
    for row, value in values.items():
        if middle is not None:
            axes.plot([middle, value], [row, row], color=look.colour, linewidth=0.8, alpha=0.6, zorder=2)
        size = 5.5 if row == default else 4
        axes.plot([value], [row], look.marker, color=look.colour, markersize=size, **DOT, zorder=3)


def _draw_rows(axes: Axes, protocols: Sequence[Protocol]) -> None:
    name_rows(axes, [p.name for p in protocols])
    axes.get_yticklabels()[0].set_fontweight("bold")
    axes.grid(False, axis="y")
    for row, (above, below) in enumerate(pairwise(protocols)):
        if above.group != below.group:
            axes.axhline(row + 0.5, color=LINE, linewidth=0.7, zorder=0)


def _spread(findings: Findings, metric: str) -> str:
    """The methods' spreads in the panel's unit: ``spread 4.9–5.6``."""
    info = findings.metrics[metric]
    spreads = [s.width for m in findings.methods(metric) if m not in BOUNDS and (s := findings.spread(m, metric))]
    if not spreads:
        return ""
    low, high = info.text(min(spreads)), info.text(max(spreads))
    return f"spread {low if low == high else f'{low}–{high}'}"


def _keys(findings: Findings, metrics: Sequence[str]) -> list[Line2D]:
    look = looks_of(findings.listed)
    drawn = [m for m in (*findings.listed, *BOUNDS) if any(m in findings.methods(metric) for metric in metrics)]
    short = labels(findings.listed)
    names = {name: BOUND_LABELS.get(name) or short[name] for name in drawn}
    dots = [method_key(label, look[name], line=False) for name, label in names.items()]
    bar = Line2D([], [], color=CEILING, linewidth=2.4, alpha=0.35, label="lowest to highest")
    line = Line2D([], [], color=CEILING, linewidth=0.8, alpha=0.6, label="from the default")
    return [*dots, line, bar]


def _beside(keys: Sequence[Line2D]) -> int:
    """How many entries of the legend fit side by side."""
    return 2 if max(len(str(key.get_label())) for key in keys) <= SHORT else 1
