"""The main table of a run in every format: methods are rows, metrics are columns."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, assert_never

from fsrbench.reports import table_notes
from fsrbench.reports.data import RunData
from fsrbench.reports.table_html import html
from fsrbench.reports.table_latex import latex
from fsrbench.reports.table_markdown import markdown
from fsrbench.reports.table_model import NO_VALUE, Table, build_table
from fsrbench.reports.table_terminal import TerminalTable

Format = Literal["md", "tex", "csv", "html"]


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
        file.write_text(render(run, kind), encoding="utf-8")
        files.append(file)
    return files


def render(run: RunData, format: Format, columns: Sequence[str] | None = None, intervals: bool = False) -> str:
    """The table as text.

    Args:
        run: the run.
        format: Markdown, LaTeX (booktabs), CSV or an HTML fragment.
        columns: metrics to show, in this order; all of the run by default.
        intervals: write each value's confidence interval behind it (in CSV: as columns of its own).

    Raises:
        UserError: the run has no such metric.
    """
    match format:
        case "md":
            return markdown(build_table(run, columns, intervals))
        case "tex":
            return latex(build_table(run, columns, intervals), f"fsrbench {table_notes.setting(run)}")
        case "html":
            return html(build_table(run, columns, intervals))
        case "csv":
            return _csv(run, build_table(run, columns, keep_empty=True), intervals)
    assert_never(format)


def terminal_table(run: RunData, columns: Sequence[str] | None = None, intervals: bool = False) -> TerminalTable:
    """The table for ``rich.print``; arguments as for :func:`render`."""
    return TerminalTable(build_table(run, columns, intervals))


def _csv(run: RunData, table: Table, intervals: bool) -> str:
    """The same numbers without marks and notes; a cell without a value is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    parts = ("", " low", " high") if intervals else ("",)
    writer.writerow(["Method", *(column.metric.heading + part for column in table.columns for part in parts)])
    for row in table.rows:
        cells = [row.method]
        for column, cell in zip(table.columns, row.cells, strict=True):
            result = run.result(row.method, column.metric.name)
            shown = result is not None and cell.text != NO_VALUE
            cells.append(cell.text if shown else "")
            if intervals:
                bounds = (result.ci_low, result.ci_high) if result is not None and shown else (math.nan, math.nan)
                cells += ["" if math.isnan(bound) else column.metric.text(bound) for bound in bounds]
        writer.writerow(cells)
    return text.getvalue()
