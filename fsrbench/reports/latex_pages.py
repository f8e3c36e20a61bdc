"""How a LaTeX table is spread over pages: a float that is taller than a page would run off it."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Final

from fsrbench.reports.latex_columns import Block, Style
from fsrbench.reports.latex_text import width
from fsrbench.reports.table_model import Table, heading_lines, spans

PAGE_HEIGHT: Final = 500.0
"""Room for a float in points; LaTeX's own article has 550."""


def floats(table: Table, blocks: Sequence[Block], style: Style, caption: str, limit: float) -> list[list[Block]]:
    """The blocks of each float, at least one; the first also has room for the caption.

    Args:
        table: the table.
        blocks: its blocks from top to bottom.
        style: size of their type.
        caption: its text.
        limit: width of the text, in points.
    """
    pages: list[list[Block]] = []
    room = PAGE_HEIGHT - _text_height([caption], 10, limit)
    for block in blocks:
        height = _block_height(table, block, style)
        if not pages or height > room:
            room = room if not pages else PAGE_HEIGHT
            pages.append([])
        pages[-1].append(block)
        room -= height
    return pages


def footnotes_fit(table: Table, last: Sequence[Block], style: Style, caption: str, limit: float) -> bool:
    """Whether the footnotes still fit below the blocks of the last float; the caption is counted in any case."""
    blocks = sum(_block_height(table, block, style) for block in last)
    notes = _text_height(table.footnotes, 8, limit)
    return blocks + notes + _text_height([caption], 10, limit) <= PAGE_HEIGHT


def _block_height(table: Table, block: Block, style: Style) -> float:
    columns = [table.columns[index] for index in block.members]
    lines = len(spans(columns)) + len(heading_lines(columns)) + len(table.rows)
    return 1.22 * style.size * lines + 30  # three or four rules with their space, and the gap to the next block


def _text_height(paragraphs: Sequence[str], size: float, limit: float) -> float:
    lines = sum(ceil(1.05 * width(text, size) / limit) for text in paragraphs)
    return 1.22 * size * lines + 20 if lines else 0.0
