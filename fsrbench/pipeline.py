"""The whole of a run: the engine's part, then everything a user looks at."""

from __future__ import annotations

from contextlib import closing

from fsrbench.datasets.inputs import TRANSPARENT, transparency_warning
from fsrbench.engine.manifest import make_manifest
from fsrbench.engine.prepare import Prepared, prepare
from fsrbench.engine.run import Outcome, execute
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
    with closing(prepare(spec, reporter)) as prepared, folder.held(spec.out):
        finished.forget(spec.out / CACHE)
        outcome = execute(prepared, reporter)
        manifest = make_manifest(prepared, outcome)
        transparent = [image for image, note in manifest["dataset"]["notes"].items() if TRANSPARENT in note]
        if line := transparency_warning(transparent):
            reporter.warn(line)
        folder.write(spec.out, outcome.frames, manifest)
        result = RunData.load(spec.out)
        if complete:
            _draw(prepared, outcome, result, reporter)
            if known:
                _remember(prepared, result)
        return result


def _draw(prepared: Prepared, outcome: Outcome, result: RunData, reporter: Reporter) -> None:
    """Write what a user looks at: tables, plots, pictures and the grid."""
    tables.write_tables(result, result.path)
    plots.write_plots(result, result.path / "plots")
    most = None if prepared.spec.save_images else gallery.MOST_KEPT
    folder = PictureFolder(result.path / "images", [LR, *prepared.rows(prepared.methods)])
    gallery.keep_pictures(prepared, outcome.pictures, folder, reporter, most, grid.run_images(result))
    gallery.write_grid(result)


def _remember(prepared: Prepared, result: RunData) -> None:
    """Record that the run is finished, so that it is not repeated unless what was missing becomes available."""
    refused = prepared.refused_metrics.items()
    missing = {name: error.missing for name, error in refused if isinstance(error, Unavailable) and error.missing}
    others = result.summary[~result.summary["metric"].isin(missing)]
    if prepared.refused_methods or not set(others["status"]) <= {"ok", "invalid"}:
        return
    if (result.scores["status"] == "failed").any():
        return
    if (files := prepared.files()) is not None:
        finished.remember(result.path / CACHE, prepared.spec, files, prepared.weight_names(), missing.values())
