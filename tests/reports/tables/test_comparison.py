"""What `fsrbench compare` prints."""

from __future__ import annotations

import io
import math
from dataclasses import replace

import pandas as pd
import pytest
from rich.console import Console

from fsrbench.reports.tables import comparison as table_comparison
from fsrbench.runs.comparison import compare_run
from fsrbench.runs.data import RunData

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


def test_text_has_one_line_per_metric_and_one_per_method(run):
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


def test_one_test_is_said_in_the_singular(make_run):
    run = make_run({"psnr": {"a": 25.0, "b": 26.0}})
    assert "for the 1 test here" in " ".join(shown(run, "text").split())


def test_wins_are_of_the_better_not_of_the_higher(run):
    assert [line.split("|")[7].strip() for line in shown(run, "md").splitlines()[2:4]] == ["100", "100"]


def test_markdown_keeps_names_in_their_cells(make_run):
    run = make_run({"psnr": {"a": 25.0, "images:b|<i>": 26.0}})
    out = str(table_comparison.render(run, "a", compare_run(run, "a"), "md"))
    assert "| images:b\\|&lt;i> |" in out.splitlines()[2]


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
    assert frame["win_rate"].tolist()[:2] == [1.0, 1.0]  # of the better, though NIQE's is the lower
    assert frame["p_holm"].isna().tolist() == [False, False, True]


def test_people_stand_behind_the_images(make_run):
    run = make_run(VALUES)
    images = pd.DataFrame({"image": [f"id/{i:02d}" for i in range(20)], "identity": [f"p{i // 2}" for i in range(20)]})
    few = replace(run, images=images)
    assert shown(few, "md").splitlines()[2].split("|")[8].strip() == "20 (10)"
    assert pd.read_csv(io.StringIO(shown(few, "csv")))["people"].tolist() == [10, 10, 0]


def test_images_with_an_infinite_score_are_among_those_that_both_have(make_run):
    run = make_run(VALUES)
    scores = run.scores.copy()
    psnr = scores.index[(scores["method"] == "b") & (scores["metric"] == "psnr")]
    scores.loc[psnr[1:], "value"] = math.inf
    images = pd.DataFrame({"image": [f"id/{i:02d}" for i in range(20)], "identity": [f"p{i // 2}" for i in range(20)]})
    mostly_equal = replace(run, scores=scores, images=images)
    assert shown(mostly_equal, "md").splitlines()[2].split("|")[8].strip() == "20 (10)"


def test_the_verdict_says_why_nothing_can_be_told(make_run):
    run = make_run({"psnr": {"a": 25.0, "b": 26.0}, "kid": {"a": 0.1, "b": 0.2}}, n=1)
    lines = shown(run, "md").splitlines()
    assert lines[2].endswith("| too few people to tell (1 person, 1 test) |")
    assert lines[3].endswith("| not tested (no interval) |")
    frame = pd.read_csv(io.StringIO(shown(run, "csv")))
    assert frame["verdict"].tolist() == ["few", "untested"]
    assert frame["reason"].tolist() == ["1 person, 1 test", "no interval"]


def test_p_is_never_0_in_csv(make_run):
    values = {"psnr": {"a": 25.0, "b": 40.0}}
    frame = pd.read_csv(io.StringIO(shown(make_run(values, n=2000), "csv")))
    assert frame["p"].item() > 0
    assert frame["p_holm"].item() > 0


@pytest.mark.parametrize(("number", "text"), [(0.004, "0.00"), (-0.004, "0.00"), (0.5, "+0.50"), (-0.5, "−0.50")])
def test_a_zero_has_no_sign(number, text):
    assert table_comparison.signed(number, 2) == text


def test_an_infinite_difference_has_its_sign():
    assert [table_comparison.signed(number, 2) for number in (math.inf, -math.inf)] == ["+∞", "−∞"]
