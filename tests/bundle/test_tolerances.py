"""The table of tolerances is the one that the documentation shows."""

from __future__ import annotations

import re

import pytest
from made.places import ROOT

from fsrbench.bundle.known import KNOWN, Kind
from fsrbench.bundle.tolerances import OTHERWISE, RATES, TOLERANCES, Tolerance, tolerance

PAGE = ROOT / "docs" / "submitting.md"


def in_words(allowed: Tolerance) -> str:
    """As the page writes it."""
    parts = [f"{allowed.abs:.5f}".rstrip("0").rstrip(".")] if allowed.abs > 1e-6 * 20 or allowed.rel else []
    parts = [part for part in parts if part != "0"]
    parts += [f"{100 * allowed.rel:.4f}".rstrip("0").rstrip(".") + " %"] if allowed.rel else []
    return " or ".join(parts)


def rows() -> dict[str, tuple[str, str]]:
    """The page's table by metric."""
    text = PAGE.read_text(encoding="utf-8").partition("## Tolerances")[2].partition("\n\nNumbers")[0]
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")
    ]
    return {name: (cells[1], cells[2]) for cells in cells[2:] for name in re.findall(r"`([^`]+)`", cells[0])}


@pytest.mark.parametrize("metric", [name for name in TOLERANCES if KNOWN[name].kind is not Kind.SPEED])
def test_the_page_has_the_table(metric: str) -> None:
    shown = tuple(cell.removesuffix(" dB") for cell in rows()[metric])
    assert shown == (in_words(TOLERANCES[metric]), in_words(TOLERANCES[metric].of_running()))


def test_the_page_has_what_is_for_the_rest() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert f"| others | {in_words(OTHERWISE)} | {in_words(OTHERWISE.of_running())} |" in text
    shares = [f"{100 * each.share:g} % of the images" for each in (RATES, RATES.of_running())]
    assert f"| rates: hits and misses | {' | '.join(shares)} |" in text
    assert set(rows()) == set(TOLERANCES)


def test_which_tolerance_a_metric_has() -> None:
    assert tolerance("psnr", "dB", False).allowed(30) == 1e-3
    assert tolerance("fid", "", False).allowed(200.0) == pytest.approx(1.0)
    assert tolerance("detection", "fraction", False) is RATES
    assert tolerance("musiq", "", True).allowed(50.0) == pytest.approx(1.0)
