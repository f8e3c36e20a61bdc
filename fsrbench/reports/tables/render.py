"""The tables of runs in every format: methods are rows, metrics are columns."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape as html_escape
from pathlib import Path
from typing import Final, Literal, assert_never

from rich.console import Console

from fsrbench.errors import UserError
from fsrbench.files.atomic import whole
from fsrbench.files.markdown import escape as markdown_escape
from fsrbench.reports.tables import notes as table_notes
from fsrbench.reports.tables.build import build, build_each, build_sweep, fitted
from fsrbench.reports.tables.details import details_table
from fsrbench.reports.tables.latex.to_latex import PAGE, document, latex
from fsrbench.reports.tables.layout import Layout
from fsrbench.reports.tables.model import Table
from fsrbench.reports.tables.published_table import none_fits, published_table
from fsrbench.reports.tables.sources import Source, arranged, steps
from fsrbench.reports.tables.to_csv import csv_text
from fsrbench.reports.tables.to_html import html
from fsrbench.reports.tables.to_markdown import markdown
from fsrbench.reports.tables.to_terminal import TerminalTable
from fsrbench.runs.data import RunData

Format = Literal["md", "tex", "csv", "html", "terminal"]
FORMATS: Final[tuple[Format, ...]] = ("md", "tex", "csv", "html", "terminal")


def write_tables(run: RunData, out: Path) -> list[Path]:
    """Write ``table.md`` and ``table.tex`` into ``out``.

    Returns:
        The files written.
    """
    out.mkdir(parents=True, exist_ok=True)
    formats: tuple[Format, ...] = ("md", "tex")
    sources, layout = [Source(run)], fitted([Source(run)], Layout())
    table = build(sources, layout)
    files = []
    for kind in formats:
        file = out / f"table.{kind}"
        with whole(file) as part:
            part.write_text(_text(table, sources, kind, layout), encoding="utf-8")
        files.append(file)
    return files


def render(
    run: RunData,
    format: Format,
    columns: Sequence[str] | None = None,
    intervals: bool = False,
    published: bool = False,
) -> str:
    """The table of one run as text.

    Args:
        run: the run.
        format: Markdown, LaTeX (booktabs, siunitx), CSV, an HTML fragment or text for a terminal.
        columns: metrics to show, in this order; all of the run by default.
        intervals: write each value's confidence interval after it (in CSV: in separate columns).
        published: add what papers reported for the run's task and these metrics, as a second table (in CSV: as rows
            with another status).

    Raises:
        UserError: the run has no such metric.
    """
    return render_runs([Source(run)], format, Layout().changed(columns, intervals=intervals), published=published)


def render_runs(
    sources: Sequence[Source],
    format: Format,
    layout: Layout,
    strengths: bool = False,
    published: bool = False,
    standalone: bool = False,
    name: str = "",
) -> str:
    """The table of runs as text, one group of columns per run.

    Args:
        sources: the runs and their headings.
        format: as for :func:`render`; in CSV each row names its run.
        layout: what is shown, and under which names.
        strengths: the runs are a sweep of a degradation: one group of columns per metric, one column per strength.
        published: as for :func:`render`, for one run alone.
        standalone: LaTeX as a whole document.
        name: for the LaTeX label; by default data, task and degradation, which two tables of a paper may share.

    Raises:
        UserError: none of the runs has a metric or method, the runs are no sweep, or an option does not fit.
    """
    if published and len(sources) > 1:
        raise UserError("--published takes one run")
    if standalone and format != "tex":
        raise UserError(f"--standalone is for --format tex, not {format}")
    layout = fitted(sources, layout)
    if format == "csv":
        return _csv(sources, layout, strengths, published)
    table = (build_sweep if strengths else build)(sources, layout)
    return _text(table, sources, format, layout, published, standalone, name)


def _text(
    table: Table,
    sources: Sequence[Source],
    format: Format,
    layout: Layout,
    published: bool = False,
    standalone: bool = False,
    name: str = "",
) -> str:
    """A table of runs and the text below it; arguments as for :func:`render_runs`."""
    named = [name] if name else [table_notes.setting(source.run) for source in sources]
    label = " ".join(dict.fromkeys(["fsrbench", *named]))
    width = layout.width or (PAGE if standalone else None)
    text = _written(table, format, label, width)
    everything = len(sources) == 1 and layout.metrics is None and layout.notes == "full"
    if format == "md" and everything and (details := details_table(arranged(sources[0].run, layout))):
        text += f"\n{details}"
    if published:
        text += _published(arranged(sources[0].run, layout), layout, format, label, width)
    return document(text, layout.width) if standalone else text


def _published(run: RunData, layout: Layout, format: Format, label: str, width: float | None) -> str:
    # Also those without a measured value, which the measured table leaves out
    names = run.metrics if layout.metrics is None else [metric.name for metric in layout.metrics]
    metrics = [run.metric(name) for name in names]
    second = published_table(run, metrics)
    if second is None:
        return f"\n{_remark(none_fits(run, metrics), format)}\n"
    return f"\n{_written(second, format, f'{label} published', width)}"


def _csv(sources: Sequence[Source], layout: Layout, strengths: bool, published: bool) -> str:
    if strengths:
        by_strength = steps(sources)
        names = [
            {"Run": s.source.label, "Degradation": s.degradation, "Strength": s.text, "Unit": s.unit}
            for s in by_strength
        ]
        sources = [step.source for step in by_strength]
    else:
        names = [{"Run": source.label} if len(sources) > 1 else {} for source in sources]
    tables = build_each(sources, layout)
    run = arranged(sources[0].run, layout) if published else None
    return csv_text(list(zip(names, tables, strict=True)), layout.intervals, run)


def _written(table: Table, format: Format, label: str, width: float | None) -> str:
    match format:
        case "md":
            return markdown(table)
        case "tex":
            return latex(table, label, width)
        case "html":
            return html(table)
        case "terminal":
            return _shown(table)
        case "csv":
            raise AssertionError("CSV is made from one table per run")
    assert_never(format)


def _shown(table: Table) -> str:
    """The table for standard output: in its width, and in colour if it supports that."""
    console = Console(highlight=False)
    with console.capture() as capture:
        console.print(TerminalTable(table))
    return capture.get()


def _remark(line: str, format: Format) -> str:
    """One line of text; in LaTeX a comment, so that it is not typeset."""
    match format:
        case "md":
            return markdown_escape(line)
        case "tex":
            return f"% {line}"
        case "html":
            return f"<p>{html_escape(line)}</p>"
        case "terminal" | "csv":
            return line
    assert_never(format)


def terminal_table(run: RunData, columns: Sequence[str] | None = None, intervals: bool = False) -> TerminalTable:
    """The table for ``rich.print``; arguments as for :func:`render`."""
    return TerminalTable(build([Source(run)], Layout().changed(columns, intervals=intervals)))
