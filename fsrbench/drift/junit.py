"""A drift verdict as JUnit XML: one suite per part, one case per measure."""

from __future__ import annotations

from xml.etree import ElementTree

from fsrbench.drift.verdict import Finding, Part, State, Verdict
from fsrbench.gate import junit as gate
from fsrbench.gate.findings import Refusal


def junit(verdict: Verdict) -> str:
    """The XML: what moved is a failure, what cannot be told is skipped, the rest passes with its numbers as output."""
    root = ElementTree.Element("testsuites", name="fsrbench drift", attrib=_counts(verdict.findings))
    for part in Part:
        if found := verdict.of(part):
            suite = ElementTree.SubElement(root, "testsuite", {"name": str(part), **_counts(found)})
            for finding in found:
                _case(suite, finding, verdict)
    return gate.xml_text(root)


def refusal(refusal: Refusal) -> str:
    """The XML of what cannot be compared: one case in error for each reason."""
    return gate.refusal(refusal, "drift")


def _counts(findings: list[Finding]) -> dict[str, str]:
    states = [finding.state for finding in findings]
    failures, skipped = states.count(State.MOVED), states.count(State.OPEN)
    return {"tests": str(len(states)), "failures": str(failures), "errors": "0", "skipped": str(skipped)}


def _case(suite: ElementTree.Element, finding: Finding, verdict: Verdict) -> None:
    group = gate.clean(f"fsrbench.{verdict.method}.{finding.part}")
    case = ElementTree.SubElement(suite, "testcase", name=gate.clean(finding.name), classname=group)
    message = gate.clean(f"{finding.measure.title}: {finding.numbers()}")
    if finding.state is State.MOVED:
        ElementTree.SubElement(case, "failure", type=str(finding.state), message=message).text = message
    elif finding.state is State.OPEN:
        ElementTree.SubElement(case, "skipped", message=message)
    else:
        ElementTree.SubElement(case, "system-out").text = message
