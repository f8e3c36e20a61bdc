"""What all plots share: colours of methods, fonts and sizes, and how a figure is saved."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from fsrbench.reports.data import HR, MetricInfo, RunData

# Okabe and Ito's colour-blind-safe palette without black, too near the ceiling's grey, and yellow, faint on white
_COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X")
_KEPT: Final = ("bicubic", "scgan", "ours", "progressive", "ours-id", "ours-short", "nearest", "bilinear", "lanczos")
"""Methods that look the same in the plots of every run, whatever stands beside them."""
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
CEILING: Final = "#4d4d4d"
LONGEST_NAME: Final = 24
LOG_FROM: Final = 20.0
"""A positive axis that spans this factor is drawn with a logarithmic scale."""


@dataclass(frozen=True)
class Look:
    """How a method is drawn."""

    colour: str
    marker: str


def looks(run: RunData) -> dict[str, Look]:
    """Colour and marker of every method, from the manifest's order, so that all plots of a run agree."""
    listed = run.manifest.get("methods")
    return looks_of([*(listed if isinstance(listed, dict) else ()), *run.methods])


def looks_of(methods: Iterable[str]) -> dict[str, Look]:
    """Colour and marker of each of some methods, and of the HR images; others take what is free, in their order."""
    order = [name for name in dict.fromkeys(methods) if name != HR]
    kept = {name: place for place, name in enumerate(_KEPT) if name in order}
    free = (place for place in count() if place not in kept.values())
    places = {name: kept[name] if name in kept else next(free) for name in order}
    # When the colours are used up they start again with another marker
    drawn = {
        name: Look(_COLOURS[place % len(_COLOURS)], _MARKERS[place // len(_COLOURS) % len(_MARKERS)])
        for name, place in places.items()
    }
    return {**drawn, HR: Look(CEILING, "d")}


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
    figure.draw_without_rendering()
    figure.set_layout_engine("none")


def save(figure: Figure, out: Path, name: str) -> list[Path]:
    """Write ``name`` as PNG and SVG."""
    out.mkdir(parents=True, exist_ok=True)
    files = [out / f"{name}.png", out / f"{name}.svg"]
    freeze(figure)
    figure.savefig(files[0], dpi=200, facecolor="white")
    figure.savefig(files[1], facecolor="white", metadata={"Date": None})
    return files
