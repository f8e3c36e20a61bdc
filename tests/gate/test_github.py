"""The gate's verdict as annotations and a summary of GitHub."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from made.gate import verdict
from made.verdicts import BEFORE, nasty

from fsrbench.gate import github
from fsrbench.gate.findings import Finding, Kind, Refusal, Verdict
from fsrbench.runs.metric_info import MetricInfo


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


def test_github_log_lines_are_not_commands() -> None:
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


def test_github_summary_shows_only_the_command_as_code(red: Verdict) -> None:
    (line,) = (line for line in github.summary(red).splitlines() if "--update" in line)
    assert line.startswith("if this is intended: `fsrbench check ")
    assert line.endswith(" --update`")
