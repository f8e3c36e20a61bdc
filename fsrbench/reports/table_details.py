"""The numbers beside the numbers, as Markdown: percentiles of latency, AUC and error rates, mean confidence."""

from __future__ import annotations

import math

from fsrbench.reports.data import MetricInfo, RunData
from fsrbench.reports.table_markdown import escape

NAMES = {
    "auc": "area under the ROC curve",
    "eer": "equal error rate",
    "mean_iou": "mean IoU with HR's box",
    "subset_std": "standard deviation of the subsets",
    "ratio": "ratio to the base method",
}
"""What details are called; others by their name."""


def details_table(run: RunData) -> str:
    """A Markdown table with a row a detail and a column a method; empty where the run has none."""
    if not len(run.details):
        return ""
    rows = [row for row in run.rows if (run.details["method"] == row).any()]
    values = run.details.set_index(["metric", "detail", "method"])["value"]
    lines = [
        "Details:",
        "",
        f"| Metric | | {' | '.join(map(escape, rows))} |",
        "| :--- | :--- |" + " ---: |" * len(rows),
    ]
    last = ""
    for metric, detail in dict.fromkeys(zip(run.details["metric"], run.details["detail"], strict=True)):
        info = run.metric(metric)
        cells = [_text(info, detail, float(values.get((metric, detail, row), math.nan))) for row in rows]
        heading = escape(info.heading) if metric != last else ""
        lines.append(f"| {heading} | {escape(_name(detail))} | {' | '.join(cells)} |")
        last = metric
    return "\n".join(lines) + "\n"


def _name(detail: str) -> str:
    if detail.startswith("tar_at_far_"):
        return f"true accept rate at false accept rate {detail.removeprefix('tar_at_far_')}"
    return NAMES.get(detail, detail.replace("_", " "))


def _text(info: MetricInfo, detail: str, value: float) -> str:
    if math.isnan(value):
        return "–"
    return f"{value:.3g}" if detail == "ratio" else f"{value * info.factor:.{info.digits}f}"
