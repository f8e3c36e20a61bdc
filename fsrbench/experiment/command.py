"""``fsrbench run --config``: run a file's runs one after another, then write its tables and plots."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
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
from fsrbench.runs.data import RunData
from fsrbench.runs.names import CACHE
from fsrbench.spec import RunSpec


def run_config(path: Path, flags: Mapping[str, Any], then: Callable[[RunData], None] = lambda run: None) -> int:
    """Run an experiment.

    Args:
        path: its YAML file.
        flags: settings by name; they override the file.
        then: called with each finished run.

    Returns:
        The exit code: 1 if a run, a method, a metric or a table failed, else 0.

    Raises:
        UserError: the file or something that it names cannot be used; nothing was done.
        CannotWrite: the disk is full or read-only.
    """
    experiment, reporter = read_experiment(path, flags), Reporter()
    _check(experiment)
    if experiment.is_single_run:
        single = benchmark(experiment.runs[0].spec, reporter)
        code = show_run(single)
        then(single)
        return code
    make_folder(experiment.out, (experiment.out / RECORD).exists, "give --out a new or an earlier experiment's folder")
    with only_writer(experiment.out), weights.fetched_when_needed(reporter):
        record = Record(experiment)
        record.write()
        for number, run in enumerate(experiment.runs, 1):
            reporter.say(f"run {number} of {len(experiment.runs)}: {run.name}")
            if (finished_run := _run(run, record.runs[run.name], reporter)) is not None:
                then(finished_run)
            record.write()
        for name in experiment.tables:
            _table(experiment, name, record, reporter)
        record.write()
    print(f"experiment folder: {experiment.out}", file=sys.stderr)
    return int(record.failed)


def _check(experiment: Experiment) -> None:
    """Check every run that is not finished yet; the others were checked then."""
    if waiting := [run for run in experiment.runs if not _is_finished(run.spec)]:
        from fsrbench.experiment.check import check  # takes seconds: torch

        for run in waiting:
            check(experiment.file, run)


def _is_finished(spec: RunSpec) -> bool:
    with weights.override(spec.weights):
        return spec.resume and finished.is_current(spec.out / CACHE, spec)


def show_run(run: RunData) -> int:
    """Print a run's table and folder; returns the exit code, 1 if a method or metric failed."""
    from rich.console import Console

    from fsrbench.reports.tables.render import terminal_table

    Console().print(terminal_table(run))
    print(f"run folder: {run.path}", file=sys.stderr)
    return int(run.failed)


def _run(run: NamedRun, entry: Entry, reporter: Reporter) -> RunData | None:
    """The run; ``None`` if it stopped."""
    start, done = time.monotonic(), None
    try:
        done = benchmark(run.spec, reporter)
        entry.status, entry.note = ("failed", "some method or metric failed") if done.failed else ("ok", "")
    except CannotWrite:
        raise  # no other run could be written either
    except (FsrbenchError, OSError, MemoryError) as error:
        entry.status, entry.note = "stopped", str(error) if isinstance(error, FsrbenchError) else one_line(error)
    line = f"{run.name}: {entry.status}, {time.monotonic() - start:.0f} s"
    if entry.note:
        reporter.warn(f"{line}: {entry.note}")
    else:
        reporter.say(line)
    return done


def _table(experiment: Experiment, name: str, record: Record, reporter: Reporter) -> None:
    from fsrbench.experiment.tables import render_table, write_plot, write_table

    table, entry = experiment.tables[name], record.tables[name]
    runs = [run for run in experiment.runs if run.group in table.groups]
    runs.sort(key=lambda run: table.groups.index(run.group))
    done = {run.name: run.spec.out for run in runs if record.runs[run.name].done}
    if not done:
        entry.status, entry.note = "stopped", "none of its runs is finished"
    else:
        try:
            partial = len(done) < len(runs) or bool({"methods", "metrics"} & set(experiment.flags))
            texts = render_table(name, table, done, partial)
            entry.files = write_table(name, texts, experiment.out)
            if table.sweep:
                entry.files += write_plot(name, list(done.values()), experiment.out, table.layout)
            entry.status = "ok"
            print(f"{name}:\n{texts['terminal']}")
        except UserError as error:
            entry.status, entry.note = "stopped", str(error)
    if entry.note:
        reporter.warn(f"table {name}: {entry.note}")
