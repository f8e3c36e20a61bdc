"""A whole run: reload it if it is finished, else compute and write what is missing."""

from __future__ import annotations

from contextlib import closing, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

from fsrbench import weights
from fsrbench.errors import Unavailable
from fsrbench.files.size_limit import remove_unused, removed_note
from fsrbench.machine.console import Reporter
from fsrbench.machine.offline import hosts_of, no_connections
from fsrbench.process.state import preserved
from fsrbench.runs import finished, folder
from fsrbench.runs.data import RunData
from fsrbench.runs.names import CACHE, LR
from fsrbench.spec import RunSpec

if TYPE_CHECKING:  # takes seconds: torch
    from fsrbench.engine.prepare import Prepared
    from fsrbench.engine.run import Outcome


def benchmark(spec: RunSpec, reporter: Reporter, complete: bool = True, known: bool = True) -> RunData:
    """Run a specification and write its folder, or reload it if it is finished already.

    Args:
        spec: what to run.
        reporter: shows progress and warnings.
        complete: write tables, plots and pictures too, not the numbers alone.
        known: the specification names everything that the scores depend on, so a finished run can be reused.
    """
    for name, file in spec.weights.items():
        weights.parse_override(f"{name}={file}")
    offline = no_connections(hosts_of(spec.scheduler)) if spec.offline else nullcontext()
    fetched = weights.fetched_when_needed(None if spec.offline else reporter)
    with offline, fetched, weights.override(spec.weights):
        if spec.resume and known and finished.is_current(spec.out / CACHE, spec):
            return _read_again(spec, reporter)
        with preserved():
            return compute(spec, reporter, complete, known)


def compute(spec: RunSpec, reporter: Reporter, complete: bool = True, known: bool = True) -> RunData:
    """Compute what is not in the cache, and write the run's folder; arguments as :func:`benchmark`."""
    from fsrbench.datasets.inputs import TRANSPARENT, transparency_warning
    from fsrbench.engine.manifest import make_manifest
    from fsrbench.engine.prepare import prepare
    from fsrbench.engine.run import execute
    from fsrbench.gallery.descriptors import kept_descriptors

    with closing(prepare(spec, reporter)) as prepared, folder.locked(spec.out):
        finished.forget(spec.out / CACHE)
        outcome = execute(prepared, reporter)
        manifest = make_manifest(prepared, outcome)
        transparent = [image for image, note in manifest["dataset"]["notes"].items() if TRANSPARENT in note]
        if line := transparency_warning(transparent):
            reporter.warn(line)
        frames = replace(outcome.frames, descriptors=kept_descriptors(prepared, outcome))
        folder.write(spec.out, frames, manifest)
        result = RunData.load(spec.out)
        if complete:
            _draw(prepared, outcome, result, reporter)
            if known:
                _remember(spec, prepared, result)
        return result


def _read_again(spec: RunSpec, reporter: Reporter) -> RunData:
    result = RunData.load(spec.out)
    for metric, rows in result.summary.groupby("metric", sort=False):
        if set(rows["status"]) == {"unavailable"}:
            reporter.warn(f"{metric} is unavailable: {rows['note'].iloc[0]}")
    reporter.say("nothing has changed since this run finished; --fresh recomputes it")
    if spec.cache_limit is not None and (removed := remove_unused(spec.out / CACHE, spec.cache_limit))[0]:
        reporter.say(removed_note(*removed, spec.cache_limit))
    return result


def _draw(prepared: Prepared, outcome: Outcome, result: RunData, reporter: Reporter) -> None:
    """Write tables, plots, pictures and the grid."""
    from fsrbench.gallery import grid
    from fsrbench.gallery import keep as gallery
    from fsrbench.reports.plots import draw as plots
    from fsrbench.reports.tables import render as tables
    from fsrbench.runs.pictures import PictureFolder

    tables.write_tables(result, result.path)
    plots.write_plots(result, result.path / "plots")
    most = None if prepared.spec.save_images else gallery.most_kept(prepared.spec.the_task)
    pictures = PictureFolder(result.path / "images", dict.fromkeys([LR, *prepared.rows(prepared.methods)]))
    gallery.keep_pictures(prepared, outcome.pictures, pictures, reporter, most, grid.run_images(result))
    gallery.write_grid(result)
    if line := grid.gaps(result):
        reporter.say(f"grid: {line}")


def _remember(spec: RunSpec, prepared: Prepared, result: RunData) -> None:
    """Mark the run as finished, unless something that failed may succeed next time."""
    refused = prepared.refused_metrics.items()
    missing = {name: error.missing for name, error in refused if isinstance(error, Unavailable) and error.missing}
    others = result.summary[~result.summary["metric"].isin(missing)]
    if prepared.refused_methods or not set(others["status"]) <= {"ok", "invalid"}:
        return
    if (result.scores["status"] == "failed").any():
        return
    if (files := prepared.files()) is not None:
        finished.remember(result.path / CACHE, spec, files, prepared.weight_names(), missing.values())
