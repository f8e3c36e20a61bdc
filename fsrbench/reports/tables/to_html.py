"""A table as an HTML fragment; the page around it brings the style."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from fsrbench.reports.tables.model import NO_VALUE, Cell, Row, Span, Table, spans


def html(table: Table) -> str:
    """The table and its notes in one ``div`` of class ``fsrbench-table``.

    Its caption says what the table shows and what the marks mean; each heading says what it is the heading of.
    """
    title = f"<b>{escape(table.title)}.</b> " if table.title else ""
    lines = [
        '<div class="fsrbench-table">',
        "<table>",
        f"<caption>{title}{escape(table.about)}</caption>",
        f"<thead>{_head(table)}</thead>",
        "<tbody>",
        *(_row(row) for row in table.rows if not row.ceiling),
        "</tbody>",
    ]
    ceiling = [_row(row) for row in table.rows if row.ceiling]
    lines += ['<tbody class="ceiling">', *ceiling, "</tbody>"] if ceiling else []
    lines += ["</table>"]
    if table.footnotes:
        lines += ['<ol class="footnotes">', *(f"<li>{escape(text)}</li>" for text in table.footnotes), "</ol>"]
    for name, entries in table.below:
        lines += [f"<p>{name}</p>", "<ul>", *(f"<li>{escape(entry)}</li>" for entry in entries), "</ul>"]
    return "\n".join([*lines, "</div>"]) + "\n"


def _head(table: Table) -> str:
    levels = spans(table.columns)
    reach = f' rowspan="{len(levels) + 1}"' if levels else ""
    words = "".join(f'<th scope="col"{reach}>{escape(text)}</th>' for text in table.headings)
    metrics = "".join(
        f'<th scope="col">{escape(column.metric.label)}{_raised(column.notes)}</th>' for column in table.columns
    )
    first, *others = [*("".join(map(_span, level)) for level in levels), metrics]
    return "".join(f"<tr>{cells}</tr>" for cells in (words + first, *others))


def _span(span: Span) -> str:
    if not span.text:
        return f'<td colspan="{span.width}"></td>'
    return f'<th scope="colgroup" colspan="{span.width}">{escape(span.text)}</th>'


def _row(row: Row) -> str:
    name = escape(row.method)
    details = "".join(f"<td>{escape(text)}</td>" for text in row.details)
    cells = "".join(f"<td>{_cell(cell, row.ceiling)}</td>" for cell in row.cells)
    first = (f"<i>{name}</i>" if row.ceiling else name) + _raised(row.notes)
    return f'<tr><th scope="row">{first}</th>{details}{cells}</tr>'


def _cell(cell: Cell, ceiling: bool) -> str:
    text = escape(cell.text)
    if cell.mark in ("best", "second"):
        text = f"<b>{text}</b>" if cell.mark == "best" else f"<u>{text}</u>"
    elif ceiling and cell.text != NO_VALUE:
        text = f"<i>{text}</i>"
    return " ".join(filter(None, (text, escape(cell.spread)))) + _raised(cell.signs)


def _raised(signs: Sequence[object]) -> str:
    return f"<sup>{','.join(map(str, signs))}</sup>" if signs else ""
