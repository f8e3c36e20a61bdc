"""Secondary numbers of metrics, as Markdown: percentiles of latency, AUC and error rates, mean confidence."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from fsrbench.files.markdown import escape, markdown_table
from fsrbench.reports.tables.model import NO_VALUE
from fsrbench.runs.data import RunData
from fsrbench.runs.digits import significant
from fsrbench.runs.metric_info import MetricInfo

NAMES = {
    "auc": "area under the ROC curve",
    "eer": "equal error rate",
    "map": "mean average precision",
    "to_own_hr": "cosine with its HR",
    "to_nearest_other": "highest cosine with another's HR",
    "to_others": "mean cosine with others' HR",
    "nearest_to_own_share": "share nearest to its own HR",
    "mean_iou": "mean IoU with HR's box",
    "subset_std": "standard deviation of the subsets",
    "ratio": "ratio to the base method",
    "delta_lightness": "lightness L*, SR less HR",
    "delta_chroma": "chroma C*, SR less HR",
    "delta_ita_degrees": "ITA, degrees, SR less HR",
}
"""Names shown for details; others are shown by their own."""


@dataclass(frozen=True)
class DetailRow:
    """One detail of one metric."""

    metric: MetricInfo
    name: str
    cells: tuple[str, ...]
    """One for each of :func:`detail_methods`."""


def detail_methods(run: RunData) -> list[str]:
    """The rows of the summary that have details: the columns of their table."""
    return [row for row in run.rows if (run.details["method"] == row).any()]


def detail_rows(run: RunData) -> list[DetailRow]:
    """The details in the run's order, formatted."""
    methods = detail_methods(run)
    values = run.details.set_index(["metric", "detail", "method"])["value"]
    rows = []
    for metric, detail in dict.fromkeys(zip(run.details["metric"], run.details["detail"], strict=True)):
        info = run.metric(metric)
        cells = (_text(info, detail, float(values.get((metric, detail, row), math.nan))) for row in methods)
        rows.append(DetailRow(info, _name(detail), tuple(cells)))
    return rows


def has_gaps(rows: Iterable[DetailRow]) -> bool:
    """Whether some cell has no value."""
    return any(NO_VALUE in row.cells for row in rows)


def details_table(run: RunData) -> str:
    """A Markdown table with one row per detail and one column per method; empty without details."""
    if not len(run.details):
        return ""
    methods, rows = detail_methods(run), detail_rows(run)
    cells, last = [], ""
    for row in rows:
        heading = row.metric.heading if row.metric.name != last else ""
        cells.append([escape(text) for text in (heading, row.name, *row.cells)])
        last = row.metric.name
    table = markdown_table(["Metric", "", *map(escape, methods)], cells, "ll" + "r" * len(methods))
    dashes = f" ({NO_VALUE}: not available)" if has_gaps(rows) else ""
    return f"Details{dashes}:\n\n{table}\n"


def _name(detail: str) -> str:
    if detail.startswith("tar_at_far_"):
        return f"true accept rate at false accept rate {detail.removeprefix('tar_at_far_')}"
    if detail.startswith("tpir_at_fpir_"):
        return f"TPIR at FPIR {detail.removeprefix('tpir_at_fpir_').replace('_', ', ')}"
    return NAMES.get(detail, detail.replace("_", " "))


def _text(info: MetricInfo, detail: str, value: float) -> str:
    if math.isnan(value):
        return NO_VALUE
    return significant(value) if detail == "ratio" else f"{value * info.factor:.{info.digits}f}"
