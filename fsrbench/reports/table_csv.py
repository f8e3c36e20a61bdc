"""A table as CSV: the same numbers without marks and notes; a cell without a value is empty."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence

from fsrbench.reports.data import MetricInfo, RunData
from fsrbench.reports.published import Entry, PublishedRow
from fsrbench.reports.published_table import fitting, number
from fsrbench.reports.table_model import NO_VALUE, Row, Table

_ABOUT_REPORTED = ("Status", "Reported by", "Data", "LR", "Protocol", "Source")


def csv_text(run: RunData, table: Table, intervals: bool, published: bool) -> str:
    """The measured rows, and with ``published`` the reported ones below them, told apart by their status.

    The first columns and the measured rows in them are the same with and without ``published``.
    """
    metrics = [column.metric for column in table.columns]
    parts = ("", " low", " high") if intervals else ("",)
    header = ["Method", *(metric.heading + part for metric in metrics for part in parts)]
    rows = [_measured(run, metrics, row, intervals) for row in table.rows]
    if published:
        columns, found = fitting(run, metrics)
        extra = [metric for metric in columns if metric not in metrics]  # PSNR on Y, where only papers report it
        header += [*(metric.heading for metric in extra), *_ABOUT_REPORTED]
        rows = [[*row, *([""] * len(extra)), "measured", *([""] * (len(_ABOUT_REPORTED) - 1))] for row in rows]
        rows += [_reported(entry, row, metrics, extra, len(parts) - 1) for entry, row in found]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue()


def _measured(run: RunData, metrics: Sequence[MetricInfo], row: Row, intervals: bool) -> list[str]:
    cells = [row.method]
    for metric, cell in zip(metrics, row.cells, strict=True):
        result = run.result(row.method, metric.name)
        shown = result is not None and cell.text != NO_VALUE
        cells.append(cell.text if shown else "")
        if intervals:
            bounds = (result.ci_low, result.ci_high) if result is not None and shown else (math.nan, math.nan)
            cells += ["" if math.isnan(bound) else metric.text(bound) for bound in bounds]
    return cells


def _reported(
    entry: Entry, row: PublishedRow, metrics: Sequence[MetricInfo], extra: Sequence[MetricInfo], bounds: int
) -> list[str]:
    """A published row; papers give no intervals, so ``bounds`` empty cells follow each number."""
    shared = [cell for metric in metrics for cell in (number(row, metric), *([""] * bounds))]
    others = [number(row, metric) for metric in extra]
    about = [entry.status, entry.paper.cite, row.dataset, entry.lr, entry.protocol or ""]
    return [row.method, *shared, *others, *about, f"{entry.paper.reference}; read in: {entry.source}"]
