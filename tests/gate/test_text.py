"""The gate's verdict for people, in a terminal or a log."""

from __future__ import annotations

import io

import pytest
from made.gate import Values, psnr, verdict
from made.verdicts import BEFORE, HITS
from rich.console import Console

from fsrbench.gate import text
from fsrbench.gate.findings import Verdict


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
    assert lines[6] == "if this is intended: fsrbench check run --against reference.json --update"
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
