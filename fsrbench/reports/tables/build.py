"""Build a table from runs and a layout."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from fsrbench.errors import UserError
from fsrbench.reports.tables import bounds as table_bounds
from fsrbench.reports.tables import marks as table_marks
from fsrbench.reports.tables import notes as table_notes
from fsrbench.reports.tables.layout import Layout, hint
from fsrbench.reports.tables.merge import merged, merged_facts
from fsrbench.reports.tables.model import NO_VALUE, Cell, Column, Row, Table
from fsrbench.reports.tables.notes import Note
from fsrbench.reports.tables.sources import Source, Step, arranged, names_in, steps
from fsrbench.runs.comparison import used_test
from fsrbench.runs.data import RunData
from fsrbench.runs.manifest import part_measured
from fsrbench.runs.metric_info import MetricInfo, Result
from fsrbench.runs.names import BOUNDS

NOT_COMPARABLE: Final = (
    "no image has a score of every method: values over different images cannot be compared; `fsrbench compare` uses "
    "the images in common"
)


@dataclass(frozen=True)
class Part:
    """One run's part of the table."""

    label: str
    run: RunData
    """With only the layout's methods, under its names."""
    metrics: tuple[str, ...]
    """Those shown, in order."""
    left_out: tuple[str, ...]
    """Requested metrics without a value."""
    notes: tuple[Note, ...]
    step: Step | None = None
    keep_empty: bool = False
    """Whether columns, floor and ceiling are shown even without a value."""


def build_table(run: RunData, columns: Sequence[str] | None = None, intervals: bool = False) -> Table:
    """Make the table of a run.

    Args:
        run: the run.
        columns: metrics to show, in this order; all of the run by default.
        intervals: write each value's confidence interval after it.

    Raises:
        UserError: the run has no such metric.
    """
    return build([Source(run)], Layout().changed(columns, intervals=intervals))


def build(sources: Sequence[Source], layout: Layout) -> Table:
    """Make the table of runs side by side: one group of columns per run, one row per method of any of them.

    Raises:
        UserError: none of the runs has a metric or method of the layout.
    """
    layout, names = fitted(sources, layout), names_in(sources)
    return _side_by_side([_part(source, layout, names) for source in sources], layout)


def build_each(sources: Sequence[Source], layout: Layout) -> list[Table]:
    """Make a separate table for each run, including columns, floor and ceiling without a value.

    Raises:
        UserError: as :func:`build`.
    """
    layout, names = fitted(sources, layout), names_in(sources)
    return [_side_by_side([_part(source, layout, names, keep_empty=True)], layout) for source in sources]


def _side_by_side(parts: Sequence[Part], layout: Layout) -> Table:
    groups = {metric.name: metric.group for metric in layout.metrics or ()}
    places = [(part, metric, (part.label, groups.get(metric, ""))) for part in parts for metric in part.metrics]
    return _table(parts, places, layout)


def build_sweep(sources: Sequence[Source], layout: Layout) -> Table:
    """Make the table of a sweep: one group of columns per metric, one column per strength.

    Without metrics in the layout, only the first is shown.

    Raises:
        UserError: as :func:`build`, or the runs are no sweep.
    """
    strengths = steps(sources)
    if layout.metrics is None:
        layout = layout.changed(strengths[0].source.run.metrics[:1])
    layout, names = fitted(sources, layout), names_in(sources)
    parts = [replace(_part(replace(s.source, label=s.text), layout, names), step=s) for s in strengths]
    assert layout.metrics is not None
    places = [
        (part, metric.name, (strengths[0].what, metric.group, part.run.metric(metric.name).label))
        for metric in layout.metrics
        for part in parts
        if metric.name in part.metrics
    ]
    return _table(parts, places, layout)


def open_arranged(path: Path, layout: Layout) -> RunData:
    """Read a run as a layout shows it: with its order and names of methods and metrics.

    Raises:
        UserError: it is not a run, or lacks a metric or method of the layout.
    """
    source = Source(RunData.load(path))
    return arranged(source.run, fitted([source], layout))


def fitted(sources: Sequence[Source], layout: Layout) -> Layout:
    """The layout with its methods by their names in the files; it may name them as tables show them.

    Raises:
        UserError: a metric or method that none of the runs has; with the closest known name.
    """
    shown = names_in(sources)
    names = {title: name for name, title in shown.items()}
    if layout.methods is not None:
        named = {n if n in shown else names.get(n, n): title for n, title in layout.methods.items()}
        titles = {n: shown.get(n, n) if title == n else title for n, title in named.items()}
        layout = layout.model_copy(update={"methods": titles})
    _check(sources, layout)
    return layout


def _check(sources: Sequence[Source], layout: Layout) -> None:
    runs = [source.run for source in sources]
    where = f"{runs[0].path}" if len(runs) == 1 else "the runs"
    this = "this run" if len(runs) == 1 else "any of them"
    known = {
        "metric": [metric for run in runs for metric in run.metrics],
        "method": [name for source in sources for name in (*source.run.rows, *source.methods)],
    }
    asked = {"metric": [metric.name for metric in layout.metrics or ()], "method": list(layout.methods or ())}
    for kind, names in asked.items():
        there = list(dict.fromkeys(known[kind]))
        for name in names:
            if name not in there and name not in BOUNDS:
                raise UserError(f"{where}: no {kind} {name} in {this}; {hint(name, there)}")


