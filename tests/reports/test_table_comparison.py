"""What `fsrbench compare` prints."""

from __future__ import annotations

import io

import pandas as pd
import pytest
from rich.console import Console

from fsrbench.comparison import compare_run
from fsrbench.reports import table_comparison
from fsrbench.reports.data import RunData

VALUES = {
    "psnr": {"a": 25.0, "b": 26.0},
    "niqe": {"a": 12.0, "b": 10.0},
    "detection": {"a": (0.95, 0.9, 1.0), "b": (0.94, 0.9, 1.0)},
}


@pytest.fixture
def run(make_run) -> RunData:
    return make_run(VALUES)


def shown(run: RunData, format: str) -> str:
    out = io.StringIO()
    rendered = table_comparison.render(run, "a", compare_run(run, "a"), format)  # type: ignore[arg-type]
    Console(file=out, width=80, soft_wrap=True).print(rendered, end="")
    return out.getvalue()


def test_text_has_a_line_a_metric_and_one_a_method(run):
    lines = shown(run, "text").splitlines()
    assert lines[1] == "PSNR (dB) ↑"
    assert lines[2].split()[:2] == ["b", "+1.00"]
    assert lines[2].endswith("better")
    assert lines[4].split()[:2] == ["b", "−2.00"]
    assert lines[4].endswith("better")
    assert lines[6].split() == ["b", "−1.0", "≈"]  # per cent; no scores of images, the intervals overlap
    assert "for the 2 tests" in " ".join(lines)


def test_columns_of_text_stand_one_below_the_other(run):
    lines = [line for line in shown(run, "text").splitlines() if line.startswith("  ")][:3]
    assert len({line.index("20") + 2 for line in lines[1:]}) == 1
    assert lines[0].index(" n ") + 2 == lines[1].index("20") + 2


def test_wins_are_of_the_better_not_of_the_higher(run):
    assert [line.split("|")[7].strip() for line in shown(run, "md").splitlines()[2:4]] == ["100", "100"]


def test_markdown_is_a_table(run):
    lines = shown(run, "md").splitlines()
    assert {line.count("|") for line in lines[:5]} == {10}
    assert lines[2].startswith("| PSNR (dB) ↑ | b | +1.00 | [")


def test_csv_keeps_the_units_of_the_files(run):
    frame = pd.read_csv(io.StringIO(shown(run, "csv")))
    assert list(frame.columns) == list(table_comparison.COLUMNS)
    means = pytest.approx([1.0, -2.0, -0.01], rel=1e-3)  # the made scores' means are only near the values
    assert frame["difference"].tolist() == means
    assert frame["verdict"].tolist() == ["better", "better", "same"]
    assert frame["win_rate"].tolist()[:2] == [1.0, 0.0]
    assert frame["p_holm"].isna().tolist() == [False, False, True]


@pytest.mark.parametrize(("number", "text"), [(0.004, "0.00"), (-0.004, "0.00"), (0.5, "+0.50"), (-0.5, "−0.50")])
def test_a_zero_has_no_sign(number, text):
    assert table_comparison.signed(number, 2) == text
