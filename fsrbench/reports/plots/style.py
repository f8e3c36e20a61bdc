"""What all plots share: fonts and sizes, axes, legends, markers, and saving."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeGuard

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.layout_engine import PlaceHolderLayoutEngine
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike
from PIL import Image

from fsrbench.files.atomic import whole
from fsrbench.pictures.fonts import families, spelled
from fsrbench.reports.plots.looks import BOUND_LOOKS, CEILING, Look, looks
from fsrbench.reports.short_names import short_names
from fsrbench.runs.data import RunData
from fsrbench.runs.metric_info import MetricInfo, Result
from fsrbench.runs.names import BOUNDS, HR, LR, ROLES

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
    "text.parse_math": False,  # names from plug-ins are not formulas
    "svg.hashsalt": "fsrbench",  # the same run gives the same file
}
DPI: Final = 200
MARKER_SIZE: Final = 5.0
BOUND_LABELS: Final = {row: f"{row.upper()} ({role})" for row, role in ROLES.items()}
MOST_MARKED: Final = 12
"""A curve with more points has markers at only a few of them."""
MOST_BELOW: Final = 4
"""Entries of a one-column legend below its panel; a longer one stands beside it."""
LOG_FROM: Final = 20.0
"""A positive axis that spans this factor is drawn with a logarithmic scale."""


def labels(methods: Iterable[str]) -> dict[str, str]:
    """What each method is called in a figure: short, distinct, and in letters that can be drawn."""
    names = short_names(dict.fromkeys(name for name in methods if name not in BOUNDS), spell=spelled)
    return {**names, HR: "HR", LR: "LR"}


def labels_of(run: RunData) -> dict[str, str]:
    """What each row of a run is called in a figure."""
    return labels(looks(run))


@contextmanager
def styled() -> Iterator[None]:
    """Draw in the reports' style and leave the caller's matplotlib settings alone."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # not the backend: that stays the caller's
        matplotlib.rcParams.update(_STYLE)
        matplotlib.rcParams["font.family"] = ["DejaVu Sans", *families()]
        yield


def method_key(name: str, look: Look, line: bool = True, dashed: bool = True) -> Line2D:
    """The legend's entry for a method: its marker, and for lines its dashes."""
    return Line2D(
        [],
        [],
        color=look.colour,
        linestyle="none" if not line else look.dash if dashed else "-",
        marker=look.marker,
        markersize=MARKER_SIZE,
        markeredgecolor="white",
        markeredgewidth=0.5,
        label=name,
    )


def draw_curve(axes: Axes, x: ArrayLike, y: ArrayLike, look: Look, place: int, width: float = 1.4) -> None:
    """A line with a few markers, staggered between methods so that they do not cover each other."""
    first = 0.03 + 0.17 * (place * 0.618034 % 1)
    every = (first, 0.25) if np.size(x) > MOST_MARKED else None
    axes.plot(
        x,
        y,
        color=look.colour,
        linestyle=look.dash,
        linewidth=1.2 if look in BOUND_LOOKS.values() else width,
        marker="" if look in BOUND_LOOKS.values() else look.marker,
        markevery=every,
        markersize=MARKER_SIZE - 1,
        markeredgecolor="white",
        markeredgewidth=0.4,
    )


def draw_point(
    axes: Axes,
    x: float,
    y: float,
    look: Look,
    x_error: tuple[float, float] = (0.0, 0.0),
    y_error: tuple[float, float] = (0.0, 0.0),
) -> None:
    """A method's marker with error bars; the errors are the lengths below and above the value."""
    axes.errorbar(
        [x],
        [y],
        xerr=[[length] for length in x_error] if any(x_error) else None,
        yerr=[[length] for length in y_error] if any(y_error) else None,
        fmt=look.marker,
        color=look.colour,
        markersize=5.5,
        markeredgecolor="white",
        markeredgewidth=0.5,
        elinewidth=1.4,
        zorder=4,
    )


def legend_below(figure: Figure, keys: Sequence[Line2D], most: int = 6) -> None:
    """Add a legend and enlarge the figure for it: below, or beside where names fit one column only.

    Args:
        figure: its panels keep their size.
        keys: the entries; none draws nothing.
        most: entries side by side.
    """
    for columns in range(min(most, len(keys)), 0, -1):
        beside = columns == 1 and len(keys) > MOST_BELOW
        legend = figure.legend(
            handles=list(keys),
            loc="outside right upper" if beside else "outside lower center",
            ncols=columns,
            frameon=False,
            handlelength=2.6,
            columnspacing=1.4,
        )
        size = legend.get_window_extent()
        if beside:
            figure.set_figwidth(figure.get_figwidth() + size.width / figure.dpi)
            figure.set_figheight(max(figure.get_figheight(), size.height / figure.dpi + 0.2))
        elif columns == 1 or size.width <= figure.bbox.width:
            figure.set_figheight(figure.get_figheight() + size.height / figure.dpi)
        else:
            legend.remove()
            continue
        return


