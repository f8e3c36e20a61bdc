"""A table as CSV: one row per run and method, one column per metric; no marks or notes, empty cells without a value.

If values were measured on part of the images, a last column says which, and on how many.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from itertools import zip_longest

from fsrbench.reports.tables.model import NO_VALUE, Cell, Row, Table
from fsrbench.reports.tables.published import Entry, PublishedRow
from fsrbench.reports.tables.published_table import fitting, number
from fsrbench.runs.data import RunData
from fsrbench.runs.metric_info import MetricInfo

PARTS = "Measured on part"
_ABOUT_REPORTED = ("Status", "Reported by", "Data", "LR", "Protocol", "Source")
_INFINITE = {"∞": "inf", "−∞": "-inf"}
"""In the form that programs parse."""

NamedTable = tuple[dict[str, str], Table]
"""Columns that name the run, and its table."""


def csv_text(tables: Sequence[NamedTable], intervals: bool, published: RunData | None = None) -> str:
    """The measured rows of all runs; with ``published`` the reported ones below them, with another status.

    The first columns and the measured rows in them are the same with and without ``published``.

    Args:
        tables: one per run, all with the same naming columns; with empty metrics in them.
        intervals: add columns for low and high.
        published: the run whose task decides which papers fit.
    """
    infos = {column.metric.name: column.metric for _, table in tables for column in table.columns}
    metrics = list(infos.values())
    header = [*tables[0][0], "Method"]
    for metric in metrics:
        header += [metric.heading + part for part in (("", " low", " high") if intervals else ("",))]
    rows = [line for names, table in tables for line in _measured(names, table, metrics, intervals)]
    parts = [_parts(table, row) for _, table in tables for row in table.rows]
    if published is not None:
        columns, found = fitting(published, metrics)
        extra = [metric for metric in columns if metric not in metrics]  # PSNR on Y, where only papers report it
        header += [*(metric.heading for metric in extra), *_ABOUT_REPORTED]
        rows = [[*row, *([""] * len(extra)), "measured", *([""] * (len(_ABOUT_REPORTED) - 1))] for row in rows]
        rows += [_reported(entry, row, metrics, extra, 2 * intervals) for entry, row in found]
    if any(parts):
        header.append(PARTS)
        rows = [[*row, part] for row, part in zip_longest(rows, parts, fillvalue="")]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue()


def _parts(table: Table, row: Row) -> str:
    """``PSNR: 8 of 16 images``, for all values of a row that were measured on part of the images."""
    cells = zip(table.columns, row.cells, strict=True)
    return "; ".join(f"{column.metric.title}: {cell.partial}" for column, cell in cells if cell.partial)


def _measured(names: dict[str, str], table: Table, metrics: Sequence[MetricInfo], intervals: bool) -> list[list[str]]:
    lines = []
    for row in table.rows:
        cells = {column.metric.name: cell for column, cell in zip(table.columns, row.cells, strict=True)}
        line = [*names.values(), row.method]
        for metric in metrics:
            cell = cells.get(metric.name, Cell(NO_VALUE))
            written = (cell.text, *cell.bounds) if intervals else (cell.text,)
            line += ["" if text == NO_VALUE else _INFINITE.get(text, text) for text in written]
        lines.append(line)
    return lines


def _reported(
    entry: Entry, row: PublishedRow, metrics: Sequence[MetricInfo], extra: Sequence[MetricInfo], bounds: int
) -> list[str]:
    """A published row; papers give no intervals, so ``bounds`` empty cells follow each number."""
    shared = [cell for metric in metrics for cell in (number(row, metric), *([""] * bounds))]
    others = [number(row, metric) for metric in extra]
    about = [entry.status, entry.paper.cite, row.dataset, entry.lr, entry.protocol or ""]
    return [row.method, *shared, *others, *about, f"{entry.paper.reference}; read in: {entry.source}"]
