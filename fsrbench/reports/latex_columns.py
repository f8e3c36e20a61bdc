"""The columns of a LaTeX table: how siunitx aligns each, how wide it is about, and how many fit side by side."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from fsrbench.reports.latex_text import width
from fsrbench.reports.table_model import NO_VALUE, Table, heading_lines, spans

_NUMBER: Final = re.compile(r"([-−]?)(\d+)(?:\.(\d+))?")
_BOLD: Final = 0.08
"""How far bold digits stick out at either end, of the number's width; siunitx keeps no room for it."""
_SAFETY: Final = 1.04
"""Widths of words are estimated to a few per cent."""
_TALL: Final = 25
"""Tables with more rows than this are set small, or they would not fit a page with their footnotes."""


@dataclass(frozen=True)
class Style:
    """A size of type and the space beside columns, both in points."""

    command: str
    size: float
    separation: float


ROOMY: Final = Style("\\small", 9, 4.5)
TIGHT: Final = Style("\\footnotesize", 8, 3)


@dataclass(frozen=True)
class Block:
    """Columns that stand side by side."""

    members: tuple[int, ...]
    width: float
    """In points, with the columns of words before them."""


def is_number(text: str) -> bool:
    """Whether siunitx can align ``text``."""
    return _NUMBER.fullmatch(text) is not None


def tex_columns(spreads: Sequence[bool]) -> int:
    """Columns in TeX: a spread is one of its own."""
    return len(spreads) + sum(spreads)


def layout_blocks(table: Table, limit: float) -> tuple[Style, list[Block]]:
    """Size of type and blocks for a table no wider than ``limit`` points, at least one column a block.

    Everything side by side in larger type if that fits, else in smaller; else as few blocks as possible, about equally
    wide. Blocks break between groups of columns, and within a group only if it is too wide by itself.
    """
    everything = range(len(table.columns))
    for style in (ROOMY, TIGHT) if len(table.rows) <= _TALL else (TIGHT,):
        whole = _block(table, everything, style)
        if whole.width <= limit:
            return style, [whole]
    blocks = _greedy(table, limit, limit)
    narrower = limit
    while len(blocks) > 1 and narrower > 0.5 * limit:  # the narrowest with as few blocks is the most even
        narrower -= 5
        tried = _greedy(table, narrower, limit)
        if len(tried) > len(blocks) or max(block.width for block in tried) > limit:
            break
        blocks = tried
    return TIGHT, blocks


def _greedy(table: Table, wanted: float, limit: float) -> list[Block]:
    """Blocks of about the ``wanted`` width; a group of columns that fits ``limit`` is not broken for that."""
    blocks: list[Block] = []
    for group in _groups(table, range(len(table.columns)), limit):
        wider = _block(table, [*blocks[-1].members, *group], TIGHT) if blocks else None
        if wider and wider.width <= wanted:
            blocks[-1] = wider
        else:
            blocks.append(_block(table, group, TIGHT))
    return blocks


def _groups(table: Table, members: Sequence[int], limit: float, level: int = 0) -> Iterable[list[int]]:
    """The columns of each outermost group that fits, of the groups in it where it does not; else one by one."""
    depth = max((len(table.columns[index].groups) for index in members), default=0)
    if level >= depth:
        yield from ([index] for index in members)
        return
    for groups, group in groupby(members, key=lambda index: table.columns[index].groups[: level + 1]):
        indices = list(group)
        if any(groups[level:]) and _block(table, indices, TIGHT).width <= limit:
            yield indices
        else:
            yield from _groups(table, indices, limit, level + 1)


def _block(table: Table, members: Sequence[int], style: Style) -> Block:
    words = zip(table.headings, *((row.method, *row.details) for row in table.rows), strict=True)
    total = sum(max(width(text, style.size) for text in column) + 2 * style.separation for column in words)
    columns = [_column_width(table, index, style) + 2 * style.separation for index in members]
    for level in spans([table.columns[index] for index in members]):
        for span in level:
            beneath = sum(columns[span.first : span.first + span.width])
            columns[span.first] += max(0.0, width(span.text, style.size) + 2 * style.separation - beneath)
    return Block(tuple(members), _SAFETY * (total + sum(columns) - 2 * style.separation))


def _column_width(table: Table, index: int, style: Style) -> float:
    heading = [line[0] for line in heading_lines([table.columns[index]])]
    numbers = max((width(row.cells[index].text, style.size) for row in table.rows), default=0.0)
    spread = max((width(row.cells[index].spread, style.size - 1) for row in table.rows), default=0.0)
    body = numbers + spread + (2 if spread else 0)
    return max(body, *(width(text, style.size) for text in heading)) + _room(table, index, style)


def _room(table: Table, index: int, style: Style) -> float:
    """Room for what siunitx does not reckon with: raised signs, and bold digits that are wider than others."""
    cells = [row.cells[index] for row in table.rows]
    signs = max((width(",".join(cell.signs), 0.75 * style.size) for cell in cells), default=0.0)
    bold = max((_BOLD * width(cell.text, style.size) for cell in cells if cell.mark == "best"), default=0.0)
    return max(signs, bold)


def column_spec(table: Table, index: int, style: Style) -> str:
    """``S[table-format=2.2]`` where all cells are numbers or empty, else ``r``; and where there are spreads, ``l``."""
    texts = [row.cells[index].text for row in table.rows]
    matches = [found for text in texts if (found := _NUMBER.fullmatch(text))]
    plain = all(text == NO_VALUE or is_number(text) or text in ("∞", "−∞") for text in texts)
    spec = f"S[table-format={_format(matches)}]" if plain and matches else "r"
    if any(row.cells[index].spread for row in table.rows):
        spec += "@{\\,}l"
    room = _room(table, index, style)
    return spec + (f"@{{\\hspace{{{2 * style.separation + room:.0f}pt}}}}" if room else "")


def _format(matches: Sequence[re.Match[str]]) -> str:
    """``-2.2``: a sign if any has one, and the most digits before and after the point."""
    sign = "-" if any(found[1] for found in matches) else ""
    before, after = (max(len(found[group] or "") for found in matches) for group in (2, 3))
    return f"{sign}{before}.{after}" if after else f"{sign}{before}"