def beside(count: int, most: int) -> int:
    """How many of ``count`` panels stand side by side: about ``most``, such that none is alone in the last row.

    Example:
        >>> [beside(count, 4) for count in (2, 4, 5, 8, 9, 13, 14)]
        [2, 4, 3, 4, 3, 5, 4]
    """
    if count <= most or most < 3:
        return min(count, most)
    return next((columns for columns in (most, most - 1, most + 1) if count % columns != 1), most)


def panels(count: int, columns: int, width: float, height: float) -> tuple[Figure, list[Axes]]:
    """A figure of ``count`` panels of ``width`` by ``height`` inches each, at most ``columns`` side by side."""
    columns = beside(count, columns)
    rows = math.ceil(count / columns)
    figure = Figure(figsize=(width * columns, height * rows), layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(rows, columns, squeeze=False)
    axes = [axis for row in grid for axis in row]
    for empty in axes[count:]:
        empty.remove()
    return figure, axes[:count]


def name_rows(axes: Axes, names: Sequence[str]) -> None:
    """A row of the panel for each name, the first on top."""
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_yticks(range(len(names)), names)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def spans_decades(values: Sequence[float]) -> bool:
    """Whether the values are better read on a logarithmic axis."""
    return bool(values) and min(values) > 0 and max(values) / min(values) >= LOG_FROM


def drawable(result: Result | None) -> TypeGuard[Result]:
    """Whether there is a number that is ok, and finite for an axis."""
    return result is not None and result.ok and math.isfinite(result.value)


def interval(info: MetricInfo, result: Result) -> tuple[float, float]:
    """Lengths of the error bar below and above the value, in the unit shown; zero where there is no interval."""
    if not result.has_interval:
        return 0.0, 0.0
    below, above = result.value - result.ci_low, result.ci_high - result.value
    return max(0.0, below * info.factor), max(0.0, above * info.factor)


def bound_key(row: str, infos: Sequence[MetricInfo] = ()) -> Line2D:
    """The legend's entry for the line of the HR or the LR images.

    Args:
        row: the bound.
        infos: the metrics whose panels have its line; some may declare that it is only for comparison.
    """
    look, label = BOUND_LOOKS[row], BOUND_LABELS[row]
    without = [info.title for info in infos if not info.role_of(row)]
    if without:
        alone = len(without) == len(infos)
        label = (
            f"{row.upper()} (for comparison)" if alone else f"{label[:-1]}; for comparison in {' and '.join(without)})"
        )
    return Line2D([], [], color=look.colour, linestyle=look.dash, linewidth=1.2, label=label)


def bound_keys(run: RunData, metrics: Iterable[str]) -> list[Line2D]:
    """The legend's entries for the bounds that have a value in any of the metrics."""
    drawn = {row: [m for m in dict.fromkeys(metrics) if drawable(run.result(row, m))] for row in BOUND_LOOKS}
    return [bound_key(row, list(map(run.metric, found))) for row, found in drawn.items() if found]


def draw_bounds(run: RunData, info: MetricInfo, line: Callable[..., object]) -> None:
    """A line at the value of each bound that has one, by ``axvline`` or ``axhline`` of some axes."""
    for row, look in BOUND_LOOKS.items():
        result = run.result(row, info.name)
        if drawable(result):
            line(result.value * info.factor, color=look.colour, linestyle=look.dash, linewidth=1.2, zorder=2)


def interval_key() -> Line2D:
    """The legend's entry for error bars."""
    return Line2D([], [], color=CEILING, linewidth=1.6, label="95 % interval")


def freeze(figure: Figure) -> None:
    """Fix the figure's layout, so that labels can be placed in pixels."""
    _lay_out(figure)
    figure.draw_without_rendering()


def _lay_out(figure: Figure) -> None:
    engine = figure.get_layout_engine()
    if engine is None or isinstance(engine, PlaceHolderLayoutEngine):
        return
    for axes in figure.axes:
        for text in (axes.title, axes.xaxis.label, axes.yaxis.label, *axes.texts):
            text.set_text(spelled(text.get_text()))
    engine.execute(figure)
    figure.set_layout_engine("none")


def save(figure: Figure | None, out: Path, name: str) -> list[Path]:
    """Write ``name`` as PNG and SVG; without a figure remove those of an earlier call, which would show other data."""
    files = [out / f"{name}.png", out / f"{name}.svg"]
    if figure is None:
        for file in files:
            file.unlink(missing_ok=True)
        return []
    out.mkdir(parents=True, exist_ok=True)
    _lay_out(figure)
    figure.set_dpi(DPI)
    # Straight from the canvases: savefig draws everything twice
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    with whole(files[0]) as part:
        picture = Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3])
        picture.save(part, "PNG", dpi=(DPI, DPI), compress_level=4)
    with whole(files[1]) as part:
        FigureCanvasSVG(figure).print_svg(part, metadata={"Date": None})
    return files
