"""What all plots share: colours of methods, fonts and sizes, and how a figure is saved."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeGuard

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text

from fsrbench.atomic import whole
from fsrbench.reports.data import MetricInfo, Result
from fsrbench.reports.looks import CEILING as CEILING
from fsrbench.reports.looks import Look as Look
from fsrbench.reports.looks import looks as looks
from fsrbench.reports.looks import looks_of as looks_of

_STYLE: Final[Any] = {  # matplotlib types the keys one by one
    "font.size": 9,
    "axes.labelsize": 9,
    "axes.titlesize": 9.5,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.6,
    "svg.hashsalt": "fsrbench",  # the same run gives the same file
}
LONGEST_NAME: Final = 24
LOG_FROM: Final = 20.0
"""A positive axis that spans this factor is drawn with a logarithmic scale."""


def short(name: str) -> str:
    """A method's name, its middle cut out where it is long: ``python:pkg…:Class``."""
    if len(name) <= LONGEST_NAME:
        return name
    tail = LONGEST_NAME // 2
    return f"{name[: LONGEST_NAME - tail - 1]}…{name[-tail:]}"


@contextmanager
def styled() -> Iterator[None]:
    """Draw in the reports' style and leave the caller's matplotlib settings alone."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # not the backend: that stays the caller's
        matplotlib.rcParams.update(_STYLE)
        yield


def panels(count: int, columns: int, width: float, height: float) -> tuple[Figure, list[Axes]]:
    """A figure of ``count`` panels of ``width`` by ``height`` inches each, at most ``columns`` side by side."""
    columns = min(columns, count)
    rows = math.ceil(count / columns)
    figure = Figure(figsize=(width * columns, height * rows), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(rows, columns, squeeze=False)
    axes = [axis for row in grid for axis in row]
    for empty in axes[count:]:
        empty.remove()
    return figure, axes[:count]


def spans_decades(values: Sequence[float]) -> bool:
    """Whether the values are better read on a logarithmic axis."""
    return bool(values) and min(values) > 0 and max(values) / min(values) >= LOG_FROM


def drawable(result: Result | None) -> TypeGuard[Result]:
    """Whether there is a number to trust that an axis has a place for."""
    return result is not None and result.ok and math.isfinite(result.value)


def interval(info: MetricInfo, value: float, low: float, high: float) -> tuple[float, float]:
    """Lengths of the error bar below and above the value, zero where there is no interval."""
    if not all(math.isfinite(number) for number in (value, low, high)):
        return 0.0, 0.0
    return max(0.0, (value - low) * info.factor), max(0.0, (high - value) * info.factor)


def ceiling_key() -> Line2D:
    """The legend's entry for the HR images' line."""
    return Line2D([], [], color=CEILING, linestyle="--", linewidth=1, label="HR (ceiling)")


def interval_key() -> Line2D:
    """The legend's entry for error bars."""
    return Line2D([], [], color=CEILING, linewidth=1.6, label="95 % interval")


def freeze(figure: Figure) -> None:
    """Lay the figure out now and for good: labels can be placed, and saving need not lay it out again."""
    for text in figure.findobj(Text):
        if "$" in text.get_text():  # a plug-in's name, no formula
            text.set_parse_math(False)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")


def save(figure: Figure, out: Path, name: str) -> list[Path]:
    """Write ``name`` as PNG and SVG."""
    out.mkdir(parents=True, exist_ok=True)
    files = [out / f"{name}.png", out / f"{name}.svg"]
    freeze(figure)
    with whole(files[0]) as part:
        figure.savefig(part, dpi=200, facecolor="white")
    with whole(files[1]) as part:
        figure.savefig(part, facecolor="white", metadata={"Date": None})
    return files
