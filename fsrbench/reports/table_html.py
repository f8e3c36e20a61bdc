"""A table as an HTML fragment; the page around it brings the style."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from fsrbench.reports.table_model import NO_VALUE, Cell, Row, Table


def html(table: Table) -> str:
    """The table and its notes in one ``div`` of class ``fsrbench-table``."""
    words = "".join(f'<th scope="col">{escape(text)}</th>' for text in table.headings)
    heading = "".join(
        f'<th scope="col">{escape(column.metric.label)}{_marks(column.notes)}</th>' for column in table.columns
    )
    lines = [
        '<div class="fsrbench-table">',
        *([f"<p><b>{escape(table.title)}</b></p>"] if table.title else []),
        "<table>",
        f"<thead><tr>{words}{heading}</tr></thead>",
        "<tbody>",
        *(_row(row) for row in table.rows if not row.ceiling),
        "</tbody>",
    ]
    ceiling = [_row(row) for row in table.rows if row.ceiling]
    lines += ['<tbody class="ceiling">', *ceiling, "</tbody>"] if ceiling else []
    lines += ["</table>", f"<p>{escape('. '.join(filter(None, (table.facts, table.legend))))}.</p>"]
    if table.footnotes:
        lines += ['<ol class="footnotes">', *(f"<li>{escape(text)}</li>" for text in table.footnotes), "</ol>"]
    lines += _section("Not in the table", table.left_out)
    lines += _section("Methods", table.methods)
    lines += _section("Protocols", table.protocols)
    return "\n".join([*lines, "</div>"]) + "\n"


def _row(row: Row) -> str:
    name = escape(row.method)
    details = "".join(f"<td>{escape(text)}</td>" for text in row.details)
    cells = "".join(f"<td>{_cell(cell, row.ceiling)}</td>" for cell in row.cells)
    first = (f"<i>{name}</i>" if row.ceiling else name) + _marks(row.notes)
    return f'<tr><th scope="row">{first}</th>{details}{cells}</tr>'


def _cell(cell: Cell, ceiling: bool) -> str:
    text = escape(cell.text)
    if cell.mark:
        text = f"<b>{text}</b>" if cell.mark == "best" else f"<u>{text}</u>"
    elif ceiling and cell.text != NO_VALUE:
        text = f"<i>{text}</i>"
    return " ".join(filter(None, (text, escape(cell.spread)))) + _marks(cell.notes)


def _marks(numbers: Sequence[int]) -> str:
    return f"<sup>{','.join(map(str, numbers))}</sup>" if numbers else ""


def _section(title: str, lines: Sequence[str]) -> list[str]:
    if not lines:
        return []
    return [f"<p>{title}</p>", "<ul>", *(f"<li>{escape(line)}</li>" for line in lines), "</ul>"]
