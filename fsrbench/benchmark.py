"""The whole of ``fsrbench run``: the engine's run, then everything a user looks at."""

from __future__ import annotations

from contextlib import nullcontext

from rich.console import Console

from fsrbench import gallery, weights
from fsrbench.console import Reporter
from fsrbench.engine import folder
from fsrbench.engine.manifest import make_manifest
from fsrbench.engine.run import Run
from fsrbench.offline import no_connections
from fsrbench.picture_folder import PictureFolder
from fsrbench.reports import plots, tables
from fsrbench.reports.data import RunData
from fsrbench.spec import RunSpec


def benchmark(spec: RunSpec, reporter: Reporter | None = None) -> bool:
    """Run a specification, write its folder and print its table; whether some method or metric failed."""
    with no_connections() if spec.offline else nullcontext(), weights.named(spec.weights):
        return _benchmark(spec, reporter or Reporter())


def _benchmark(spec: RunSpec, reporter: Reporter) -> bool:
    run = Run(spec, reporter)
    try:
        with folder.held(spec.out):
            return _do(run, spec, reporter)
    finally:
        run.worker.close()


def _do(run: Run, spec: RunSpec, reporter: Reporter) -> bool:
    outcome = run.go()
    manifest = make_manifest(run, outcome.results)
    frames = outcome.frames
    folder.write(spec.out, frames, manifest)
    result = RunData.load(spec.out)
    tables.write_tables(result, spec.out)
    plots.write_plots(result, spec.out / "plots")
    if run.methods:
        gallery.write_grid(run, result, spec.out / "grid.png")
    gallery.keep_pictures(run, PictureFolder(spec.out / "images"), None if spec.save_images else gallery.MOST_KEPT)
    Console().print(tables.terminal_table(result))
    reporter.say(f"run folder: {spec.out}")
    return outcome.failed
