"""The tables of ``--by``: a metric's value in each group, the gap between groups, and whether it may be chance."""

from __future__ import annotations

import io
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from html import escape as html_escape
from itertools import groupby
from textwrap import wrap
from typing import Final, Literal

import pandas as pd

from fsrbench.errors import counted
from fsrbench.files.labels import Labels
from fsrbench.files.markdown import escape, markdown_table
from fsrbench.files.text_table import column_widths, text_row
from fsrbench.reports.tables.comparison import signed
from fsrbench.reports.tables.latex.by_group import latex_by_group
from fsrbench.reports.tables.model import NO_VALUE
from fsrbench.runs.by_group import SMALL, ByGroup, GroupValue, few_people
from fsrbench.runs.data import RunData
from fsrbench.runs.grouping import number_in
from fsrbench.runs.metric_info import MetricInfo
from fsrbench.stats.corrections import LEVEL

Format = Literal["md", "tex", "csv", "html", "text"]
FORMATS: Final[tuple[Format, ...]] = ("md", "tex", "csv", "html", "text")
SAME: Final = "≈"
COLUMNS: Final = (
    *("column", "metric", "method", "base", "group", "value", "ci_low", "ci_high", "images", "people", "ranked"),
    *("worst", "gap", "p", "p_holm", "reason"),
)


def render(run: RunData, rows: Sequence[ByGroup], format: Format, remarks: Sequence[str] = (), few: int = 0) -> str:
    """One table for each column of labels, in the order of the rows; as CSV a single table.

    Args:
        run: the run that the rows are of.
        rows: of :func:`fsrbench.runs.by_group.by_group` or :func:`~fsrbench.runs.by_group.compare_by_group`.
        format: of :data:`FORMATS`.
        remarks: further lines below the tables.
        few: groups of fewer people are not ranked.
    """
    if format == "csv":
        return str(frame(run, rows).to_csv(index=False))
    legend = about(rows, few)
    parts = [(column, list(members)) for column, members in groupby(rows, key=lambda row: row.column)]
    if format == "tex":
        tables = [(column, headings_of(members), lines_of(run, members)) for column, members in parts]
        return latex_by_group(tables, [legend, *remarks])
    text = io.StringIO()
    for column, members in parts:
        headings, lines = headings_of(members), lines_of(run, members)
        align = "ll" + "r" * (len(headings) - 3) + "l"
        if format == "md":
            cells = ([*map(escape, line)] for line in lines)
            text.write(f"**By {escape(column)}**\n\n{markdown_table([*map(escape, headings)], cells, align)}\n\n")
        elif format == "html":
            text.write(_html(column, headings, lines))
        else:
            widths = column_widths([headings, *lines])
            shown = "\n".join(text_row(row, widths, align) for row in (headings, *lines))
            text.write(f"By {column}\n{shown}\n\n")
    for line in (legend, *remarks):
        match format:
            case "md":
                text.write(f"{escape(line)}\n\n")
            case "html":
                text.write(f"<p>{html_escape(line)}</p>\n")
            case _:
                text.write("\n".join(wrap(line, 80)) + "\n")
    return text.getvalue().rstrip("\n") + "\n"


def headings_of(rows: Sequence[ByGroup]) -> list[str]:
    """Metric, method, each group with its people, gap, p and the worst group."""
    groups = []
    for place, group in enumerate(rows[0].groups):
        people = max(row.groups[place].people for row in rows)
        few = SMALL if few_people(rows, rows[0].column, group.group) else ""
        groups.append(f"{group.group} ({people}){few}")
    return ["Metric", "Method", *groups, "Gap", "p (Holm)", "Worst"]


def lines_of(run: RunData, rows: Sequence[ByGroup]) -> list[list[str]]:
    """The cells of :func:`headings_of`; a metric is named in its first row."""
    lines, last = [], ""
    for row in rows:
        info = run.metric(row.metric)
        groups = [_value(info, row, group) for group in row.groups]
        tested = not math.isnan(row.p)
        gap = NO_VALUE if math.isnan(row.gap) else info.text(row.gap)
        p = ("< 0.001" if row.p_corrected < 0.001 else f"{row.p_corrected:.3f}") if tested else NO_VALUE
        method = f"{row.method} − {row.base}" if row.base else row.method
        verdict = worst(info, row) + (f" ({row.reason})" if row.reason else "")
        lines.append([info.label if row.metric != last else "", method, *groups, gap, p, verdict])
        last = row.metric
    return lines


def worst(info: MetricInfo, row: ByGroup) -> str:
    """Name of the worst group if the groups are distinguishable, else ``≈``."""
    if math.isnan(row.p):
        return "not tested"
    if row.p_corrected >= LEVEL:
        return SAME
    return row.worst(info.direction) or f"differ; highest: {row.ranked[-1].group}"


