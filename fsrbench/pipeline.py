"""The whole of a run: the engine's part, then everything a user looks at."""

from __future__ import annotations

from contextlib import closing

from fsrbench.engine.manifest import make_manifest
from fsrbench.engine.run import Run
from fsrbench.errors import Unavailable
from fsrbench.gallery import grid
from fsrbench.gallery import keep as gallery
from fsrbench.machine.console import Reporter
from fsrbench.reports.plots import draw as plots
from fsrbench.reports.tables import render as tables
from fsrbench.runs import finished, folder
from fsrbench.runs.data import RunData
from fsrbench.runs.names import CACHE, LR
from fsrbench.runs.pictures import PictureFolder
from fsrbench.spec import RunSpec


def run(spec: RunSpec, reporter: Reporter, complete: bool = True, known: bool = True) -> RunData:
    """Run a specification and write its folder; arguments as :func:`fsrbench.benchmark.benchmark`."""
    with closing(Run(spec, reporter)) as run, folder.locked(spec.out):
        finished.forget(spec.out / CACHE)
        outcome = run.go()
        folder.write(spec.out, outcome.frames, make_manifest(run, outcome.results))
        result = RunData.load(spec.out)
        if complete:
            _draw(run, result)
            if known:
                _remember(run, result)
        return result


def _draw(run: Run, result: RunData) -> None:
    """What a user looks at."""
    tables.write_tables(result, result.path)
    plots.write_plots(result, result.path / "plots")
    most = None if run.spec.save_images else gallery.MOST_KEPT
    folder = PictureFolder(result.path / "images", [LR, *run.rows(run.methods)])
    gallery.keep_pictures(run, folder, most, grid.run_images(result))
    gallery.write_grid(result)


def _remember(run: Run, result: RunData) -> None:
    """So that the same run is not done again, unless what was not there can now be had."""
    refused = run.refused_metrics.items()
    missing = {name: error.missing for name, error in refused if isinstance(error, Unavailable) and error.missing}
    others = result.summary[~result.summary["metric"].isin(missing)]
    if run.refused_methods or not set(others["status"]) <= {"ok", "invalid"}:
        return
    if (result.scores["status"] == "failed").any():
        return
    if (files := run.files()) is not None:
        finished.remember(result.path / CACHE, run.spec, files, run.weight_names(), missing.values())
