"""The table before it has a format: rows, columns, marks and notes. The formats only write it down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from fsrbench.errors import UserError
from fsrbench.reports import table_notes
from fsrbench.reports.data import HR, MetricInfo, Result, RunData
from fsrbench.reports.table_notes import Note

Mark = Literal["", "best", "second"]
NO_VALUE = "–"


@dataclass(frozen=True)
class Cell:
    """One number as it is written."""

    text: str
    spread: str = ""
    """What follows the number: ``± 0.12`` or ``[23.30, 23.55]``; empty without intervals."""
    mark: Mark = ""
    notes: tuple[int, ...] = ()
    """Numbers of its footnotes, from 1."""

    @property
    def written(self) -> str:
        """The number and its spread."""
        return f"{self.text} {self.spread}".rstrip()


@dataclass(frozen=True)
class Row:
    """A method, or the ceiling."""

    method: str
    cells: tuple[Cell, ...]
    details: tuple[str, ...] = ()
    """What stands in the columns between the method and the numbers."""
    notes: tuple[int, ...] = ()
    """Numbers of the footnotes at the method's name, from 1."""

    @property
    def ceiling(self) -> bool:
        """Whether this is the HR images themselves: set apart and never ranked."""
        return self.method == HR


@dataclass(frozen=True)
class Column:
    """A metric and the footnotes at its heading."""

    metric: MetricInfo
    notes: tuple[int, ...] = ()


@dataclass(frozen=True)
class Table:
    """Everything a format has to write."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    legend: str
    footnotes: tuple[str, ...]
    left_out: tuple[str, ...]
    facts: str
    methods: tuple[str, ...]
    protocols: tuple[str, ...]
    title: str = ""
    """What the table shows; empty for a run's measured table."""
    headings: tuple[str, ...] = ("Method",)
    """Of the columns of text, which come before the numbers."""


def build_table(
    run: RunData, columns: Sequence[str] | None = None, intervals: bool = False, keep_empty: bool = False
) -> Table:
    """Make the table of a run.

    Args:
        run: the run.
        columns: metrics to show, in this order; all of the run by default.
        intervals: write each value's confidence interval behind it.
        keep_empty: keep the columns without a single value, which are else listed below the table.

    Raises:
        UserError: the run has no such metric.
    """
    asked = _asked(run, columns)
    valued = set(table_notes.shown_metrics(run))
    shown = [metric for metric in asked if keep_empty or metric in valued]
    notes = table_notes.notes(run, shown)
    by_column = [_column_cells(run, metric, notes, intervals) for metric in shown]
    rows = tuple(Row(method, tuple(cells[method] for cells in by_column)) for method in run.rows)
    return Table(
        columns=tuple(Column(run.metric(metric), _heading_notes(metric, notes)) for metric in shown),
        rows=rows,
        legend=_legend(rows, intervals),
        footnotes=tuple(note.text for note in notes),
        left_out=tuple(table_notes.left_out(run, [metric for metric in asked if metric not in valued])),
        facts=table_notes.facts(run),
        methods=tuple(table_notes.methods(run)),
        protocols=tuple(table_notes.protocols(run, shown)),
    )


def heading_lines(columns: Sequence[Column]) -> list[list[str]]:
    """The headings in narrow columns: a word of the title a line, and unit and arrow in the last line."""
    titles = [column.metric.title.split() for column in columns]
    height = max((len(words) for words in titles), default=0)
    padded = [[""] * (height - len(words)) + words for words in titles]
    last = []
    for column in columns:
        unit = f"({column.metric.unit})" if column.metric.unit else ""
        last.append(f"{unit} {column.metric.arrow}".strip())
    return [*(list(line) for line in zip(*padded, strict=True)), last]


def _asked(run: RunData, columns: Sequence[str] | None) -> list[str]:
    if columns is None:
        return run.metrics
    for name in columns:
        if name not in run.metrics:
            close = get_close_matches(name, run.metrics, n=1)
            hint = f"did you mean {close[0]}?" if close else f"it has {', '.join(run.metrics)}"
            raise UserError(f"{run.path}: no metric {name} in this run; {hint}")
    return list(dict.fromkeys(columns))


def _column_cells(run: RunData, metric: str, notes: Sequence[Note], intervals: bool) -> dict[str, Cell]:
    info = run.metric(metric)
    found = {row: result for row in run.rows if (result := run.result(row, metric)) is not None and result.has_value}
    # A failed value is shown but wins nothing, and the ceiling is no competitor
    marks = rank({row: result.value for row, result in found.items() if result.ok and row != HR}, info)
    spreads = _spreads(found, info) if intervals else {}
    return {
        row: Cell(
            text=info.text(found[row].value) if row in found else NO_VALUE,
            spread=spreads.get(row, ""),
            mark=marks.get(row, ""),
            notes=_cell_notes((row, metric), notes),
        )
        for row in run.rows
    }


def rank(values: dict[str, float], info: MetricInfo) -> dict[str, Mark]:
    """Best and second of the values as shown; equals share a mark, and a lone value gets none."""
    if info.direction == "none" or len(values) < 2:
        return {}
    shown = {name: info.shown(value) for name, value in values.items()}
    order = sorted(set(shown.values()), reverse=info.direction == "higher")
    marks: dict[float, Mark] = dict(zip(order, ("best", "second"), strict=False))
    return {name: marks[value] for name, value in shown.items() if value in marks}


def _spreads(found: dict[str, Result], info: MetricInfo) -> dict[str, str]:
    """The intervals of a column: ``±`` where all of them are symmetrical as shown, else brackets."""
    bounds = {
        row: (info.shown(result.ci_low), info.shown(result.value), info.shown(result.ci_high))
        for row, result in found.items()
        if result.has_interval
    }
    step = 10.0**-info.digits
    if all(abs((high - value) - (value - low)) < step / 2 for low, value, high in bounds.values()):
        return {row: f"± {high - value:.{info.digits}f}" for row, (_, value, high) in bounds.items()}
    return {row: f"[{low:.{info.digits}f}, {high:.{info.digits}f}]" for row, (low, _, high) in bounds.items()}


def _cell_notes(place: tuple[str, str], notes: Sequence[Note]) -> tuple[int, ...]:
    return tuple(i for i, note in enumerate(notes, 1) if note.column is None and place in note.places)


def _heading_notes(metric: str, notes: Sequence[Note]) -> tuple[int, ...]:
    return tuple(i for i, note in enumerate(notes, 1) if note.column == metric)


def _legend(rows: Sequence[Row], intervals: bool) -> str:
    marked = any(cell.mark for row in rows for cell in row.cells)
    parts = ["best in bold, second underlined"] if marked else []
    if any(row.ceiling for row in rows):
        parts.append(f"{HR}: the HR images scored as a method, the ceiling, not ranked")
    if intervals and any(cell.spread for row in rows for cell in row.cells):
        parts.append("with 95 % confidence intervals")
    legend = "; ".join(parts)
    return legend[:1].upper() + legend[1:]
