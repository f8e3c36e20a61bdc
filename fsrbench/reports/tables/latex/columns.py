"""The columns of a LaTeX table: how siunitx aligns each, and which stand side by side."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from math import ceil
from typing import Final

from fsrbench.reports.tables.model import NO_VALUE, PARTIAL, TIED, Table

_NUMBER: Final = re.compile(r"([-−]?)(\d+)(?:\.(\d+))?")
_MATHS: Final = {TIED: "\\approx", PARTIAL: "\\dagger"}
"""Signs as LaTeX writes them."""
_WITH_SPREAD: Final = 1.5
"""Width of a column with intervals, relative to one with numbers only."""


def is_number(text: str) -> bool:
    """Whether siunitx can align ``text``."""
    return _NUMBER.fullmatch(text) is not None


def tex_columns(spreads: Sequence[bool]) -> int:
    """Number of columns in TeX: a spread takes a separate one."""
    return len(spreads) + sum(spreads)


def blocks(table: Table, most: float) -> list[list[int]]:
    """The columns that stand side by side: as few blocks as hold ``most`` columns each, about equally many in each.

    They break between groups of columns, and within a group only where it is too wide by itself.
    """
    rooms = [_WITH_SPREAD if has_spread(table, index) else 1.0 for index in range(len(table.columns))]
    wanted = sum(rooms) / max(1, ceil(sum(rooms) / most))
    found: list[list[int]] = []
    for group in _groups(table, range(len(rooms)), rooms, most):
        filled = sum(rooms[index] for index in found[-1]) if found else most
        new = sum(rooms[index] for index in group)
        if filled + new <= most and filled + new / 2 <= wanted:
            found[-1] += group
        else:
            found.append(list(group))
    return found


def _groups(
    table: Table, members: Iterable[int], rooms: Sequence[float], most: float, level: int = 0
) -> Iterable[list[int]]:
    """The columns of each outermost group that fits, else of the groups inside it, else one by one."""
    listed = list(members)
    if level >= max((len(table.columns[index].groups) for index in listed), default=0):
        yield from ([index] for index in listed)
        return
    for names, group in groupby(listed, key=lambda index: table.columns[index].groups[: level + 1]):
        indices = list(group)
        if any(names[level:]) and sum(rooms[index] for index in indices) <= most:
            yield indices
        else:
            yield from _groups(table, indices, rooms, most, level + 1)


def has_spread(table: Table, index: int) -> bool:
    """Whether a column has intervals."""
    return any(row.cells[index].spread for row in table.rows)


def column_spec(table: Table, index: int) -> str:
    """``S[table-format=2.2]`` if all cells are numbers or empty, else ``r``; plus an ``l`` for spreads."""
    cells = [row.cells[index] for row in table.rows]
    matches = [found for cell in cells if (found := _NUMBER.fullmatch(cell.text))]
    plain = all(cell.text in (NO_VALUE, "∞", "−∞") or is_number(cell.text) for cell in cells)
    spec = f"S[table-format={_format(matches)}]" if plain and matches else "r"
    if has_spread(table, index):
        spec += "@{\\,}l"
    longest = max((raised(cell.signs) for cell in cells), key=len, default="")
    return spec + (f"@{{\\hphantom{{{longest}}}\\hspace{{2\\tabcolsep}}}}" if longest else "")


def raised(signs: Sequence[str]) -> str:
    """The sign of a tie and the footnote numbers as superscripts."""
    text = ",".join(_MATHS.get(sign, sign) for sign in signs)
    return f"$^{{{text}}}$" if text else ""


def _format(matches: Sequence[re.Match[str]]) -> str:
    """``-2.2``: a sign if any has one, and the most digits before and after the point."""
    sign = "-" if any(found[1] for found in matches) else ""
    before, after = (max(len(found[group] or "") for found in matches) for group in (2, 3))
    return f"{sign}{before}.{after}" if after else f"{sign}{before}"
