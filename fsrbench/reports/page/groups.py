"""The run's metrics by group, from the labels in the data."""

from __future__ import annotations

from typing import Final

from fsrbench.errors import UserError
from fsrbench.reports.tables import groups as table
from fsrbench.runs.by_group import MIN_PEOPLE, by_group, left_out
from fsrbench.runs.data import RunData
from fsrbench.runs.grouping import groupings

MOST_COLUMNS: Final = 4
"""Columns of labels shown on a page; CelebA has 40, which would take minutes."""


def read_groups(run: RunData) -> str:
    """The tables by group as HTML; empty without labels, or with too few people to compare groups."""
    if not run.labels:
        return ""
    try:
        found = groupings(run.labels)
        rows = by_group(run, found[:MOST_COLUMNS])
    except UserError:
        return ""
    remarks = table.remarks(run, rows, run.labels, left_out(run, rows))
    if more := [grouping.column for grouping in found[MOST_COLUMNS:]]:
        remarks.append(f"Not shown here: {', '.join(more)} (`fsrbench table RUN --by COLUMN`).")
    return table.render(run, rows, "html", remarks, MIN_PEOPLE)
