"""The table of numbers from papers, shown beside a run's measured table and never in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from fsrbench.reports.tables.model import NO_VALUE, Cell, Column, Row, Table
from fsrbench.reports.tables.published import Entry, PublishedRow, load_published
from fsrbench.runs.data import RunData
from fsrbench.runs.metric_info import MetricInfo

MARKS = {"verified": "†", "unverified": "‡"}
"""The sign after every reported number, by the status of its entry."""

EntryRow = tuple[Entry, PublishedRow]


def fitting(run: RunData, metrics: Sequence[MetricInfo]) -> tuple[list[MetricInfo], list[EntryRow]]:
    """The published rows of the run's task that have a number for at least one of ``metrics``.

    Returns:
        The metrics with a number in any of these rows, and the rows in the file's order. PSNR adds the papers' PSNR on
        Y as a separate metric: many papers report no other.
    """
    wanted = _with_psnr_y(metrics)
    names = {metric.name for metric in wanted}
    entries = [entry for entry in load_published() if entry.task == run.manifest.get("task")]
    found = [(entry, row) for entry in entries for row in entry.rows if names & set(row.values)]
    reported = {name for _, row in found for name in row.values}
    return [metric for metric in wanted if metric.name in reported], found


def _with_psnr_y(metrics: Sequence[MetricInfo]) -> list[MetricInfo]:
    if any(metric.name == "psnr_y" for metric in metrics):
        return list(metrics)
    wider = []
    for metric in metrics:
        wider.append(metric)
        if metric.name == "psnr":
            wider.append(replace(metric, name="psnr_y", title="PSNR-Y"))
    return wider


def number(row: PublishedRow, metric: MetricInfo) -> str:
    """The number as in the file, with its unit only if the column has another; empty if there is none."""
    reported = row.values.get(metric.name)
    if reported is None:
        return ""
    return reported.text if reported.unit == metric.unit else f"{reported.text} {reported.unit}".rstrip()


def none_fits(run: RunData, metrics: Sequence[MetricInfo]) -> str:
    """The line that replaces a table without rows."""
    names = ", ".join(metric.name for metric in metrics)
    return f"Published rows: none for task {run.manifest.get('task')} with {names or 'no metric'}."


def published_table(run: RunData, metrics: Sequence[MetricInfo]) -> Table | None:
    """What papers reported for the run's task and metrics, as they print it and in the file's order.

    Args:
        run: the run; only its task matters.
        metrics: the metrics asked for.

    Returns:
        A table without ranks whose footnotes are the sources, or None where no row fits.
    """
    columns, found = fitting(run, metrics)
    if not found:
        return None
    sources = list(dict.fromkeys(entry.description for entry, _ in found))
    return Table(
        columns=tuple(Column(metric) for metric in columns),
        rows=tuple(_row(entry, row, columns, sources.index(entry.description) + 1) for entry, row in found),
        legend=_legend([entry for entry, _ in found]),
        footnotes=tuple(sources),
        left_out=(),
        facts=(
            f"Task {run.manifest.get('task')}. Each paper's own data, LR and protocol: "
            "not measured here, not ranked, not comparable with the measured table or with each other"
        ),
        methods=(),
        protocols=(),
        title="Published numbers, as papers report them",
        headings=("Method", "Reported by", "Data"),
    )


def _row(entry: Entry, row: PublishedRow, columns: Sequence[MetricInfo], source: int) -> Row:
    texts = [number(row, metric) for metric in columns]
    cells = tuple(Cell(text + MARKS[entry.status] if text else NO_VALUE) for text in texts)
    return Row(row.method, cells, details=(entry.paper.cite, row.dataset), notes=(source,))


def _legend(entries: Sequence[Entry]) -> str:
    meanings = {
        "verified": "read where the paper's authors publish it",
        "unverified": "second-hand, not verified",
    }
    used = {entry.status for entry in entries}
    return "; ".join(f"{MARKS[status]} {meaning}" for status, meaning in meanings.items() if status in used)
