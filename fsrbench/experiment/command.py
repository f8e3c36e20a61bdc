"""``fsrbench run --config``: all runs of a file, one after the other, then its tables and plots."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fsrbench import weights
from fsrbench.benchmark import benchmark
from fsrbench.errors import CannotWrite, FsrbenchError, UserError, one_line
from fsrbench.experiment.config import Experiment, NamedRun, read_experiment
from fsrbench.experiment.record import Entry, Record
from fsrbench.experiment.settings import RECORD
from fsrbench.files.folders import make_folder, only_writer
from fsrbench.machine.console import Reporter
from fsrbench.runs import finished
from fsrbench.runs.names import CACHE
from fsrbench.spec import RunSpec


def run_config(path: Path, flags: Mapping[str, Any]) -> int:
    """Do what a file asks for.

    Args:
        path: the file.
        flags: by the names of their fields; they go before what the file says.

    Returns:
        The exit code: 1 if a run, a method, a metric or a table failed.

    Raises:
        UserError: the file or something that it names cannot be used; nothing was done.
        CannotWrite: the disk takes no more.
    """
    experiment, reporter = read_experiment(path, flags), Reporter()
    _check(experiment)
    if experiment.alone:
        return _run_alone(experiment.runs[0], reporter)
    _make(experiment.out)
    with only_writer(experiment.out), weights.fetched_when_needed(reporter):
        record = Record(experiment)
        record.write()
        for place, run in enumerate(experiment.runs, 1):
            reporter.say(f"run {place} of {len(experiment.runs)}: {run.name}")
            _run(run, record.runs[run.name], reporter)
            record.write()
        for name in experiment.tables:
            _table(experiment, name, record, reporter)
        record.write()
    print(f"experiment folder: {experiment.out}", file=sys.stderr)
    return int(record.failed)


def _check(experiment: Experiment) -> None:
    """Look at every run that is not done yet; what was done could be, and torch takes seconds."""
    if waiting := [run for run in experiment.runs if not _is_done(run.spec)]:
        from fsrbench.experiment.check import check

        for run in waiting:
            check(experiment.file, run)


def _is_done(spec: RunSpec) -> bool:
    with weights.override(spec.weights):
        return spec.resume and finished.is_current(spec.out / CACHE, spec)


def _run_alone(run: NamedRun, reporter: Reporter) -> int:
    from rich.console import Console

    from fsrbench.reports.tables.render import terminal_table

    result = benchmark(run.spec, reporter)
    Console().print(terminal_table(result))
    print(f"run folder: {run.spec.out}", file=sys.stderr)
    return int(result.failed)


def _make(out: Path) -> None:
    """Make the experiment's folder, or go on in one.

    Raises:
        UserError: it cannot be made or written to, or holds something else.
    """
    make_folder(out, (out / RECORD).exists, "give --out a new or an earlier experiment's folder")


def _run(run: NamedRun, entry: Entry, reporter: Reporter) -> None:
    start = time.monotonic()
    try:
        failed = benchmark(run.spec, reporter).failed
        entry.status, entry.note = ("failed", "some method or metric failed") if failed else ("ok", "")
    except CannotWrite:
        raise  # nor could any other run
    except (FsrbenchError, OSError, MemoryError) as error:
        entry.status, entry.note = "stopped", _told(error)
    told = f"{run.name}: {entry.status}, {time.monotonic() - start:.0f} s"
    if entry.note:
        reporter.warn(f"{told}: {entry.note}")
    else:
        reporter.say(told)


def _table(experiment: Experiment, name: str, record: Record, reporter: Reporter) -> None:
    from fsrbench.experiment.tables import render_table, write_plot, write_table

    asked, entry = experiment.tables[name], record.tables[name]
    runs = [run for run in experiment.runs if run.group in asked.groups]
    runs.sort(key=lambda run: asked.groups.index(run.group))
    done = {run.name: run.spec.out for run in runs if record.runs[run.name].done}
    if not done:
        entry.status, entry.note = "stopped", "none of its runs is done"
    else:
        try:
            less = len(done) < len(runs) or bool({"methods", "metrics"} & set(experiment.flags))
            texts = render_table(name, asked, done, less)
            entry.files = write_table(name, texts, experiment.out)
            if asked.sweep:
                entry.files += write_plot(name, list(done.values()), experiment.out, asked.layout)
            entry.status = "ok"
            print(f"{name}:\n{texts['terminal']}")
        except UserError as error:
            entry.status, entry.note = "stopped", str(error)
    if entry.note:
        reporter.warn(f"table {name}: {entry.note}")


def _told(error: BaseException) -> str:
    return str(error) if isinstance(error, FsrbenchError) else one_line(error)
