"""A verdict as JSON, for scripts; the models define the fields."""

from __future__ import annotations

import json
import math
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from fsrbench.gate.findings import Finding, Kind, Refusal, Verdict
from fsrbench.runs.metric_info import MetricInfo

SCHEMA_VERSION: Final = 1


class JsonFinding(BaseModel):
    """One finding; numbers in the metric's unit, `null` where there is none."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind = Field(description="what became of the number")
    method: str = Field(description="the method; `hr` is the ceiling, `lr` the floor")
    metric: str | None = Field(description="the metric; `null`: the method as a whole")
    unit: str | None = Field(description="the unit of the numbers; `fraction` is in [0, 1]")
    direction: str | None = Field(description="`higher` or `lower` is better")
    before: float | None = Field(description="the reference's value")
    after: float | None = Field(description="the run's value")
    change: float | None = Field(description="after minus before")
    allowed: float | None = Field(description="how far it may get worse")
    ci_low: float | None = Field(description="95 % interval of the change over people, lower end; where tested")
    ci_high: float | None = Field(description="upper end")
    p: float | None = Field(description="probability of such a change by chance; where tested")
    p_corrected: float | None = Field(description="the same, corrected for the number of tests")
    n: int = Field(description="scores, pairs or queries behind the run's value")
    note: str = Field(description="the reason, in words")


class JsonVerdict(BaseModel):
    """A check as a whole."""

    model_config = ConfigDict(extra="forbid")

    schema_version: Literal[1] = Field(default=SCHEMA_VERSION, description="of this layout: 1")
    run: str = Field(description="the run's folder")
    reference: str = Field(description="the reference's file")
    exit_code: Literal[0, 1, 2] = Field(description="0 holds, 1 regressed, 2 cannot be compared")
    counts: dict[Kind, int] = Field(description="number of findings by kind")
    findings: list[JsonFinding] = Field(description="all of them, by kind, then by method and metric")
    notes: list[str] = Field(description="what differs and need not be the same")
    errors: list[str] = Field(default_factory=list, description="why it cannot be compared; then nothing was found")


def as_json(verdict: Verdict) -> str:
    """The JSON text."""
    model = JsonVerdict(
        run=str(verdict.run),
        reference=str(verdict.reference),
        exit_code=1 if verdict.red else 0,
        counts={kind: len(verdict.of(kind)) for kind in Kind},
        findings=[_finding(finding) for finding in verdict.findings],
        notes=verdict.notes,
    )
    return json_text(model)


def refusal(refusal: Refusal) -> str:
    """The JSON text of a run that cannot be compared."""
    run, against = str(refusal.run), str(refusal.reference)
    return json_text(
        JsonVerdict(run=run, reference=against, exit_code=2, counts={}, findings=[], notes=[], errors=refusal.reasons)
    )


def json_text(model: BaseModel) -> str:
    """A model as an indented JSON document."""
    return json.dumps(model.model_dump(mode="json"), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _finding(finding: Finding) -> JsonFinding:
    info, paired = finding.info, finding.paired
    return JsonFinding(
        kind=finding.kind,
        method=finding.method,
        metric=finding.metric or None,
        unit=_unit(info) if info else None,
        direction=info.direction if info else None,
        before=number(finding.before),
        after=number(finding.after),
        change=number(finding.change),
        allowed=number(finding.allowed),
        ci_low=number(paired.ci_low) if paired else None,
        ci_high=number(paired.ci_high) if paired else None,
        p=number(paired.p) if paired else None,
        p_corrected=number(finding.p_corrected),
        n=finding.n,
        note=finding.note,
    )


def _unit(info: MetricInfo) -> str:
    """The unit of the files, not the one shown."""
    return info.unit if info.factor == 1 else "fraction"


def number(value: float) -> float | None:
    """The value, or `None` for what JSON cannot hold: NaN and infinities."""
    return value if math.isfinite(value) else None
