"""The plots of a run, of a sweep of runs and of trainings, each as PNG and SVG."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from matplotlib.figure import Figure

from fsrbench.errors import UserError
from fsrbench.reports.plots.curves import draw_cmc, draw_detection, draw_roc, draw_throughput, draw_tpir
from fsrbench.reports.plots.distributions import draw_distributions
from fsrbench.reports.plots.dots import draw_dots
from fsrbench.reports.plots.groups import draw_groups
from fsrbench.reports.plots.speed import draw_speed_quality
from fsrbench.reports.plots.style import save, styled
from fsrbench.reports.plots.sweep import draw_sweep
from fsrbench.reports.plots.training import draw_training, is_training
from fsrbench.reports.tables.build import open_arranged
from fsrbench.reports.tables.layout import Layout
from fsrbench.reports.tables.sources import arranged
from fsrbench.runs.data import RunData

DEFAULT: Final = Layout()
PLOTS: Final[dict[str, Callable[[RunData], Figure | None]]] = {
    "speed_quality": draw_speed_quality,
    "metrics": draw_dots,
    "distributions": draw_distributions,
    "roc": draw_roc,
    "identification": draw_cmc,
    "identification_open": draw_tpir,
    "detection": draw_detection,
    "throughput": draw_throughput,
    "groups": draw_groups,
}
"""Functions that draw, by file name; they return None if the run has no data for the plot."""


def plot(paths: Sequence[Path], out: Path | None, layout: Layout = DEFAULT) -> list[Path]:
    """The plots of one run, of a sweep of several, or of trainings.

    Args:
        paths: folders of runs, or of trainings.
        out: where to write; one run's or training's own folder ``plots`` by default.
        layout: methods of runs to show, in which order and under which names.

    Returns:
        The files written.

    Raises:
        UserError: a folder is neither, they are of both kinds, or several have no ``out``.
    """
    trainings = [path for path in paths if is_training(path)]
    if trainings and len(trainings) < len(paths):
        raise UserError("runs and trainings cannot be drawn in one plot")
    if out is None and len(paths) > 1:
        raise UserError("several folders need --out")
    out = out or paths[0] / "plots"
    if len(paths) == 1 and not trainings:
        return write_plots(open_arranged(paths[0], layout), out, processes=2)
    if not trainings:
        return write_sweep(paths, out, layout=layout)
    with styled():
        return save(draw_training(paths), out, "learning_curves")


def write_sweep(paths: Sequence[Path], out: Path, name: str = "sweep", layout: Layout = DEFAULT) -> list[Path]:
    """Draw a sweep of runs into ``out``.

    Returns:
        The files written; none if no metric has a value.

    Raises:
        UserError: the runs are not a sweep.
    """
    with styled():
        return save(draw_sweep([arranged(RunData.load(path), layout) for path in paths]), out, name)


def write_plots(run: RunData, out: Path, processes: int = 1) -> list[Path]:
    """Draw every plot that the run has data for into ``out``.

    Files of an earlier call whose plot no longer has data are removed: they would show another run.

    Args:
        run: the run.
        out: where to write.
        processes: number that draw in parallel, where processes can be forked.

    Returns:
        The files written.
    """
    draw = partial(_write_plot, run, out)
    if processes == 1 or sys.platform != "linux":
        return [file for name in PLOTS for file in draw(name)]
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(processes, get_context("fork")) as pool:
        return [file for files in pool.map(draw, PLOTS) for file in files]


def _write_plot(run: RunData, out: Path, name: str) -> list[Path]:
    with styled():
        return save(PLOTS[name](run), out, name)
