"""Tables with a title above and lines below, for a terminal and as Markdown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any, Final, Literal

from fsrbench.files.markdown import escape, markdown_table
from fsrbench.files.text_table import column_widths, text_row
from fsrbench.gate.as_json import number

Format = Literal["text", "md", "csv", "json"]
FORMATS: Final = ("text", "md", "csv", "json")
WIDTH: Final = 100
NO_VALUE: Final = "–"
WORDS: Final = ("Method", "Metric")
"""Columns of words, which are aligned left."""


@dataclass(frozen=True)
class Shown:
    """A table."""

    title: str
    headings: tuple[str, ...]
    cells: list[list[str]]
    lines: list[str]


def as_text(tables: Sequence[Shown]) -> str:
    """For a terminal."""
    return "\n\n".join(map(_text, tables)) + "\n"


def as_markdown(tables: Sequence[Shown]) -> str:
    """For a page."""
    return "\n\n".join(map(_markdown, tables)) + "\n"


def ends(low: float, high: float, factor: float = 1, digits: int = 2) -> str:
    """Format an interval.

    Example:
        >>> ends(-0.5, 0.25), ends(0.5, 0.75, 100, 0), ends(math.nan, math.nan)
        ('[−0.50, 0.25]', '[50, 75]', '–')
    """
    if not (math.isfinite(low) and math.isfinite(high)):
        return NO_VALUE
    return f"[{factor * low:.{digits}f}, {factor * high:.{digits}f}]".replace("-", "−")


def text_of(value: float, factor: float = 1, digits: int = 2) -> str:
    """Format a number; a dash for none."""
    return f"{factor * value:.{digits}f}".replace("-", "−") if math.isfinite(value) else NO_VALUE


def nulls(record: dict[str, Any]) -> dict[str, Any]:
    """The record with ``None`` for numbers that JSON cannot hold."""
    return {name: number(value) if isinstance(value, float) else value for name, value in record.items()}


def _text(table: Shown) -> str:
    widths = column_widths([table.headings, *table.cells])
    rows = (text_row(row, widths, _align(table)) for row in (table.headings, *table.cells))
    lines = (part for line in table.lines for part in wrap(line, WIDTH))
    return "\n".join([*wrap(table.title, WIDTH), "", *rows, "", *lines])


def _markdown(table: Shown) -> str:
    cells = markdown_table(table.headings, [[*map(escape, row)] for row in table.cells], _align(table))
    return f"**{escape(table.title)}**\n\n{cells}\n\n" + "\n\n".join(map(escape, table.lines))


def _align(table: Shown) -> str:
    return "".join("l" if heading in WORDS else "r" for heading in table.headings)
