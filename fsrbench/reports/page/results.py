"""The page's table of results: sort keys, counts of statuses, and column groups for printing."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from fsrbench.reports.plots.looks import looks
from fsrbench.reports.short_names import short_names
from fsrbench.reports.tables.build import build_table
from fsrbench.reports.tables.model import NO_VALUE, Cell, Table
from fsrbench.runs.columns import STATUSES
from fsrbench.runs.data import RunData
from fsrbench.runs.metric_info import Result

PRINTED_COLUMNS: Final = 5
"""Metrics side by side in print; more continue in a table below."""
SHAPES: Final = {
    "o": "circle(50%)",
    "s": "inset(6%)",
    "^": "polygon(50% 0, 100% 100%, 0 100%)",
    "v": "polygon(0 0, 100% 0, 50% 100%)",
    "<": "polygon(0 50%, 100% 0, 100% 100%)",
    ">": "polygon(0 0, 100% 50%, 0 100%)",
    "D": "polygon(50% 0, 100% 50%, 50% 100%, 0 50%)",
    "d": "polygon(50% 0, 85% 50%, 50% 100%, 15% 50%)",
    "P": "polygon(32% 0, 68% 0, 68% 32%, 100% 32%, 100% 68%, 68% 68%, 68% 100%, 32% 100%, 32% 68%, 0 68%, 0 32%, "
    "32% 32%)",
    "X": "polygon(25% 0, 50% 25%, 75% 0, 100% 25%, 75% 50%, 100% 75%, 75% 100%, 50% 75%, 25% 100%, 0 75%, 25% 50%, "
    "0 25%)",
    "p": "polygon(50% 0, 100% 38%, 81% 100%, 19% 100%, 0 38%)",
    "h": "polygon(50% 0, 95% 25%, 95% 75%, 50% 100%, 5% 75%, 5% 25%)",
}
"""The plots' markers in CSS."""
HINTS: Final = {"higher": "higher is better", "lower": "lower is better", "none": "neither direction is better"}
"""By direction."""


@dataclass(frozen=True)
class ResultCell:
    """One result."""

    cell: Cell
    status: str
    """Empty where the result is ok."""
    sort: str
    """The value in a form that JavaScript's ``Number`` parses; empty without a number."""


@dataclass(frozen=True)
class ResultRow:
    """A method, or the LR or HR images."""

    name: str
    short: str
    """The name, shortened if it is long."""
    look: int
    """Index of its rule in :func:`look_rules`."""
    bound: bool
    """Whether it is the row of the LR or HR images, which is not ranked."""
    cells: tuple[ResultCell, ...]


@dataclass(frozen=True)
class Results:
    """A run's table with 95 % intervals, and what the page adds to it."""

    table: Table
    rows: tuple[ResultRow, ...]
    groups: tuple[tuple[int, ...], ...]
    """Indices of the columns of each printed table."""
    states: str
    """How many results are ok, unavailable, ...; ``76 ok, 2 invalid``."""
    failed: bool


def read_results(run: RunData) -> Results:
    """The results of a run."""
    table = build_table(run, intervals=True)
    count = len(table.columns)
    groups = (range(start, min(start + PRINTED_COLUMNS, count)) for start in range(0, count, PRINTED_COLUMNS))
    counts = Counter(run.summary["status"])
    return Results(
        table,
        rows=tuple(_rows(run, table)),
        groups=tuple(tuple(group) for group in groups),
        states=", ".join(f"{counts[status]} {status}" for status in STATUSES if counts[status]),
        failed=bool(counts["failed"]),
    )


def _rows(run: RunData, table: Table) -> Iterator[ResultRow]:
    places = {name: place for place, name in enumerate(looks(run))}
    short = short_names(row.method for row in table.rows)
    for row in table.rows:
        pairs = zip(row.cells, table.columns, strict=True)
        cells = tuple(_cell(cell, run.result(row.name, column.metric.name)) for cell, column in pairs)
        yield ResultRow(row.method, short[row.method], places[row.name], row.bound, cells)


def _cell(cell: Cell, result: Result | None) -> ResultCell:
    if result is None:
        return ResultCell(cell, "", "")
    status = "" if result.status == "ok" else result.status
    return ResultCell(cell, status, _number(result.value) if cell.text != NO_VALUE else "")


def _number(value: float) -> str:
    """In a form that JavaScript parses."""
    if math.isnan(value):
        return ""
    return repr(float(value)) if math.isfinite(value) else ("Infinity" if value > 0 else "-Infinity")


def look_rules(run: RunData) -> str:
    """CSS for each :attr:`ResultRow.look`: colour and shape of the method's marker in the plots."""
    found = (f"--look: {look.colour}; --shape: {SHAPES[look.marker]};" for look in looks(run).values())
    return "".join(f".look-{place} {{ {rules} }}\n" for place, rules in enumerate(found))
