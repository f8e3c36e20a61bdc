"""The best is marked as such only if it differs from the others by more than chance."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

import numpy as np
import pandas as pd
import pytest

from fsrbench.reports.tables.build import build, build_table
from fsrbench.reports.tables.layout import Layout
from fsrbench.reports.tables.marks import marks
from fsrbench.reports.tables.render import render_runs
from fsrbench.reports.tables.sources import Source

N = 40
NOISE = np.random.default_rng(0).normal(size=(4, N))


@pytest.fixture
def scored(make_run):
    """A run whose PSNR are the means of the given scores of images, of as many people as asked for."""

    def make(scores, people=N):
        run = make_run({"psnr": {name: float(values[np.isfinite(values)].mean()) for name, values in scores.items()}})
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


def test_counted_numbers_are_exact(make_run):
    run = make_run({"params": {"a": 0.001, "b": 0.002, "c": 0.001}})
    assert marks(run, "params") == {"a": "best", "c": "best", "b": "second"}


@pytest.mark.parametrize("low", [None, 0.0009])
def test_numbers_without_an_interval_are_not_ranked(make_run, low):
    run = make_run({"kid": {"a": (0.001, low or np.nan, 0.0011 if low else np.nan), "b": 0.02, "c": 0.3}})
    assert marks(run, "kid") == {"a": "tied", "b": "tied", "c": "tied"}


def test_one_image_makes_no_best(scored):
    run = scored({"a": 20 + NOISE[0][:1], "b": 30 + NOISE[1][:1]})
    assert marks(run, "psnr") == {"a": "tied", "b": "tied"}


def test_a_method_that_failed_on_most_images_wins_nothing(scored):
    some = 30 + NOISE[0]
    some[3:] = np.nan
    run = scored({"a": 20 + NOISE[0], "b": some})
    run.summary.loc[run.summary["method"] == "b", "value"] = 31.0
    assert marks(run, "psnr") == {"a": "tied", "b": "tied"}


def test_pictures_equal_to_hr_make_the_best(scored):
    equal = np.full(N, np.inf)
    equal[:2] = 30.0
    run = scored({"a": 36 + NOISE[0] / 10, "b": equal, "c": 20 + NOISE[1]})
    run.summary.loc[run.summary["method"] == "b", "value"] = 30.0  # the mean of what is finite
    assert marks(run, "psnr") == {"b": "best", "a": "second"}


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
        assert "(times: distinguishable where 95 % intervals do not overlap and the factor is above 1.2)" in latency
        assert "permutation" not in latency

    @pytest.mark.parametrize("metric", ["latency_ms", "kid"])
    @pytest.mark.parametrize("low", [0.4, 0.85])
    def test_names_the_rule_for_distinguishable_whatever_the_marks(self, make_run, low, metric):
        """One rule decides "only where distinguishable" and "not distinguishable"."""
        legend = build_table(make_run({metric: {"a": (0.9, 0.8, 1.0), "b": (low, 0.9 * low, 1.1 * low)}})).legend
        assert "distinguishable where 95 % intervals do not overlap" in legend
        assert "that overlap" not in legend

    def test_of_exact_numbers_needs_no_test(self, make_run):
        assert build_table(make_run({"params": {"a": 0.001, "b": 0.002}})).legend == "Best in bold, second underlined"

    @pytest.mark.parametrize("people", [1, 3, 5])
    def test_says_where_too_few_people_tell_nothing(self, scored, people):
        legend = build_table(scored({"a": 20 + NOISE[0], "b": 30 + NOISE[1]}, people=people)).legend
        assert legend == "≈: the best and those not distinguishable from it (too few people to tell)"

    def test_six_people_are_enough_for_one_test_and_not_for_two(self, scored):
        two, three = ({m: 20.0 + i + 0 * NOISE[0] for i, m in enumerate(names)} for names in ("ab", "abc"))
        assert marks(scored(two, people=6), "psnr") == {"b": "best", "a": "second"}
        assert set(marks(scored(three, people=6), "psnr").values()) == {"tied"}
        assert "too few people to tell" in build_table(scored(three, people=6)).legend

    def test_names_the_columns_that_are_not_tested(self, make_run):
        legend = build_table(make_run({"psnr": {"a": 20.0, "b": 21.0}, "kid": {"a": 0.1, "b": 0.2}})).legend
        assert legend.endswith("5 %; not tested, without intervals or images in common: KID)")


class TestPartOfTheImages:
    @pytest.fixture
    def run(self, scored):
        half = 20 + NOISE[0]
        half[::2] = np.nan
        run = scored({"a": 21 + NOISE[0], "b": half})
        run.summary.loc[run.summary["method"] == "b", ["value", "status", "note"]] = [20.0, "failed", "20 failed"]
        return run

    @pytest.mark.parametrize(("format", "sign"), [("md", "†"), ("html", "†"), ("terminal", "†"), ("tex", "\\dagger")])
    @pytest.mark.parametrize("notes", ["full", "none"])
    def test_is_marked_in_every_format(self, run, format, sign, notes):
        text = render_runs([Source(run)], format, Layout().changed(notes=notes))
        assert sign in text
        assert "measured on a part of the images" in " ".join(text.split())

    def test_is_a_column_of_csv(self, run):
        frame = pd.read_csv(StringIO(render_runs([Source(run)], "csv", Layout())))
        assert frame["Measured on part"].fillna("").tolist() == ["", "PSNR: 20 of 40 images"]

    def test_infinite_scores_are_no_part_of_a_mean(self, scored):
        equal = np.full(N, np.inf)
        equal[:2] = 30.0
        cells = build_table(scored({"a": 21 + NOISE[0], "b": equal})).rows[1].cells
        assert cells[0].partial == "2 of 40 images"

    def test_is_not_what_the_metric_scores_for_nobody(self, scored):
        """As labelled verification does with people of one picture."""
        some = 20 + NOISE[0]
        some[:5] = np.nan
        assert [row.cells[0].partial for row in build_table(scored({"a": some, "b": some + 1})).rows] == ["", ""]

    def test_a_number_of_the_whole_set_is_marked_if_images_failed(self, make_run):
        run = make_run({"kid": {"a": 0.1, "b": {"value": 0.2, "n": 12, "status": "failed", "note": "broke"}}})
        assert [row.cells[0].partial for row in build_table(run).rows] == ["", "12 of 20 images"]
