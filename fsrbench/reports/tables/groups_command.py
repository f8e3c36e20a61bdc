"""``fsrbench table --by`` and ``compare --by``: from the user's arguments to the text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fsrbench.errors import UserError, one_of
from fsrbench.reports.tables import groups as table
from fsrbench.reports.tables.build import open_arranged
from fsrbench.reports.tables.layout import Layout, read_layout
from fsrbench.runs.by_group import by_group, compare_by_group, left_out
from fsrbench.runs.data import RunData
from fsrbench.runs.grouping import groupings, labels_of

_ALIASES = {"terminal": "text"}


def group_table(
    runs: Sequence[str],
    format: str,
    by: str | None,
    groups: Path | None,
    min_people: int,
    layout: Path | None = None,
    columns: Sequence[str] | None = None,
    rows: Sequence[str] | None = None,
) -> str:
    """The tables by group of one run.

    Args:
        runs: its folder, alone.
        format: md, tex, csv, html, or text (terminal).
        by: columns of labels, with edges; see :func:`fsrbench.runs.grouping.groupings`.
        groups: a file of labels besides the run's own.
        min_people: groups of fewer people are not ranked.
        layout: YAML file; see :class:`fsrbench.reports.tables.layout.Layout`.
        columns, rows: metrics and methods to show.

    Raises:
        UserError: the run, the labels or an argument cannot be used.
    """
    if len(runs) > 1:
        raise UserError("--by takes one run")
    asked = (read_layout(layout) if layout else Layout()).changed(columns, rows)
    run = open_arranged(Path(runs[0]), asked)
    metrics = [metric.name for metric in asked.metrics] if asked.metrics is not None else None
    return _rendered(run, format, by, groups, min_people, metrics)


def group_comparison(
    run: RunData, base: str, format: str, by: str | None, groups: Path | None, min_people: int, seed: int,
    metrics: Sequence[str] | None = None,
) -> str:  # fmt: skip
    """As :func:`group_table`, for the differences of all other methods from ``base``."""
    return _rendered(run, format, by, groups, min_people, metrics, base, seed)


def _rendered(
    run: RunData, format: str, by: str | None, groups: Path | None, min_people: int,
    metrics: Sequence[str] | None, base: str = "", seed: int = 0,
) -> str:  # fmt: skip
    kind = one_of("format with --by", _ALIASES.get(format, format), table.FORMATS)
    labels = labels_of(run, groups)
    found = groupings(labels, by)
    if base:
        rows = compare_by_group(run, found, base, metrics, None, min_people, seed)
    else:
        rows = by_group(run, found, metrics, None, min_people, seed)
    return table.render(run, rows, kind, table.remarks(run, rows, labels, left_out(run, rows, metrics)), min_people)
