"""Curves of metrics: ROC, identification over ranks and false positives, detection over thresholds, throughput."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fsrbench.reports.plots.looks import CEILING, looks
from fsrbench.reports.plots.style import (
    bound_key,
    draw_curve,
    labels_of,
    legend_below,
    method_key,
    panels,
)
from fsrbench.reports.plots.ticks import plain_ticks
from fsrbench.runs.data import RunData
from fsrbench.runs.manifest import part_measured
from fsrbench.runs.names import BOUNDS

PER_CENT = 100
TABLE_THRESHOLD = 0.9
"""Minimum confidence at which a face counts as found in the tables."""
_BESIDE_LINE: Final[Any] = {
    "xycoords": ("data", "axes fraction"),
    "textcoords": "offset points",
    "rotation": 90,
    "ha": "right",
    "va": "bottom",
    "fontsize": 7,
    "color": CEILING,
}
LEAST_FAR = 1e-3
"""Where the axis of a ROC plot starts; smaller false accept rates are rarely measurable."""


def draw_roc(run: RunData) -> Figure | None:
    """True over false accept rate of every verification metric; None without such a curve."""
    return _draw(run, "roc", _roc_axes)


def draw_cmc(run: RunData) -> Figure | None:
    """Share of probes found over the rank (cumulative match characteristic); None without such a curve."""
    return _draw(run, "cmc", _cmc_axes)


def draw_tpir(run: RunData) -> Figure | None:
    """True over false positive identification rate of open-set identification; None without such a curve."""
    return _draw(run, "tpir", _tpir_axes)


def draw_detection(run: RunData) -> Figure | None:
    """Detection rate over the detector's confidence; None without such a curve."""
    return _draw(run, "threshold", _threshold_axes)


def draw_throughput(run: RunData) -> Figure | None:
    """Images per second over the batch size; None without such a curve."""
    return _draw(run, "batch", _batch_axes)


def _draw(run: RunData, curve: str, dress: Callable[[Axes], None]) -> Figure | None:
    found = run.curves[run.curves["curve"] == curve]
    metrics = [metric for metric in run.metrics if (found["metric"] == metric).any()]
    if not metrics:
        return None
    figure, axes = panels(len(metrics), 3, 3.1, 2.7)
    look, shown = looks(run), []
    places = {name: place for place, name in enumerate(look)}
    for axis, metric in zip(axes, metrics, strict=True):
        for name in run.rows:
            points = found[(found["metric"] == metric) & (found["method"] == name)]
            if len(points):
                x, y = (points[c].to_numpy(dtype=np.float64) for c in "xy")
                draw_curve(axis, x, y, look[name], places[name])
                shown.append(name)
        axis.set_title(run.metric(metric).title)
        dress(axis)
    names = labels_of(run)
    keys = [
        bound_key(name) if name in BOUNDS else method_key(names[name] + _part(run, name, metrics), look[name])
        for name in run.rows
        if name in shown
    ]
    legend_below(figure, keys)
    return figure


def _part(run: RunData, method: str, metrics: Sequence[str]) -> str:
    """How many images a curve was measured on, if not all."""
    parts = dict.fromkeys(part for metric in metrics if (part := part_measured(run, method, metric)))
    return f" ({', '.join(parts)})" if parts else ""


def _roc_axes(axis: Axes) -> None:
    axis.set_xscale("log")
    axis.set_xlim(LEAST_FAR, 1)
    axis.set_ylim(0, 1.02)
    plain_ticks(axis.xaxis, factor=PER_CENT)
    plain_ticks(axis.yaxis, factor=PER_CENT)
    axis.set_xlabel("False accept rate (%)")
    axis.set_ylabel("True accept rate (%)")


def _cmc_axes(axis: Axes) -> None:
    axis.set_xscale("log")
    axis.set_xlim(1, 100)
    axis.set_ylim(0, 1.02)
    plain_ticks(axis.xaxis)
    plain_ticks(axis.yaxis, factor=PER_CENT)
    axis.set_xlabel("Rank")
    axis.set_ylabel("Probes found (%)")


def _tpir_axes(axis: Axes) -> None:
    axis.set_xscale("log")
    rates = np.concatenate([np.asarray(line.get_xdata(), dtype=np.float64) for line in axis.lines])
    least = min(rates[rates > 0], default=LEAST_FAR)  # the rate of a single unmated probe: nothing is measured below it
    axis.set_xlim(min(max(least, LEAST_FAR), 0.5), 1)
    axis.set_ylim(0, 1.02)
    plain_ticks(axis.xaxis, factor=PER_CENT)
    plain_ticks(axis.yaxis, factor=PER_CENT)
    axis.set_xlabel("False positive identification rate (%)")
    axis.set_ylabel("True positive identification rate (%)")


def _threshold_axes(axis: Axes) -> None:
    axis.axvline(TABLE_THRESHOLD, color="#9a9a9a", linewidth=0.8)
    axis.annotate("in the table", (TABLE_THRESHOLD, 0.03), (-2, 0), **_BESIDE_LINE)
    # Start at a multiple of 10 % at or below the least, at most 90 %: else 100 % would float in the middle
    bottom = min(0.9, math.floor(10 * axis.dataLim.y0) / 10)
    axis.set_ylim(bottom, 1 + 0.02 * (1 - bottom))
    axis.set_xlim(axis.dataLim.x0, 1)
    plain_ticks(axis.xaxis, most=6)
    plain_ticks(axis.yaxis, factor=PER_CENT)
    axis.set_xlabel("Confidence threshold")
    axis.set_ylabel("Faces found (%)")


def _batch_axes(axis: Axes) -> None:
    axis.set_xscale("log", base=2)
    axis.set_yscale("log")
    axis.xaxis.set_major_formatter("{x:.0f}")
    plain_ticks(axis.yaxis)
    axis.set_xlabel("Images in a batch")
    axis.set_ylabel("Images per second")
