"""The tables of an experiment: read from its YAML file, rendered from its runs and written."""

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
from fsrbench.runs.names import BOUNDS
from fsrbench.spec import RunSpec

KEYS: Final = ("runs", "layout", "sweep")
Groups = Mapping[str, Mapping[str, RunSpec]]
"""Key under ``runs`` -> its runs by name; a sweep has several."""
FORMATS: Final[tuple[Format, ...]] = ("md", "tex")


@dataclass(frozen=True)
class TableSpec:
    """A table of some of the runs."""

    groups: tuple[str, ...]
    """Keys under ``runs``; that of a sweep stands for all of its runs."""
    layout: Layout = field(default_factory=Layout)
    sweep: bool = False
    """One column per strength, and a plot."""


def read_table(file: Yaml, runs: Groups, *keys: object) -> TableSpec:
    """Read the table below ``keys``.

    Args:
        file: the file.
        runs: the file's runs.
        *keys: place of the table.

    Raises:
        UserError: an unknown key or run, or ``sweep`` for runs that are not one; the message names the line.
    """
    values = mapping(file, *keys)
    for key in values:
        check_known(file, "key", str(key), KEYS, *keys, key)
    groups = values.get("runs", list(runs))
    if not isinstance(groups, list) or not groups:
        raise file.error("runs: write a list of names", *keys, "runs")
    groups = [str(group) for group in groups]
    for index, group in enumerate(groups):
        check_known(file, "run", group, list(runs), *keys, "runs", index)
        if group in groups[:index]:
            raise file.error(f"runs: {group} appears twice", *keys, "runs", index)
    sweep = values.get("sweep", False)
    if not isinstance(sweep, bool):
        raise file.error("sweep: write true or false", *keys, "sweep")
    if sweep and not is_sweep([spec for group in groups for spec in runs[group].values()]):
        reason = "sweep: its runs must differ only in the strength of one degradation, as in [noise:5, noise:10]"
        raise file.error(reason, *keys, "sweep")
    layout = layout_in(file, *keys, "layout") if "layout" in values else Layout()
    names = [name for group in groups for name in runs[group]]
    for title in layout.runs:
        check_known(file, "run", title, names, *keys, "layout", "runs", title)
    return TableSpec(tuple(groups), layout, sweep)


def default_tables(runs: Groups) -> dict[str, TableSpec]:
    """One table per sweep, and one of all other runs side by side."""
    sweeps = [group for group, specs in runs.items() if is_sweep(list(specs.values()))]
    others = tuple(group for group in runs if group not in sweeps)
    tables = {"all": TableSpec(others)} if others else {}
    return tables | {f"sweep-{group}" if group else "sweep": TableSpec((group,), sweep=True) for group in sweeps}


def is_sweep(specs: Sequence[RunSpec]) -> bool:
    """Whether the runs differ only in the strength of one degradation."""
    fixed = {(spec.task, spec.data, spec.limit, spec.degradation.partition(":")[0]) for spec in specs}
    strengths = {spec.degradation for spec in specs if ":" in spec.degradation}
    return len(fixed) == 1 and len(specs) == len(strengths) > 1


def render_table(name: str, table: TableSpec, folders: Mapping[str, Path], partial: bool) -> dict[Format, str]:
    """Render a table in each format that is written, and for the terminal without the protocols.

    Args:
        name: of the table.
        table: what it shows.
        folders: its finished runs' folders by name.
        partial: leave out what the layout names and no run has, because flags override the file or a run was stopped.

    Raises:
        UserError: no run has something that the layout names.
    """
    titles = {run: title for run, title in table.layout.runs.items() if run in folders}
    single = len(folders) == 1 and not titles
    named = [str(folder) if single else f"{run}={folder}" for run, folder in folders.items()]
    sources = open_runs(named, titles)
    layout = _fitting(table.layout, sources) if partial else table.layout
    shorter = layout.model_copy(update={"notes": "short"}) if layout.notes == "full" else layout
    texts: dict[Format, str] = {"terminal": render_runs(sources, "terminal", shorter, table.sweep)}
    return texts | {kind: render_runs(sources, kind, layout, table.sweep, name=name) for kind in FORMATS}


def write_table(name: str, texts: Mapping[Format, str], out: Path) -> list[str]:
    """Write a table into the experiment's folder.

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
    """Draw a sweep's plot into the experiment's folder.

    Returns:
        The files written, relative to it.
    """
    from fsrbench.reports.plots.draw import write_sweep

    return [file.relative_to(out).as_posix() for file in write_sweep(folders, out / PLOTS, name, layout)]


def _fitting(layout: Layout, sources: Sequence[Source]) -> Layout:
    metrics = {metric for source in sources for metric in source.run.metrics}
    methods = {*BOUNDS} | {method for source in sources for method in source.run.methods}
    shown = [metric for metric in layout.metrics or () if metric.name in metrics]
    rows = {name: title for name, title in (layout.methods or {}).items() if name in methods}
    return layout.model_copy(update={"metrics": tuple(shown) or None, "methods": rows or None})
