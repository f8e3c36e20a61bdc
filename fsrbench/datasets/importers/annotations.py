"""Annotation files: rows of a name and numbers, separated by spaces (as published) or commas (as on Kaggle)."""

from __future__ import annotations

import csv
import math
from typing import NamedTuple

from fsrbench.datasets.importers.tree import Text
from fsrbench.errors import UserError


class Row(NamedTuple):
    """One line."""

    line: int
    cells: list[str]


def read_numbers(file: Text, columns: int) -> dict[str, list[float]]:
    """Read rows of a name and numbers, by name; a line with the number of rows and one of headings may come first.

    Args:
        file: the annotation file.
        columns: numbers in each row.

    Raises:
        UserError: a malformed or repeated row, or missing rows; the message names the line.
    """
    rows = _rows(file)
    announced = int(rows.pop(0).cells[0]) if rows and _is_count(rows[0].cells) else None
    if rows and not _numbers(rows[0].cells[-1:]):
        rows.pop(0)  # headings
    found: dict[str, list[float]] = {}
    for line, cells in rows:
        numbers = _numbers(cells[1:])
        if numbers is None or len(numbers) != columns:
            shown = " ".join(cells)[:60]
            raise UserError(f"{file.name}, line {line}: expected a name and {columns} numbers, not {shown!r}")
        if cells[0] in found:
            raise UserError(f"{file.name}, line {line}: {cells[0][:60]} appears twice")
        found[cells[0]] = numbers
    if announced is not None and announced != len(found):
        raise UserError(f"{file.name}: {len(found)} rows, its first line announces {announced}; was it cut short?")
    if not found:
        raise UserError(f"{file.name}: no rows in it")
    return found


def read_headings(file: Text) -> list[str]:
    """The names of the columns of numbers: those of the line before the first row.

    Raises:
        UserError: the first row has none before it.
    """
    rows = _rows(file)
    if rows and _is_count(rows[0].cells):
        rows.pop(0)
    if not rows or _numbers(rows[0].cells[-1:]):
        raise UserError(f"{file.name}: no line with the names of its columns before the first row")
    cells = rows[0].cells
    # On Kaggle the pictures' column has a name too, as published it has none
    return cells[1:] if len(rows) > 1 and len(cells) == len(rows[1].cells) else cells


def _rows(file: Text) -> list[Row]:
    lines = file.text.splitlines()
    if file.name.lower().endswith(".csv"):
        try:
            return [Row(k, row) for k, row in enumerate(csv.reader(lines), 1) if row]
        except csv.Error as error:
            raise UserError(f"{file.name}: cannot be read: {error}") from None
    return [Row(k, line.split()) for k, line in enumerate(lines, 1) if line.strip()]


def _is_count(cells: list[str]) -> bool:
    return len(cells) == 1 and cells[0].isascii() and cells[0].isdigit() and len(cells[0]) < 10


def _numbers(cells: list[str]) -> list[float] | None:
    try:
        numbers = [float(cell) for cell in cells]
    except ValueError:
        return None
    return numbers if numbers and all(math.isfinite(number) for number in numbers) else None
