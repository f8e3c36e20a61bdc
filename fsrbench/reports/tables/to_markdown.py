"""A table as Markdown, as GitHub shows it."""

from __future__ import annotations

from typing import Final

from fsrbench.files.markdown import escape, markdown_table
from fsrbench.reports.tables.markup import Markup, raised
from fsrbench.reports.tables.model import Column, Table

MARKUP: Final = Markup(escape, bold="**{}**", italic="*{}*")


def markdown(table: Table) -> str:
    """The table and the text below it."""
    headings = [*map(escape, table.headings), *map(_heading, table.columns)]
    rows = [
        [MARKUP.name(row), *map(escape, row.details), *(MARKUP.cell(cell, row.bound) for cell in row.cells)]
        for row in table.rows
    ]
    lines = [f"**{escape(table.title)}**", ""] if table.title else []
    align = "l" * len(table.headings) + "r" * len(table.columns)
    lines += [markdown_table(headings, rows, align), "", escape(table.about)]
    if table.footnotes:
        lines += ["", *(f"- [{number}] {escape(text)}" for number, text in enumerate(table.footnotes, 1))]
    for title, entries in table.below:
        lines += ["", f"{title}:", "", *(f"- {escape(entry)}" for entry in entries)]
    return "\n".join(lines) + "\n"


def _heading(column: Column) -> str:
    """Groups above the metric, repeated in each column: Markdown has no cells that span columns."""
    return "<br>".join(map(escape, filter(None, (*column.groups, column.metric.label)))) + raised(column.notes)
