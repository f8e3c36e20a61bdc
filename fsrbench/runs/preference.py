"""Human preference in a run's folder: ``preference.json``, which a study's scores are written to.

It is a separate file, because running again overwrites the other files; it names the judged pictures, because those may
change.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, get_args

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fsrbench.errors import UserError, one_line, requirement
from fsrbench.files.atomic import whole
from fsrbench.files.text import read_text
from fsrbench.runs.columns import SUMMARY_COLUMNS
from fsrbench.runs.names import BOUNDS

if TYPE_CHECKING:
    from fsrbench.runs.pictures import KeptRow

FILE: Final = "preference.json"
Judged = Literal["preference", "preference_identity"]
JUDGED: Final = get_args(Judged)
"""The metrics that people measure and no run can reproduce."""
Share = Annotated[float, Field(ge=0, le=1)]


class Preferred(BaseModel):
    """One method's number."""

    model_config = ConfigDict(extra="forbid", strict=True)

    method: str
    value: Share
    ci_low: Share | None
    ci_high: Share | None
    n: Annotated[int, Field(ge=1)]


class JudgedMetric(BaseModel):
    """The results of one question."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: Judged
    title: str
    protocol: str
    note: str
    rows: list[Preferred]


class Preference(BaseModel):
    """The content of the file."""

    model_config = ConfigDict(extra="forbid", strict=True)

    schema_version: Literal[1] = 1
    study: str
    pictures: dict[str, str]
    """By method: the key of its pictures in the index of ``images/``."""
    metrics: list[JudgedMetric]


def write_preference(path: Path, study: str, methods: Sequence[str], metrics: Sequence[JudgedMetric]) -> Path:
    """Write the file into a run's folder.

    Args:
        path: the run's folder.
        study: the study's hash.
        methods: those whose pictures were judged.
        metrics: their numbers.
    """
    rows = _kept_rows(path)
    found = Preference(study=study, pictures={m: rows[m].key for m in methods}, metrics=list(metrics))
    with whole(path / FILE) as part:
        part.write_text(json.dumps(found.model_dump(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path / FILE


def with_preference(path: Path, summary: pd.DataFrame, manifest: dict[str, Any]) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Summary and manifest of a run, with human preference added if its folder has it.

    Raises:
        UserError: the file is not what a study writes.
    """
    if not (path / FILE).is_file():
        return summary, manifest
    found = _read(path / FILE)
    if twice := {metric.name for metric in found.metrics} & set(summary["metric"]):
        raise UserError(f"{path / FILE}: {', '.join(sorted(twice))}: also in summary.csv; rename the run's own metric")
    kept = _kept_rows(path)
    changed = {m for m, key in found.pictures.items() if m not in kept or kept[m].key != key}
    methods = [name for name in summary["method"].unique() if name not in BOUNDS]
    rows = [row for metric in found.metrics for row in _rows(metric, methods, found.study, changed)]
    entries = {
        metric.name: {"title": metric.title, "unit": "fraction", "direction": "higher", "digits": 1}
        for metric in found.metrics
    }
    protocols = {metric.name: metric.protocol for metric in found.metrics}
    more = {name: _section(manifest, name) | new for name, new in (("metrics", entries), ("protocols", protocols))}
    added = pd.DataFrame(rows, columns=list(SUMMARY_COLUMNS))
    return pd.concat([summary, added], ignore_index=True) if len(added) else summary, manifest | more


def _kept_rows(path: Path) -> dict[str, KeptRow]:
    from fsrbench.runs.pictures import PictureFolder  # imports Pillow, which tables do not need

    return PictureFolder(path / "images").read_index().rows


def _section(manifest: Mapping[str, Any], name: str) -> dict[str, Any]:
    section = manifest.get(name)
    return dict(section) if isinstance(section, Mapping) else {}


def _rows(metric: JudgedMetric, methods: Sequence[str], study: str, changed: set[str]) -> list[dict[str, Any]]:
    """Rows of the summary."""
    by_method = {row.method: row for row in metric.rows}
    shared = {"metric": metric.name, "unit": "fraction", "direction": "higher"}
    rows = []
    for method in (*methods, *(bound for bound in BOUNDS if bound in by_method)):
        row = by_method.get(method)
        numbers = dict.fromkeys(("value", "ci_low", "ci_high"), math.nan) | {"n": 0.0}
        status, note = "invalid", "not in the preference study"
        if row and changed:
            note = f"pictures of {', '.join(sorted(changed))} are not those that were judged"
        elif row:
            ends = {
                name: math.nan if end is None else end
                for name, end in (("ci_low", row.ci_low), ("ci_high", row.ci_high))
            }
            numbers, status, note = {"value": row.value, **ends, "n": float(row.n)}, "ok", metric.note
        rows.append({"method": method, **shared, **numbers, "status": status, "note": note})
    return rows


def _read(path: Path) -> Preference:
    try:
        return Preference.model_validate(json.loads(read_text(path)))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UserError(f"{path}: {where[:80]}: {requirement(first)[:200]}") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path}: not valid JSON: {one_line(error)}") from None
