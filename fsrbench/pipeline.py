"""The whole of a run: the engine's part, then everything a user looks at."""

from __future__ import annotations

from rich.console import Console

from fsrbench import gallery
from fsrbench.console import Reporter
from fsrbench.engine import finished, folder
from fsrbench.engine.manifest import make_manifest
from fsrbench.engine.places import CACHE
from fsrbench.engine.run import Run
from fsrbench.picture_folder import PictureFolder
from fsrbench.reports import plots, tables
from fsrbench.reports.data import RunData
from fsrbench.spec import RunSpec


def run(spec: RunSpec, reporter: Reporter) -> bool:
    """Run a specification, write its folder and print its table; whether some method or metric failed."""
    run = Run(spec, reporter)
    try:
        with folder.held(spec.out):
            return _do(run, spec, reporter)
    finally:
        run.worker.close()


def _do(run: Run, spec: RunSpec, reporter: Reporter) -> bool:
    outcome = run.go()
    frames = outcome.frames
    folder.write(spec.out, frames, make_manifest(run, outcome.results))
    result = RunData.load(spec.out)
    tables.write_tables(result, spec.out)
    plots.write_plots(result, spec.out / "plots")
    if run.methods:
        gallery.write_grid(run, result, spec.out / "grid.png")
    gallery.keep_pictures(run, PictureFolder(spec.out / "images"), None if spec.save_images else gallery.MOST_KEPT)
    if set(frames.summary["status"]) <= {"ok", "invalid"} and (files := run.files()) is not None:
        finished.remember(spec.out / CACHE, spec, files, run.worker.weight_files())
    Console().print(tables.terminal_table(result))
    reporter.say(f"run folder: {spec.out}")
    return outcome.failed
