"""Tables in plain text, with columns padded by spaces."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def column_widths(rows: Iterable[Sequence[str]]) -> list[int]:
    """The length of the longest cell in each column; all rows have as many cells."""
    return [max(map(len, column)) for column in zip(*rows, strict=True)]


def text_row(cells: Sequence[str], widths: Sequence[int], align: str) -> str:
    """One line of a table, without trailing spaces.

    Args:
        cells: one for each column.
        widths: see :func:`column_widths`.
        align: ``l`` or ``r`` for each column.

    Example:
        >>> rows = [["Method", "PSNR"], ["ours", "9.1"]]
        >>> [text_row(row, column_widths(rows), "lr") for row in rows]
        ['Method  PSNR', 'ours     9.1']
    """
    padded = (
        cell.ljust(width) if side == "l" else cell.rjust(width)
        for cell, width, side in zip(cells, widths, align, strict=True)
    )
    return "  ".join(padded).rstrip()
