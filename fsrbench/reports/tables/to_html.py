"""A table as an HTML fragment; the surrounding page provides the style."""

from __future__ import annotations

from html import escape
from typing import Final

from fsrbench.reports.tables.markup import Markup, raised
from fsrbench.reports.tables.model import Row, Span, Table, spans

MARKUP: Final = Markup(escape, bold="<b>{}</b>", italic="<i>{}</i>")


def html(table: Table) -> str:
    """The table and its notes in one ``div`` of class ``fsrbench-table``.

    The caption says what the table shows and what the marks mean; each heading has a scope.
    """
    title = f"<b>{escape(table.title)}.</b> " if table.title else ""
    lines = [
        '<div class="fsrbench-table">',
        "<table>",
        f"<caption>{title}{escape(table.about)}</caption>",
        f"<thead>{_head(table)}</thead>",
        "<tbody>",
        *(_row(row) for row in table.rows if not row.bound),
        "</tbody>",
    ]
    ceiling = [_row(row) for row in table.rows if row.bound]
    lines += ['<tbody class="ceiling">', *ceiling, "</tbody>"] if ceiling else []
    lines += ["</table>"]
    if table.footnotes:
        lines += ['<ol class="footnotes">', *(f"<li>{escape(text)}</li>" for text in table.footnotes), "</ol>"]
    for name, entries in table.below:
        lines += [f"<p>{name}</p>", "<ul>", *(f"<li>{escape(entry)}</li>" for entry in entries), "</ul>"]
    return "\n".join([*lines, "</div>"]) + "\n"


def _head(table: Table) -> str:
    levels = spans(table.columns)
    height = f' rowspan="{len(levels) + 1}"' if levels else ""
    words = "".join(f'<th scope="col"{height}>{escape(text)}</th>' for text in table.headings)
    metrics = "".join(
        f'<th scope="col">{escape(column.metric.label)}{raised(column.notes)}</th>' for column in table.columns
    )
    first, *others = [*("".join(map(_span, level)) for level in levels), metrics]
    return "".join(f"<tr>{cells}</tr>" for cells in (words + first, *others))


def _span(span: Span) -> str:
    if not span.text:
        return f'<td colspan="{span.width}"></td>'
    return f'<th scope="colgroup" colspan="{span.width}">{escape(span.text)}</th>'


def _row(row: Row) -> str:
    details = "".join(f"<td>{escape(text)}</td>" for text in row.details)
    cells = "".join(f"<td>{MARKUP.cell(cell, row.bound)}</td>" for cell in row.cells)
    return f'<tr><th scope="row">{MARKUP.name(row)}</th>{details}{cells}</tr>'
