"""A verdict as JUnit XML, which CI systems show as tests: one suite per method, one case per metric."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from fsrbench.gate.findings import Finding, Kind, Refusal, Verdict
from fsrbench.gate.text import details

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 does not allow, escaped or not."""


def junit(verdict: Verdict) -> str:
    """The XML: regressed and lost are failures, not gated is skipped, the rest passes with its numbers as output."""
    root = ElementTree.Element("testsuites", name="fsrbench check")
    for method in dict.fromkeys(finding.method for finding in verdict.findings):
        findings = [finding for finding in verdict.findings if finding.method == method]
        suite = ElementTree.SubElement(root, "testsuite", {"name": clean(method), **_counts(findings)})
        for finding in findings:
            _case(suite, finding)
    for key, value in _counts(verdict.findings).items():
        root.set(key, value)
    return xml_text(root)


def refusal(refusal: Refusal, command: str = "check") -> str:
    """The XML of a run that cannot be compared: one case in error for each reason."""
    counts = {"tests": str(len(refusal.reasons)), "failures": "0", "errors": str(len(refusal.reasons)), "skipped": "0"}
    root = ElementTree.Element("testsuites", name=f"fsrbench {command}", attrib=counts)
    suite = ElementTree.SubElement(root, "testsuite", {"name": "cannot be compared", **counts})
    for number, reason in enumerate(map(clean, refusal.reasons), 1):
        case = ElementTree.SubElement(suite, "testcase", name=f"reason {number}", classname=f"fsrbench.{command}")
        ElementTree.SubElement(case, "error", type="cannot be compared", message=reason).text = reason
    return xml_text(root)


def xml_text(root: ElementTree.Element) -> str:
    """An element as an indented document."""
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _counts(findings: list[Finding]) -> dict[str, str]:
    skipped = sum(finding.kind is Kind.SKIPPED for finding in findings)
    failures = sum(finding.red for finding in findings)
    return {"tests": str(len(findings)), "failures": str(failures), "errors": "0", "skipped": str(skipped)}


def _case(suite: ElementTree.Element, finding: Finding) -> None:
    name = finding.metric or "the method as a whole"
    case = ElementTree.SubElement(suite, "testcase", name=clean(name), classname=clean(f"fsrbench.{finding.method}"))
    message = clean("; ".join(details(finding)))
    if finding.red:
        failure = ElementTree.SubElement(case, "failure", type=str(finding.kind), message=f"{finding.kind}: {message}")
        failure.text = message
    elif finding.kind is Kind.SKIPPED:
        ElementTree.SubElement(case, "skipped", message=message)
    else:
        ElementTree.SubElement(case, "system-out").text = f"{finding.kind}: {message}"


def clean(text: str) -> str:
    """The text with a question mark for each character that XML forbids."""
    return _FORBIDDEN.sub("?", text)
