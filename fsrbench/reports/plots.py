"""The plots of a run, each as PNG and SVG."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from matplotlib.figure import Figure

from fsrbench.reports.data import RunData
from fsrbench.reports.plot_curves import draw_detection, draw_roc, draw_throughput
from fsrbench.reports.plot_distributions import draw_distributions
from fsrbench.reports.plot_dots import draw_dots
from fsrbench.reports.plot_speed import draw_speed_quality
from fsrbench.reports.plot_style import save, styled

PLOTS: Final[dict[str, Callable[[RunData], Figure | None]]] = {
    "speed_quality": draw_speed_quality,
    "metrics": draw_dots,
    "distributions": draw_distributions,
    "roc": draw_roc,
    "detection": draw_detection,
    "throughput": draw_throughput,
}
"""File name and what draws it; a plot for which the run has no data gives None."""


def write_plots(run: RunData, out: Path) -> list[Path]:
    """Draw every plot that the run has data for into ``out``.

    Files of an earlier call whose plot has no data any more are removed: they would show another run.

    Returns:
        The files written.
    """
    files: list[Path] = []
    with styled():
        for name, draw in PLOTS.items():
            figure = draw(run)
            if figure is not None:
                files += save(figure, out, name)
                continue
            for ending in ("png", "svg"):
                (out / f"{name}.{ending}").unlink(missing_ok=True)
    return files
