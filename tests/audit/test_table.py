"""The audit's tables, in Markdown and in a terminal."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

import pytest
from made.findings import PROTOCOLS, made_up, without
from rich.console import Console

from fsrbench.audit.findings import Findings
from fsrbench.audit.table import TerminalAudit, difference, markdown
from fsrbench.runs.metric_info import MetricInfo


def printed(found: Findings, width: int) -> str:
    text = StringIO()
    Console(file=text, width=width).print(TerminalAudit(found))
    return text.getvalue()


def test_markdown_has_every_value_and_every_recipe() -> None:
    report = markdown(made_up())
    assert "| colour | Y, 16–235 | 0.51 (+0.01) | 0.61 (+0.01) | 0.71 (+0.01) |" in report
    assert "| confidence | confidence 0.5 |" in report
    for protocol in PROTOCOLS:
        assert f"{protocol.metric}, {protocol.name}: " in report.replace("\\", "")
    assert "| PSNR (dB) | bicubic | 0.50 (default) | 0.95 (LR: skimage rescale) | 0.50 | 0.45 |" in report


def test_tables_are_well_formed() -> None:
    for block in markdown(made_up()).split("\n\n"):
        lines = [line for line in block.splitlines() if line.startswith("|")]
        assert len({line.replace("\\|", "").count("|") for line in lines}) <= 1


def test_rates_are_in_per_cent() -> None:
    assert "| Detection (%) | bicubic | 50.0 (" in markdown(made_up())


def test_a_change_of_the_ranking_is_reported_with_its_numbers() -> None:
    report = markdown(made_up(("bicubic", "scgan"), ("psnr",)))
    assert "- PSNR: scgan 0.60 > bicubic 0.50 by default" in report.replace("&gt;", ">")
    assert "- PSNR: bicubic 0.95 > scgan " in report
    assert "with LR: skimage rescale" in report


def test_what_no_test_tells_apart_is_not_ranked() -> None:
    found = replace(made_up(("bicubic", "scgan"), ("psnr",)), apart=frozenset())
    report = markdown(found)
    assert "- PSNR: scgan 0.60 ≈ bicubic 0.50 by default; no two methods change places" in report
    assert found.reordered("psnr") == []


def test_an_unchanged_ranking_is_reported_and_one_method_has_none() -> None:
    two = made_up(("bicubic", "scgan"), ("psnr",))
    calm = Findings(two.setting, two.listed, two.metrics, two.images, two.protocols[:3], two.rows)
    assert "by default; no two methods change places under any other" in markdown(calm)
    assert "Ranking" not in markdown(made_up(("bicubic",)))


def test_missing_results_are_reported_once_and_have_no_table() -> None:
    report = markdown(without(made_up(), "niqe", "get the weights"))
    assert report.count("get the weights") == 1
    assert "NIQE, bicubic, scgan, python:my.package.module:LongClassName, hr: unavailable: get the weights" in report
    assert "\n## NIQE ↓\n" in markdown(made_up())
    assert "\n## NIQE ↓\n" not in report
    assert "\n## NIQE (face) ↓\n" in report


@pytest.mark.parametrize("width", [60, 80, 200])
def test_the_terminal_cuts_no_number(width: int) -> None:
    shown = printed(made_up(("bicubic", "scgan")), width)
    assert "0.61" in shown
    assert "…" not in shown
    assert max(len(line) for line in shown.splitlines()) <= width


@pytest.mark.parametrize(
    ("value", "text"), [(1.234, "+1.23"), (-1.2, "−1.20"), (0.0, "±0.00"), (0.004, "±0.00"), (-0.004, "±0.00")]
)
def test_differences_have_a_sign(value: float, text: str) -> None:
    assert difference(MetricInfo.declared("psnr", "PSNR", "dB", "higher", 2), value) == text
