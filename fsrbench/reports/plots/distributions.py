"""The distribution of each method's per-image scores: density, quartiles and the images themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from fsrbench.reports.plots.dots import mark_missing
from fsrbench.reports.plots.looks import Look, looks
from fsrbench.reports.plots.style import labels_of, name_rows, panels
from fsrbench.reports.plots.ticks import plain_ticks
from fsrbench.runs.data import RunData
from fsrbench.runs.metric_info import MetricInfo

METRICS = ("psnr", "ssim", "niqe", "niqe_face")
MOST_PANELS = 3
FEWEST_FOR_VIOLIN = 10
"""With fewer, a density estimate shows the estimator rather than the images."""
MOST_DOTS = 300


def draw_distributions(run: RunData) -> Figure | None:
    """The figure; None if there are no per-image scores."""
    by_metric = {metric: _scores(run, run.metric(metric)) for metric in METRICS}
    shown = [metric for metric, scores in by_metric.items() if scores][:MOST_PANELS]
    if not shown:
        return None
    # Every panel has the same rows, so that names on the left hold for all panels
    rows = [name for name in run.rows if any(name in by_metric[metric] for metric in shown)]
    figure, axes = panels(len(shown), MOST_PANELS, 2.9, 0.75 + 0.36 * max(2, len(rows)))
    look, names = looks(run), labels_of(run)
    for index, (axis, metric) in enumerate(zip(axes, shown, strict=True)):
        for row, name in enumerate(rows):
            if name in by_metric[metric]:
                _draw_row(axis, row, by_metric[metric][name], look[name])
            else:
                mark_missing(axis, row)
        axis.set_title(run.metric(metric).label)
        name_rows(axis, [names[row] if index == 0 else "" for row in rows])
        plain_ticks(axis.xaxis)
    return figure


def _scores(run: RunData, info: MetricInfo) -> dict[str, NDArray[np.float64]]:
    """Finite scores by method in the unit shown."""
    frame = run.scores[(run.scores["metric"] == info.name) & (run.scores["status"] == "ok")]
    scores = {}
    for name, group in frame.groupby("method", sort=False):
        values = group["value"].to_numpy(dtype=np.float64)
        values = values[np.isfinite(values)] * info.factor
        if len(values):
            scores[str(name)] = values
    return scores


def _draw_row(axes: Axes, row: int, values: NDArray[np.float64], look: Look) -> None:
    if len(values) >= FEWEST_FOR_VIOLIN and np.ptp(values) > 0:
        violin = axes.violinplot([values], [row], orientation="horizontal", widths=0.8, showextrema=False)
        bodies: Any = violin["bodies"]  # a list, though matplotlib's types say one collection
        for body in bodies:
            body.set(facecolor=look.colour, alpha=0.25, edgecolor="none")
    # Spread up and down by a fixed sequence: a golden-ratio walk fills the band evenly without a random seed
    dots = values[:: max(1, len(values) // MOST_DOTS)]
    offsets = (np.arange(len(dots)) * 0.618034 % 1 - 0.5) * 0.3
    axes.scatter(dots, row + offsets, s=3, color=look.colour, alpha=0.35, linewidths=0, zorder=2, rasterized=True)
    low, median, high = np.percentile(values, [25, 50, 75])
    axes.plot([low, high], [row, row], color="black", linewidth=2.2, solid_capstyle="butt", zorder=3)
    axes.plot([median], [row], marker="o", markersize=4.5, color="white", markeredgecolor="black", zorder=4)