def _part(source: Source, layout: Layout, names: Mapping[str, str], keep_empty: bool = False) -> Part:
    run = arranged(source.run, layout, names)
    asked = run.metrics if layout.metrics is None else [m.name for m in layout.metrics if m.name in run.metrics]
    valued = set(table_notes.shown_metrics(run))
    shown = tuple(metric for metric in asked if keep_empty or metric in valued)
    notes = tuple(table_notes.notes(run, shown)) if layout.notes != "none" else ()
    return Part(
        source.label,
        run,
        shown,
        tuple(metric for metric in asked if metric not in valued),
        notes,
        keep_empty=keep_empty,
    )


Place = tuple[Part, str, tuple[str, ...]]
"""A column: its run, its metric and the headings above it."""


def _table(parts: Sequence[Part], places: Sequence[Place], layout: Layout) -> Table:
    footnotes = list(dict.fromkeys(note.text for part in parts for note in part.notes))
    numbers = {text: number for number, text in enumerate(footnotes, 1)}
    names = _rows(parts, layout)
    by_column = [_column_cells(part, metric, names, numbers, layout.intervals) for part, metric, _ in places]
    rows = tuple(_row(name, [cells[name] for cells in by_column], layout) for name in names)
    full = layout.notes == "full"
    labelled = [(part.label, part) for part in parts]
    return Table(
        columns=tuple(_column(part, metric, groups, numbers) for part, metric, groups in places),
        rows=rows,
        legend=_legend(rows, places, layout),
        footnotes=tuple(footnotes),
        left_out=merged([(n, table_notes.left_out(p.run, p.left_out)) for n, p in labelled], True) if full else (),
        facts=layout.caption
        or merged_facts([(n, table_notes.facts(p.run, p.step.what if p.step else "")) for n, p in labelled]),
        methods=merged([(n, table_notes.methods(p.run)) for n, p in labelled]) if full else (),
        protocols=merged([(n, table_notes.protocols(p.run, p.metrics)) for n, p in labelled]) if full else (),
        title=layout.title,
    )


def _rows(parts: Sequence[Part], layout: Layout) -> list[str]:
    """The methods of all runs, in the layout's order, else in that of the runs; floor and ceiling last."""
    order = [title for name, title in (layout.methods or {}).items() if name not in BOUNDS]
    found = dict.fromkeys(name for part in parts for name in part.run.rows)
    methods = [name for name in dict.fromkeys([*order, *found]) if name in found and name not in BOUNDS]
    columns = [(part, metric) for part in parts for metric in part.metrics]
    return methods + [
        row
        for row in BOUNDS
        if row in found and any(part.keep_empty or part.run.shown_result(row, metric) for part, metric in columns)
    ]


def _row(name: str, cells: Sequence[Cell], layout: Layout) -> Row:
    bound = name in BOUNDS
    return Row((layout.methods or {}).get(name, name) if bound else name, tuple(cells), bound=bound, name=name)


def _column(part: Part, metric: str, groups: tuple[str, ...], numbers: Mapping[str, int]) -> Column:
    info = part.run.metric(metric)
    if part.step:
        info = replace(info, title=part.step.text, unit="", direction="none")
    return Column(info, tuple(numbers[note.text] for note in part.notes if note.column == metric), groups)


def _column_cells(
    part: Part, metric: str, names: Iterable[str], numbers: Mapping[str, int], intervals: bool
) -> dict[str, Cell]:
    run, info = part.run, part.run.metric(metric)
    found = {row: result for row in run.rows if (result := run.shown_result(row, metric))}
    marks = table_marks.marks(run, metric)
    spreads = _spreads(found, info) if intervals else {}
    return {
        name: Cell(
            text=info.text(found[name].value) if name in found else NO_VALUE,
            spread=spreads.get(name, ""),
            mark=marks.get(name, ""),
            notes=_cell_notes((name, metric), part.notes, numbers),
            bounds=_bounds(found.get(name), info),
            partial=part_measured(run, name, metric),
        )
        for name in names
    }


def _bounds(result: Result | None, info: MetricInfo) -> tuple[str, str]:
    if result is None or not result.has_interval:
        return "", ""
    return info.text(result.ci_low), info.text(result.ci_high)


def _spreads(found: Mapping[str, Result], info: MetricInfo) -> dict[str, str]:
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


def _cell_notes(place: tuple[str, str], notes: Sequence[Note], numbers: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(numbers[note.text] for note in notes if note.column is None and place in note.places)


def _legend(rows: Sequence[Row], places: Sequence[Place], layout: Layout) -> str:
    found = {part.run.metric(metric).title: used_test(part.run, metric) for part, metric, _ in places}
    cells = [cell for row in rows for cell in row.cells]
    parts = [table_marks.legend(cells, {title: test for title, test in found.items() if test})]
    if any(table_marks.share_no_image(part.run, metric) for part, metric, _ in places):
        parts.append(NOT_COMPARABLE)
    parts += [
        table_bounds.about(row, [part.run.metric(metric) for part, metric, _ in places]) for row in rows if row.bound
    ]
    if layout.intervals and any(cell.spread for cell in cells):
        parts.append("with 95 % confidence intervals")
    several = len({part.label for part, _, _ in places}) > 1
    absent = several and any(row.name not in part.run.rows for part, _, _ in places for row in rows)
    parts += [f"{NO_VALUE} without a footnote: not in that run"] if absent else []
    parts.append(table_bounds.without_number(rows, [(part.run, metric) for part, metric, _ in places]))
    legend = "; ".join(filter(None, parts))
    is_name = legend.startswith(tuple(f"{name}:" for name in BOUNDS))
    return legend if is_name else legend[:1].upper() + legend[1:]
