"""A table as Markdown, as GitHub shows it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fsrbench.reports.tables.model import NO_VALUE, Cell, Column, Row, Table

_SPECIAL = re.compile(r"([\\`*|\[\]$~])")
_OUTER_UNDERSCORE = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")


def escape(text: str) -> str:
    """``text`` so that Markdown shows it as it is."""
    text = _SPECIAL.sub(r"\\\1", text)
    text = _OUTER_UNDERSCORE.sub(r"\\_", text)  # inside a word an underscore means nothing
    return text.replace("<", "&lt;")


def markdown(table: Table) -> str:
    """The table and what stands below it."""
    lines = [f"**{escape(table.title)}**", ""] if table.title else []
    lines += [
        _line([*map(escape, table.headings), *map(_heading, table.columns)]),
        _line([*(":---" for _ in table.headings), *("---:" for _ in table.columns)]),
        *(_row(row) for row in table.rows),
        "",
        escape(table.about),
    ]
    if table.footnotes:
        lines += ["", *(f"- [{number}] {escape(text)}" for number, text in enumerate(table.footnotes, 1))]
    for title, entries in table.below:
        lines += ["", f"{title}:", "", *(f"- {escape(entry)}" for entry in entries)]
    return "\n".join(lines) + "\n"


def _heading(column: Column) -> str:
    """Groups above the metric, repeated in each column: Markdown has no cell that spans several."""
    return "<br>".join(map(escape, filter(None, (*column.groups, column.metric.label)))) + _raised(column.notes)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _row(row: Row) -> str:
    name = escape(row.method)
    cells = [_cell(cell, row.ceiling) for cell in row.cells]
    first = (f"*{name}*" if row.ceiling else name) + _raised(row.notes)
    return _line([first, *map(escape, row.details), *cells])


def _cell(cell: Cell, ceiling: bool) -> str:
    text = escape(cell.text)
    if cell.mark in ("best", "second"):
        text = f"**{text}**" if cell.mark == "best" else f"<u>{text}</u>"
    elif ceiling and cell.text != NO_VALUE:
        text = f"*{text}*"
    return " ".join(filter(None, (text, escape(cell.spread)))) + _raised(cell.signs)


def _raised(signs: Sequence[object]) -> str:
    return f"<sup>{','.join(map(str, signs))}</sup>" if signs else ""
