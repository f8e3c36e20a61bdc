"""A drift verdict as JSON, for scripts; the models define the fields."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from fsrbench.drift.verdict import Finding, Part, State, Verdict
from fsrbench.gate.as_json import json_text, number
from fsrbench.gate.findings import Refusal

SCHEMA_VERSION: Final = 1


class JsonFinding(BaseModel):
    """One finding; `null` stands for a missing number."""

    model_config = ConfigDict(extra="forbid")

    part: Part = Field(description="`inputs`, `outputs` or `outputs beyond inputs`")
    measure: str = Field(description="the measure or metric; `all together`: all outputs at once")
    state: State = Field(description="`moved`, `holds` or `cannot be told`")
    unit: str = Field(description="of the means")
    before: float | None = Field(description="the reference's mean; for KID 0, its mean by chance")
    after: float | None = Field(
        description="the window's mean, or KID; beyond inputs: `before` plus the shift at equal inputs"
    )
    effect: float | None = Field(description="the change in standard deviations of the reference's pictures")
    p: float | None = Field(description="probability of such a change by chance, not corrected")
    p_corrected: float | None = Field(description="the same, corrected over everything that was tested")
    spread: float | None = Field(
        default=None,
        description="interquartile range over the reference's, if the spread differs more than the level",
    )


class JsonVerdict(BaseModel):
    """A comparison as a whole."""

    model_config = ConfigDict(extra="forbid")

    schema_version: Literal[1] = Field(default=SCHEMA_VERSION, description="of this layout: 1")
    run: str = Field(description="the run's folder, or the one that is watched")
    reference: str = Field(description="the reference run's folder")
    method: str | None = Field(default=None, description="the method")
    exit_code: Literal[0, 1, 2] = Field(description="0 no drift, 1 drift, 2 cannot be compared")
    alpha: float | None = Field(default=None, description="the declared probability of an alarm by chance")
    parts: dict[Part, State] = Field(default_factory=dict, description="each part as a whole")
    pictures: int = Field(default=0, description="number in the run or window")
    reference_pictures: int = Field(default=0, description="number in the reference")
    overlap: float | None = Field(default=None, description="overlap of the inputs, 0 to 1")
    findings: list[JsonFinding] = Field(default_factory=list, description="one per part and measure")
    notes: list[str] = Field(default_factory=list, description="what was not compared, and what else differs")
    errors: list[str] = Field(default_factory=list, description="why it cannot be compared; then nothing was found")


def as_json(verdict: Verdict) -> str:
    """The JSON text."""
    return json_text(model(verdict))


def model(verdict: Verdict) -> JsonVerdict:
    """The verdict as its model."""
    return JsonVerdict(
        run=verdict.run,
        reference=verdict.reference,
        method=verdict.method,
        exit_code=1 if verdict.red else 0,
        alpha=verdict.alpha,
        parts={part: verdict.state(part) for part in Part},
        pictures=verdict.pictures,
        reference_pictures=verdict.reference_pictures,
        overlap=number(verdict.overlap),
        findings=[_finding(finding) for finding in verdict.findings],
        notes=verdict.notes,
    )


def refusal(refusal: Refusal) -> str:
    """The JSON text of what cannot be compared."""
    return json_text(
        JsonVerdict(run=str(refusal.run), reference=str(refusal.reference), exit_code=2, errors=refusal.reasons)
    )


def _finding(finding: Finding) -> JsonFinding:
    return JsonFinding(
        part=finding.part,
        measure=finding.name,
        state=finding.state,
        unit=finding.measure.unit,
        before=number(finding.before),
        after=number(finding.after),
        effect=number(finding.effect),
        p=number(finding.p),
        p_corrected=number(finding.p_corrected),
        spread=number(finding.spread),
    )
