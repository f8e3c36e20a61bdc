"""The main table of a run in every format: methods are rows, metrics are columns."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Literal, assert_never

from fsrbench.atomic import whole
from fsrbench.reports import table_markdown, table_notes
from fsrbench.reports.data import RunData
from fsrbench.reports.published_table import none_fits, published_table
from fsrbench.reports.table_csv import csv_text
from fsrbench.reports.table_details import details_table
from fsrbench.reports.table_html import html
from fsrbench.reports.table_latex import latex
from fsrbench.reports.table_markdown import markdown
from fsrbench.reports.table_model import Table, build_table
from fsrbench.reports.table_terminal import TerminalTable

TextFormat = Literal["md", "tex", "html"]
Format = TextFormat | Literal["csv"]


def write_tables(run: RunData, out: Path) -> list[Path]:
    """Write ``table.md`` and ``table.tex`` into ``out``.

    Returns:
        The files written.
    """
    out.mkdir(parents=True, exist_ok=True)
    formats: tuple[Format, ...] = ("md", "tex")
    files = []
    for kind in formats:
        file = out / f"table.{kind}"
        with whole(file) as part:
            part.write_text(render(run, kind), encoding="utf-8")
        files.append(file)
    return files


def render(
    run: RunData,
    format: Format,
    columns: Sequence[str] | None = None,
    intervals: bool = False,
    published: bool = False,
) -> str:
    """The table as text.

    Args:
        run: the run.
        format: Markdown, LaTeX (booktabs), CSV or an HTML fragment.
        columns: metrics to show, in this order; all of the run by default.
        intervals: write each value's confidence interval behind it (in CSV: as columns of its own).
        published: add what papers reported for the run's task and these metrics, as a second table (in CSV: as rows
            with another status).

    Raises:
        UserError: the run has no such metric.
    """
    table = build_table(run, columns, intervals, keep_empty=format == "csv")
    if format == "csv":
        return csv_text(run, table, intervals, published)
    label = f"fsrbench {table_notes.setting(run)}"
    text = _written(table, format, label)
    if format == "md" and columns is None and (details := details_table(run)):
        text += f"\n{details}"
    if not published:
        return text
    # Also those without a measured value, which the measured table leaves out
    metrics = [run.metric(name) for name in dict.fromkeys(run.metrics if columns is None else columns)]
    second = published_table(run, metrics)
    if second is None:
        return f"{text}\n{_remark(none_fits(run, metrics), format)}\n"
    return f"{text}\n{_written(second, format, f'{label} published')}"


def _written(table: Table, format: TextFormat, label: str) -> str:
    match format:
        case "md":
            return markdown(table)
        case "tex":
            return latex(table, label)
        case "html":
            return html(table)
    assert_never(format)


def _remark(line: str, format: TextFormat) -> str:
    """One line of plain words; in LaTeX a comment, so that nothing of it is set."""
    match format:
        case "md":
            return table_markdown.escape(line)
        case "tex":
            return f"% {line}"
        case "html":
            return f"<p>{escape(line)}</p>"
    assert_never(format)


def terminal_table(run: RunData, columns: Sequence[str] | None = None, intervals: bool = False) -> TerminalTable:
    """The table for ``rich.print``; arguments as for :func:`render`."""
    return TerminalTable(build_table(run, columns, intervals))
