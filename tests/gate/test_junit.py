"""The gate's verdict as JUnit XML."""

from __future__ import annotations

from xml.etree import ElementTree

from made.gate import verdict
from made.verdicts import BEFORE, nasty

from fsrbench.gate import junit
from fsrbench.gate.findings import Verdict


def test_junit_has_a_suite_per_method_and_a_case_per_metric(red: Verdict) -> None:
    root = ElementTree.fromstring(junit.junit(red))
    assert root.tag == "testsuites"
    suites = {suite.get("name"): suite for suite in root}
    assert set(suites) == {"ours", "scgan", "gone", "new"}
    cases = {case.get("name"): case for case in suites["ours"]}
    assert set(cases) == {"psnr", "detection", "latency_ms"}
    failure = cases["psnr"].find("failure")
    assert failure is not None
    assert failure.get("type") == "regressed"
    assert "dB" in (failure.text or "")
    assert cases["detection"].find("failure") is None
    assert suites["ours"].get("tests") == "3"
    assert (root.get("tests"), root.get("failures"), root.get("skipped"), root.get("errors")) == ("6", "2", "0", "0")


def test_junit_skips_what_is_not_gated() -> None:
    found = verdict(BEFORE, BEFORE, machine={"cpu": "a processor", "device": "a large one"})
    root = ElementTree.fromstring(junit.junit(found))
    assert root.get("skipped") == "1"
    assert len(root.findall("./testsuite/testcase/skipped")) == 1


def test_junit_survives_any_text() -> None:
    note = 'a <b> & "c" \x00\x1b[31m \ud800 ]]>'
    root = ElementTree.fromstring(junit.junit(nasty(note)).encode())
    failure = root.find("./testsuite/testcase/failure")
    assert failure is not None
    assert failure.text == 'a <b> & "c" ??[31m ? ]]>'
    assert root[0].get("name") == 'python:a.b:<C> & "d"'
