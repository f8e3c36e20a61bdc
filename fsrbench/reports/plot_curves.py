"""Curves that metrics give beside their numbers: ROC, detection over thresholds, throughput over batch sizes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from fsrbench.reports.data import HR, RunData
from fsrbench.reports.plot_style import looks, panels, short

LEAST_FAR = 1e-3
"""Where the axis of a ROC plot starts; fewer false accepts are rarely measurable."""


def draw_roc(run: RunData) -> Figure | None:
    """True over false accept rate of every verification metric, None where there is none."""
    return _draw(run, "roc", _roc_axes)


def draw_detection(run: RunData) -> Figure | None:
    """Detection rate over the detector's confidence, None where there is none."""
    return _draw(run, "threshold", _threshold_axes)


def draw_throughput(run: RunData) -> Figure | None:
    """Images a second over the batch size, None where there is none."""
    return _draw(run, "batch", _batch_axes)


def _draw(run: RunData, curve: str, dress: Callable[[Axes], None]) -> Figure | None:
    found = run.curves[run.curves["curve"] == curve]
    metrics = [metric for metric in run.metrics if (found["metric"] == metric).any()]
    if not metrics:
        return None
    figure, axes = panels(len(metrics), 3, 3.1, 2.7)
    look, shown = looks(run), []
    for axis, metric in zip(axes, metrics, strict=True):
        for name in run.rows:
            points = found[(found["metric"] == metric) & (found["method"] == name)]
            if len(points):
                x, y = (points[c].to_numpy(dtype=np.float64) for c in "xy")
                style = "--" if name == HR else "-"
                axis.plot(x, y, style, color=look[name].colour, linewidth=1.0 if name == HR else 1.5)
                shown.append(name)
        axis.set_title(run.metric(metric).title)
        dress(axis)
    keys = [
        Line2D([], [], color=look[name].colour, linestyle="--" if name == HR else "-", label=_label(name))
        for name in run.rows
        if name in shown
    ]
    # Two names fit below one panel; more would be cut off at the figure's edges
    wide = min(5, 2 * len(metrics), len(keys))
    figure.legend(handles=keys, loc="outside lower center", ncols=wide, frameon=False)
    return figure


def _label(name: str) -> str:
    return "HR (ceiling)" if name == HR else short(name)


def _roc_axes(axis: Axes) -> None:
    axis.set_xscale("log")
    axis.set_xlim(LEAST_FAR, 1)
    axis.set_ylim(0, 1.02)
    axis.set_xlabel("false accept rate")
    axis.set_ylabel("true accept rate")


def _threshold_axes(axis: Axes) -> None:
    axis.axvline(0.9, color="#9a9a9a", linewidth=0.8, linestyle=":")
    axis.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axis.set_ylim(top=1.005)
    axis.set_xlabel("confidence asked for")
    axis.set_ylabel("faces found")


def _batch_axes(axis: Axes) -> None:
    axis.set_xscale("log", base=2)
    axis.set_yscale("log")
    axis.xaxis.set_major_formatter("{x:.0f}")
    axis.set_xlabel("images a batch")
    axis.set_ylabel("images a second")
