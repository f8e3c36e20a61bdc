"""Legend texts for floor and ceiling, the rows of the LR and HR images."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fsrbench.reports.tables.model import NO_VALUE, Row
from fsrbench.runs.data import RunData
from fsrbench.runs.metric_info import MetricInfo
from fsrbench.runs.names import BOUNDS, LR


def about(row: Row, infos: Sequence[MetricInfo]) -> str:
    """What the row of the LR or HR images is, in the columns where it has a value."""
    shown = [info for info, cell in zip(infos, row.cells, strict=True) if cell.text != NO_VALUE] or infos
    without = dict.fromkeys(info.title for info in shown if not info.role_of(row.name))
    roles = {role: f"the {role}" for info in shown if (role := info.role_of(row.name))}
    role = ", ".join(roles.values()) or "for comparison"
    but = f" (in {' and '.join(without)} for comparison)" if roles and without else ""
    return f"{row.method}: {BOUNDS[row.name]}, {role}{but}, not ranked"


def without_number(rows: Iterable[Row], places: Sequence[tuple[RunData, str]]) -> str:
    """Why floor and ceiling have no number in some columns (they have no footnotes); empty if they have all.

    Args:
        rows: of the table.
        places: the run and the metric of each column.
    """
    silent = [
        row
        for row in rows
        if row.bound and any(row.name in run.rows and run.result(row.name, metric) is None for run, metric in places)
    ]
    if not silent:
        return ""
    restores = all(str(run.manifest.get("task")).endswith("x1") for run, _ in places if LR in run.rows)
    size = "" if restores or all(row.name != LR for row in silent) else " or with pictures of another size"
    names = " and ".join(row.method for row in silent)
    return f"{NO_VALUE} in {names}: not compared with itself{size}, and no method to time or count"