def _value(info: MetricInfo, row: ByGroup, group: GroupValue) -> str:
    if not group.has_value:
        return NO_VALUE

    def written(number: float) -> str:
        return signed(number * info.factor, info.digits) if row.base else info.text(number)

    interval = "" if math.isnan(group.ci_low) else f" [{written(group.ci_low)}, {written(group.ci_high)}]"
    return written(group.value) + interval + (SMALL if row.has_few_people(group) else "")


def about(rows: Sequence[ByGroup], few: int) -> str:
    """What the columns mean."""
    tests = sum(not math.isnan(row.p) for row in rows)
    what = "mean difference of the two methods' scores" if rows[0].base else "mean of the images' scores"
    small = any(row.has_few_people(group) for row in rows for group in row.groups)
    values = "" if all(row.of_set for row in rows) else f"; {what}, with 95 % intervals over people"
    return (
        f"Groups (in brackets: people){values}. Gap: highest minus lowest ranked group."
        + (_about_test(tests) if tests else "")
        + (f" {SMALL}: fewer than {few} people, not ranked." if small else "")
        + " A gap shows that values differ between pictures with these labels, not why."
    )


def _about_test(tests: int) -> str:
    return (
        " p: permutation test that shuffles labels among people (statistic: largest difference of two groups over its "
        f"standard error), Holm-corrected for the {counted(tests, 'test')} here; {SAME}: not distinguishable at 5 %. "
        "Worst: the group with the worst value, named only if the gap is distinguishable."
    )


def _alike(labels: Iterable[str]) -> str:
    """The labels that differ only in case or in how a number is written: more often a typo than two groups."""
    distinct = sorted(set(labels))
    times = Counter(map(_meant, distinct))
    return ", ".join(label for label in distinct if times[_meant(label)] > 1)


def _meant(label: str) -> str | float:
    """The label's number if it is one, else the label with its case folded."""
    number = number_in(label)
    return label.casefold() if number is None else number


def remarks(run: RunData, rows: Sequence[ByGroup], labels: Labels, left_out: Sequence[str]) -> list[str]:
    """Further lines below the tables: images without a label, unknown people, metrics without numbers by group."""
    found = []
    total = len(run.images)
    for column in dict.fromkeys(row.column for row in rows):
        if missing := total - len(set(labels[column]) & set(run.images["image"])):
            found.append(f"{counted(missing, 'image')} of {total} without a label in {column}: in none of its groups.")
        if alike := _alike(labels[column].values()):
            found.append(f"Labels in {column} that differ only in case or number format are separate groups: {alike}.")
    if not run.identities:
        found.append("The data names no identities: each image counts as a person.")
    if any(row.of_set for row in rows):
        titles = ", ".join(dict.fromkeys(run.metric(row.metric).title for row in rows if row.of_set))
        found.append(
            f"{titles}: computed on each group's pictures as a set, against their own HR or the whole reference set; "
            "not tested. FID falls with the number of pictures and is not ranked."
        )
    if left_out:
        found.append(f"Not by group, without per-image scores: {', '.join(left_out)}.")
    if of_sets := [metric for metric in left_out if metric in set(run.blocks["metric"])]:
        how = "fsrbench run computes it for the labels it is given (--groups FILE), not for numbers cut at edges"
        found.append(f"{', '.join(of_sets)}: {how}.")
    return found


def frame(run: RunData, rows: Sequence[ByGroup]) -> pd.DataFrame:
    """One row per group, for other programs, in the units of the run's files."""
    table = []
    for row in rows:
        worst_group = row.worst(run.metric(row.metric).direction)
        for g in row.groups:
            numbers = (g.value, g.ci_low, g.ci_high, g.images, g.people, g.ranked)
            names = (row.column, row.metric, row.method, row.base, g.group)
            table.append((*names, *numbers, worst_group, row.gap, row.p, row.p_corrected, row.reason))
    return pd.DataFrame(table, columns=list(COLUMNS))


def _html(column: str, headings: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{html_escape(text)}</th>' for text in headings)
    body = []
    for metric, method, *others in lines:
        cells = "".join(f"<td>{html_escape(text)}</td>" for text in others)
        body.append(
            f'<tr><th scope="row">{html_escape(metric)}</th><th scope="row">{html_escape(method)}</th>{cells}</tr>'
        )
    caption = f"<caption>By {html_escape(column)}</caption>"
    lines_of_table = [
        '<div class="fsrbench-table scroll"><table class="results by-group">',
        f"{caption}\n<thead><tr>{head}</tr></thead>",
        "<tbody>",
        *body,
        "</tbody></table></div>",
    ]
    return "\n".join(lines_of_table) + "\n"
