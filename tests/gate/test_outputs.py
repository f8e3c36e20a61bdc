"""What a verdict looks like: text, JUnit, GitHub and JSON."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from made.gate import N, Values, psnr, verdict
from rich.console import Console

from fsrbench.gate import as_json, github, junit, text
from fsrbench.gate.findings import Finding, Kind, Refusal, Verdict
from fsrbench.runs.metric_info import MetricInfo

HITS = np.ones(N)
BEFORE: Values = {
    "psnr": {"scgan": psnr(1), "ours": psnr(), "gone": psnr(2)},
    "detection": {"ours": HITS},
    "latency_ms": {"scgan": 60.0, "ours": 5.0},
}
AFTER: Values = {
    "psnr": {"scgan": psnr(1) + 0.2, "ours": psnr() - 0.2, "new": psnr(3)},
    "detection": {"ours": HITS},
    "latency_ms": {"scgan": 6.0, "ours": 0.5},
}


@pytest.fixture(scope="module")
def red() -> Verdict:
    return verdict(BEFORE, AFTER, versions={"fsrbench": "0.1.0", "torch": "2.10.0"})


@pytest.fixture(scope="module")
def green() -> Verdict:
    return verdict(BEFORE, BEFORE)


def test_text_has_what_matters_first_and_the_verdict_last(red: Verdict) -> None:
    lines = text.plain(red).splitlines()
    assert [line.partition(":")[0] for line in lines[:4]] == ["regressed", "lost", "improved", "appeared"]
    assert lines[0].startswith(f"regressed: ours, PSNR: {psnr().mean():.3f} -> {psnr().mean() - 0.2:.3f} dB (-0.200, ")
    assert "may lose 0.005, p = " in lines[0]
    assert lines[1] == "lost: gone: not in this run"
    assert lines[4] == "note: torch 2.9.0 -> 2.10.0"
    assert lines[5] == "regressed: 1 regressed, 1 lost, 1 improved, 1 appeared, 2 holds"
    assert lines[6] == "if this is meant: fsrbench check run --against reference.json --update"
    assert len(lines) == 7


def test_text_of_what_holds_is_one_line(green: Verdict) -> None:
    assert text.plain(green) == "holds: 5 holds\n"


def test_fractions_are_shown_as_per_cent() -> None:
    finding = next(f for f in verdict(BEFORE, {**BEFORE, "detection": {"ours": HITS * 0.5}}).findings if f.red)
    assert "100.0 -> 50.0 % (-50.0, may lose 1.0, p = " in finding.numbers()


def test_more_is_worse_is_said_as_such() -> None:
    slower: Values = {**BEFORE, "latency_ms": {"scgan": 60.0, "ours": 15.0}}
    assert "0.083 -> 0.250 x scgan (+0.167, may gain 0.083)" in text.plain(verdict(BEFORE, slower))


def test_terminal_gets_a_table(red: Verdict) -> None:
    for width in (40, 80, 160):
        screen = io.StringIO()
        text.print_verdict(red, Console(file=screen, force_terminal=True, width=width, color_system=None))
        shown = screen.getvalue()
        assert "Method" in shown
        assert shown.index("regressed") < shown.index("lost") < shown.index("improved")
        assert "1 regressed, 1 lost" in " ".join(shown.split())


def test_not_a_terminal_gets_lines_of_any_length(red: Verdict) -> None:
    screen = io.StringIO()
    text.print_verdict(red, Console(file=screen, width=20))
    assert screen.getvalue() == text.plain(red)


def test_junit_is_a_suite_a_method_and_a_case_a_metric(red: Verdict) -> None:
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


def nasty(note: str) -> Verdict:
    finding = Finding(Kind.LOST, 'python:a.b:<C> & "d"', "", note=note)
    return replace(verdict(BEFORE, BEFORE), findings=[finding], notes=[note])


def test_junit_survives_any_text() -> None:
    note = 'a <b> & "c" \x00\x1b[31m \ud800 ]]>'
    root = ElementTree.fromstring(junit.junit(nasty(note)).encode())
    failure = root.find("./testsuite/testcase/failure")
    assert failure is not None
    assert failure.text == 'a <b> & "c" ??[31m ? ]]>'
    assert root[0].get("name") == 'python:a.b:<C> & "d"'


def test_github_annotates_errors_and_notices(red: Verdict) -> None:
    lines = github.commands(red).splitlines()
    assert lines[0].startswith("::error title=regressed%3A ours%2C PSNR::")
    assert lines[1] == "::error title=lost%3A gone::not in this run"
    assert lines[2].startswith("::notice title=improved%3A scgan%2C PSNR::")
    assert lines[4] == "::notice title=fsrbench check::torch 2.9.0 -> 2.10.0"
    assert lines[5].startswith("regressed: ")


@pytest.mark.parametrize(
    ("title", "message", "command"),
    [
        ("a", "b", "::error title=a::b"),
        ("100 %, a: b", "100 %, a: b", "::error title=100 %25%2C a%3A b::100 %25, a: b"),
        ("a\r\nb", "a\r\nb", "::error title=a%0D%0Ab::a%0D%0Ab"),
        ("%0A", "::error::%3A", "::error title=%250A::::error::%253A"),
    ],
)
def test_github_escapes(title: str, message: str, command: str) -> None:
    assert github.annotation("error", title, message) == command


def test_github_never_breaks_a_line() -> None:
    assert len(github.commands(nasty("a\nb\r::error::c")).splitlines()) == 3


def many(regressed: int, lost: int, improved: int = 0) -> Verdict:
    """Findings of which the last regressed is the worst."""
    info = MetricInfo.declared("psnr", "PSNR", "dB", "higher", 2)
    kinds = [Kind.REGRESSED] * regressed + [Kind.LOST] * lost + [Kind.IMPROVED] * improved
    findings = [
        Finding(kind, f"m{i}", "psnr", info, 30.0, 30.0 - i / 10, 0.05, note="gone" if kind is Kind.LOST else "")
        for i, kind in enumerate(kinds, 1)
    ]
    return replace(verdict(BEFORE, BEFORE), findings=findings)


@pytest.mark.parametrize(("regressed", "lost"), [(10, 0), (11, 0), (25, 5), (3, 12)])
def test_github_gets_no_more_errors_than_it_shows_the_worst_first(regressed: int, lost: int) -> None:
    lines = github.commands(many(regressed, lost)).splitlines()
    errors = [line for line in lines if line.startswith("::error ")]
    assert len(errors) == 10
    worst = errors if regressed + lost <= 10 else errors[1:]
    named = [line.partition("%3A ")[2].partition("%2C")[0] for line in worst]
    assert named[: min(regressed, 9)] == [f"m{i}" for i in range(regressed, max(0, regressed - 9), -1)]
    if regressed + lost > 10:
        assert f"{regressed} regressed" in errors[0]
        assert f"of {regressed + lost} follow" in errors[0]
    log = [line for line in lines if line.startswith("  ")]
    assert len(log) == regressed + lost - len(worst)  # nothing is lost


def test_github_limits_notices_and_notes_together_and_apart_from_errors() -> None:
    found = replace(many(1, 0, improved=8), notes=[f"note {i}" for i in range(6)])
    lines = github.commands(found).splitlines()
    assert len([line for line in lines if line.startswith("::error ")]) == 1
    notices = [line for line in lines if line.startswith("::notice ")]
    assert len(notices) == 10
    assert "8 improved" in notices[0]
    assert [line for line in lines if line.startswith("  ")][-1] == "  fsrbench check: note 5"


def test_github_log_lines_are_no_commands() -> None:
    found = replace(many(12, 0), findings=[replace(f, note="a\n::error::b") for f in many(12, 0).findings])
    lines = github.commands(found).splitlines()
    assert len([line for line in lines if line.startswith("::")]) == 10
    assert len(lines) == 10 + 3 + 1


def test_github_limits_refusals() -> None:
    lines = github.refusal(Refusal(Path("run"), Path("r.json"), [f"reason {i}" for i in range(30)])).splitlines()
    assert len([line for line in lines if line.startswith("::error ")]) == 10
    assert "30 reasons" in lines[0]
    assert lines[-1].endswith("reason 29")


def test_github_summary_is_a_table(red: Verdict) -> None:
    lines = github.summary(red).splitlines()
    assert lines[0] == "### fsrbench check: ❌ regressed: 1 regressed, 1 lost, 1 improved, 1 appeared, 2 holds"
    rows = [line for line in lines if line.startswith("| ")]
    assert rows[2].startswith("| regressed | ours | PSNR | ")
    assert all(row.count("|") == 5 for row in rows)


def test_github_summary_keeps_its_cells() -> None:
    row = next(line for line in github.summary(nasty("a | b\n<script>")).splitlines() if line.startswith("| lost"))
    assert "a \\| b &lt;script>" in row


def test_json_follows_its_schema(red: Verdict) -> None:
    told = as_json.JsonVerdict.model_validate_json(as_json.as_json(red))
    assert told.exit_code == 1
    assert told.counts[Kind.REGRESSED] == 1
    assert told.counts[Kind.CHANCE] == 0
    first = told.findings[0]
    assert (first.kind, first.method, first.metric, first.unit) == (Kind.REGRESSED, "ours", "psnr", "dB")
    assert first.change == pytest.approx(-0.2, abs=1e-4)
    assert first.ci_low is not None
    assert first.ci_high is not None
    assert first.ci_low <= -0.2 + 1e-4
    gone = next(f for f in told.findings if f.method == "gone")
    assert (gone.metric, gone.before, gone.p) == (None, None, None)


def test_json_gives_fractions_as_fractions() -> None:
    told = json.loads(as_json.as_json(verdict(BEFORE, {**BEFORE, "detection": {"ours": HITS * 0.5}})))
    finding = next(f for f in told["findings"] if f["metric"] == "detection")
    assert (finding["after"], finding["unit"]) == (0.5, "fraction")
