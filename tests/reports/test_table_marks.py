"""The best is marked as the best only where it is told from the others by more than chance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from fsrbench.reports.table_build import build, build_table
from fsrbench.reports.table_layout import Layout
from fsrbench.reports.table_marks import marks
from fsrbench.reports.table_runs import Source

N = 40
NOISE = np.random.default_rng(0).normal(size=(4, N))


@pytest.fixture
def scored(make_run):
    """A run whose PSNR are the means of the given scores of images, of as many people as asked for."""

    def make(scores, people=N):
        run = make_run({"psnr": {name: float(values.mean()) for name, values in scores.items()}})
        rows = [(name, f"{i:02d}", "psnr", v, "ok") for name, values in scores.items() for i, v in enumerate(values)]
        frame = pd.DataFrame(rows, columns=["method", "image", "metric", "value", "status"])
        images = pd.DataFrame(
            {"image": [f"{i:02d}" for i in range(N)], "identity": [f"p{i % people}" for i in range(N)]}
        )
        return replace(run, scores=frame, images=images)

    return make


def test_a_difference_on_every_image_makes_a_best_and_a_second(scored):
    run = scored({"a": 20 + NOISE[0], "b": 21 + NOISE[0], "c": 19 + NOISE[0]})
    assert marks(run, "psnr") == {"b": "best", "a": "second"}


def test_a_difference_that_may_be_chance_ties_and_leaves_no_second(scored):
    run = scored({"a": 20 + NOISE[0], "b": 20.02 + NOISE[1], "c": 10 + NOISE[2]})
    assert marks(run, "psnr") == {"a": "tied", "b": "tied"}


def test_the_second_is_not_marked_where_the_third_may_be_as_good(scored):
    run = scored({"a": 30 + NOISE[0], "b": 20 + NOISE[1], "c": 20.02 + NOISE[2], "d": 10 + NOISE[3]})
    assert marks(run, "psnr") == {"a": "best"}


def test_images_of_a_person_count_once(scored):
    difference = np.where(np.arange(N) % 4 == 3, -0.2, 1.0)
    scores = {"a": 20 + difference, "b": np.full(N, 20.0)}
    assert marks(scored(scores), "psnr") == {"a": "best", "b": "second"}
    assert marks(scored(scores, people=4), "psnr") == {"a": "tied", "b": "tied"}


def test_values_that_are_equal_as_shown_share_the_mark(scored):
    run = scored({"a": 20.004 + 0 * NOISE[0], "b": 20.001 + 0 * NOISE[0], "c": 19 + 0 * NOISE[0]})
    assert marks(run, "psnr") == {"a": "best", "b": "best", "c": "second"}


@pytest.mark.parametrize(("high", "mark"), [(8.9, "best"), (9.2, "tied")])
def test_without_scores_of_images_intervals_decide(make_run, high, mark):
    run = make_run({"latency_ms": {"a": (8.0, 7.5, high), "b": (10.0, 9.0, 11.0)}})
    assert marks(run, "latency_ms")["a"] == mark


def test_numbers_without_any_interval_are_exact(make_run):
    run = make_run({"kid": {"a": 0.001, "b": 0.002, "c": 0.001}})
    assert marks(run, "kid") == {"a": "best", "c": "best", "b": "second"}


def test_only_the_methods_shown_compete(scored):
    run = scored({"a": 20 + NOISE[0], "b": 20.02 + NOISE[1], "c": 10 + NOISE[2]})
    rows = build([Source(run)], Layout().changed(rows=["c", "a"])).rows
    assert [(row.method, row.cells[0].mark) for row in rows] == [("c", "second"), ("a", "best")]


class TestLegend:
    def test_says_how_ties_were_found(self, scored):
        legend = build_table(scored({"a": 20 + NOISE[0], "b": 20.02 + NOISE[1]})).legend
        assert legend == (
            "≈: the best and those not distinguishable from it "
            "(paired permutation tests that keep a person's images together, Holm over the column, 5 %)"
        )

    def test_names_intervals_only_where_they_decide(self, make_run):
        latency = build_table(make_run({"latency_ms": {"a": (8.0, 7.5, 8.5), "b": (10.0, 9.0, 11.0)}})).legend
        assert "intervals that overlap" in latency
        assert "permutation" not in latency

    def test_of_exact_numbers_needs_no_test(self, make_run):
        assert build_table(make_run({"kid": {"a": 0.001, "b": 0.002}})).legend == "Best in bold, second underlined"
