"""The tables of an experiment: what is asked for, and the files they become."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from fsrbench.experiment.settings import PLOTS, TABLES, check_known, mapping
from fsrbench.files.atomic import whole
from fsrbench.files.text import Yaml
from fsrbench.reports.tables.layout import Layout, layout_in
from fsrbench.reports.tables.render import Format, render_runs
from fsrbench.reports.tables.sources import Source, open_runs
from fsrbench.runs.names import HR
from fsrbench.spec import RunSpec

KEYS: Final = ("runs", "layout", "sweep")
Groups = Mapping[str, Mapping[str, RunSpec]]
"""The runs of a file by their names, by their keys there: a sweep's has several."""
FORMATS: Final[tuple[Format, ...]] = ("md", "tex")


@dataclass(frozen=True)
class AskedTable:
    """A table of some of the runs."""

    groups: tuple[str, ...]
    """The runs' keys in the file; a sweep's stands for all of its runs."""
    layout: Layout = field(default_factory=Layout)
    sweep: bool = False
    """A column a strength, and a plot."""


def read_table(file: Yaml, runs: Groups, *keys: object) -> AskedTable:
    """The table that stands below ``keys``.

    Args:
        file: the file.
        runs: what the file has.
        *keys: where.

    Raises:
        UserError: a key or run that is not known, or a sweep of runs that are none; the message names the line.
    """
    values = mapping(file, *keys)
    for key in values:
        check_known(file, "key", str(key), KEYS, *keys, key)
    groups = values.get("runs", list(runs))
    if not isinstance(groups, list) or not groups:
        raise file.error("runs: write a list of names", *keys, "runs")
    groups = [str(group) for group in groups]
    for place, group in enumerate(groups):
        check_known(file, "run", group, list(runs), *keys, "runs", place)
        if group in groups[:place]:
            raise file.error(f"runs: {group} is there twice", *keys, "runs", place)
    sweep = values.get("sweep", False)
    if not isinstance(sweep, bool):
        raise file.error("sweep: write true or false", *keys, "sweep")
    if sweep and not is_sweep([spec for group in groups for spec in runs[group].values()]):
        reason = "sweep: its runs have to differ in the strength of one degradation alone, as in [noise:5, noise:10]"
        raise file.error(reason, *keys, "sweep")
    layout = layout_in(file, *keys, "layout") if "layout" in values else Layout()
    names = [name for group in groups for name in runs[group]]
    for title in layout.runs:
        check_known(file, "run", title, names, *keys, "layout", "runs", title)
    return AskedTable(tuple(groups), layout, sweep)


def default_tables(runs: Groups) -> dict[str, AskedTable]:
    """A table for each sweep, and one of all other runs side by side."""
    sweeps = [group for group, specs in runs.items() if is_sweep(list(specs.values()))]
    others = tuple(group for group in runs if group not in sweeps)
    tables = {"all": AskedTable(others)} if others else {}
    return tables | {f"sweep-{group}" if group else "sweep": AskedTable((group,), sweep=True) for group in sweeps}


def is_sweep(specs: Sequence[RunSpec]) -> bool:
    """Whether the runs differ in the strength of one degradation alone."""
    fixed = {(spec.task, spec.data, spec.limit, spec.degradation.partition(":")[0]) for spec in specs}
    strengths = {spec.degradation for spec in specs if ":" in spec.degradation}
    return len(fixed) == 1 and len(specs) == len(strengths) > 1


def render_table(name: str, asked: AskedTable, folders: Mapping[str, Path], fitting: bool) -> dict[Format, str]:
    """A table as text: for the terminal, without the protocols, and for each format in which it is written.

    Args:
        name: what it is called in the file.
        asked: the table.
        folders: the finished runs that it shows, by name.
        fitting: leave out what the layout names and no run has: flags want less than the file, or a run was stopped.

    Raises:
        UserError: no run has something that the layout names.
    """
    titles = {run: title for run, title in asked.layout.runs.items() if run in folders}
    alone = len(folders) == 1 and not titles
    named = [f"{folder}" if alone else f"{run}={folder}" for run, folder in folders.items()]
    sources = open_runs(named, titles)
    layout = _fitting(asked.layout, sources) if fitting else asked.layout
    shorter = layout.model_copy(update={"notes": "short"}) if layout.notes == "full" else layout
    texts: dict[Format, str] = {"terminal": render_runs(sources, "terminal", shorter, asked.sweep)}
    return texts | {kind: render_runs(sources, kind, layout, asked.sweep, name=name) for kind in FORMATS}


def write_table(name: str, texts: Mapping[Format, str], out: Path) -> list[str]:
    """Write a table below the experiment's folder.

    Returns:
        The files written, relative to it.
    """
    (out / TABLES).mkdir(exist_ok=True)
    files = [f"{TABLES}/{name}.{kind}" for kind in FORMATS]
    for file, kind in zip(files, FORMATS, strict=True):
        with whole(out / file) as part:
            part.write_text(texts[kind], encoding="utf-8")
    return files


def write_plot(name: str, folders: Sequence[Path], out: Path, layout: Layout) -> list[str]:
    """Draw a sweep below the experiment's folder.

    Returns:
        The files written, relative to it.
    """
    from fsrbench.reports.plots.draw import write_sweep

    return [file.relative_to(out).as_posix() for file in write_sweep(folders, out / PLOTS, name, layout)]


def _fitting(layout: Layout, sources: Sequence[Source]) -> Layout:
    metrics = {metric for source in sources for metric in source.run.metrics}
    methods = {HR} | {method for source in sources for method in source.run.methods}
    shown = [metric for metric in layout.metrics or () if metric.name in metrics]
    rows = {name: title for name, title in (layout.methods or {}).items() if name in methods}
    return layout.model_copy(update={"metrics": tuple(shown) or None, "methods": rows or None})
