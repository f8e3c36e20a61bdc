"""``fsrbench table``: from the user's arguments to the text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fsrbench.errors import one_of
from fsrbench.reports.tables.layout import NOTES, Layout, read_layout
from fsrbench.reports.tables.render import FORMATS, render_runs
from fsrbench.reports.tables.sources import open_runs


def table(
    runs: Sequence[str],
    format: str = "md",
    layout: Path | None = None,
    columns: Sequence[str] | None = None,
    rows: Sequence[str] | None = None,
    intervals: bool = False,
    notes: str | None = None,
    sweep: bool = False,
    published: bool = False,
    standalone: bool = False,
) -> str:
    """The table of one or more runs.

    Args:
        runs: their folders, each as ``RUN`` or ``NAME=RUN``.
        format: one of :data:`FORMATS`.
        layout: YAML file; see :class:`fsrbench.reports.tables.layout.Layout`.
        columns, rows: metrics and methods to show, in this order; override the layout's.
        intervals: also show 95 % intervals.
        notes: full, short or none; overrides the layout's.
        sweep, published, standalone: see :func:`fsrbench.reports.tables.render.render_runs`.

    Raises:
        UserError: a run cannot be read, or an argument is unknown or not allowed.
    """
    kept = one_of("notes", notes, NOTES) if notes is not None else None
    requested = (read_layout(layout) if layout else Layout()).changed(columns, rows, intervals, kept)
    sources = open_runs(runs, requested.runs)
    return render_runs(sources, one_of("format", format, FORMATS), requested, sweep, published, standalone)
