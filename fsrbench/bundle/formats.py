"""An outcome for people, for scripts (JSON) and for CI systems (JUnit)."""

from __future__ import annotations

from collections import Counter
from xml.etree import ElementTree

from pydantic import Field

from fsrbench.bundle.findings import Finding, Outcome, State, printable
from fsrbench.bundle.schema import Level, Line, Part, ResultVerdict
from fsrbench.gate import junit as gate
from fsrbench.gate.as_json import json_text
from fsrbench.gate.findings import Refusal


class JsonFinding(Part):
    """One check."""

    state: State = Field(description="`mismatch`, `not compared` or `agrees`")
    about: Line = Field(description="the result's track, or `bundle`")
    check: Line = Field(description="what was checked")
    text: Line = Field(description="the outcome, in words")


class JsonOutcome(Part):
    """A verification as a whole."""

    schema_version: int = Field(default=1, description="of this layout: 1")
    bundle: Line = Field(description="the bundle's file")
    exit_code: int = Field(description="0 verified, 1 something does not agree, 2 cannot be read or compared")
    level: Level = Field(description="how far it was recomputed")
    counts: dict[State, int] = Field(description="number of checks by state")
    findings: list[JsonFinding]
    results: list[ResultVerdict]
    errors: list[Line] = Field(default_factory=list, description="why it cannot be read; then nothing was checked")


def text(outcome: Outcome) -> str:
    """What does not agree and what could not be compared, line by line, and a summary."""
    shown = [*outcome.of(State.MISMATCH), *outcome.of(State.OPEN)]
    return "".join(f"{line}\n" for line in [*(finding.line for finding in shown), outcome.summary()])


def as_json(outcome: Outcome) -> str:
    """The JSON text."""
    counts = Counter(finding.state for finding in outcome.findings)
    return json_text(
        JsonOutcome(
            bundle=printable(str(outcome.path)),
            exit_code=1 if outcome.red else 0,
            level=outcome.level,
            counts={state: counts[state] for state in State},
            findings=[JsonFinding(state=f.state, about=f.about, check=f.check, text=f.text) for f in outcome.findings],
            results=outcome.results,
        )
    )


def json_refusal(refusal: Refusal) -> str:
    """The JSON text of a bundle that cannot be read."""
    level = Level.SELF_REPORTED
    found = JsonOutcome(
        bundle=printable(str(refusal.run)), exit_code=2, level=level, counts={}, findings=[], results=[]
    )
    return json_text(found.model_copy(update={"errors": refusal.reasons}))


def junit(outcome: Outcome) -> str:
    """The XML: one suite per result, one case per check; what was not compared is skipped."""
    root = ElementTree.Element("testsuites", name="fsrbench verify", attrib=_counts(outcome.findings))
    for about in dict.fromkeys(finding.about for finding in outcome.findings):
        findings = [finding for finding in outcome.findings if finding.about == about]
        suite = ElementTree.SubElement(root, "testsuite", {"name": gate.clean(about), **_counts(findings)})
        for finding in findings:
            _case(suite, finding)
    return gate.xml_text(root)


def junit_refusal(refusal: Refusal) -> str:
    """The XML of a bundle that cannot be read."""
    return gate.refusal(refusal, "verify")


def _counts(findings: list[Finding]) -> dict[str, str]:
    states = Counter(finding.state for finding in findings)
    failures, skipped = str(states[State.MISMATCH]), str(states[State.OPEN])
    return {"tests": str(len(findings)), "failures": failures, "errors": "0", "skipped": skipped}


def _case(suite: ElementTree.Element, finding: Finding) -> None:
    group, name = gate.clean(f"fsrbench.{finding.about}"), gate.clean(finding.check)
    case = ElementTree.SubElement(suite, "testcase", name=name, classname=group)
    message = gate.clean(finding.text)
    if finding.state is State.MISMATCH:
        ElementTree.SubElement(case, "failure", type=str(finding.state), message=message).text = message
    elif finding.state is State.OPEN:
        ElementTree.SubElement(case, "skipped", message=message)
    else:
        ElementTree.SubElement(case, "system-out").text = message
