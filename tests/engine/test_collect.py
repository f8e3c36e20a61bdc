"""From unit results to scores and summary: statuses, notes, and that one failure leaves the others intact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from made.units import IDS, METRICS, STORED, Alone, Made, Matches, Reference, reading, unit

from fsrbench.engine.frames import CURVE_COLUMNS, DETAIL_COLUMNS
from fsrbench.errors import FsrbenchError, Invalid, Unavailable
from fsrbench.metrics.base import CombinedMetric
from fsrbench.metrics.evaluation import Evaluation, Faces, Summary
from fsrbench.metrics.speed import Latency
from fsrbench.runs.columns import SCORE_COLUMNS, SUMMARY_COLUMNS
from fsrbench.runs.names import HR, LR
from fsrbench.stats.intervals import mean_interval


class Breaks(Matches):
    """Raises on whatever it gets."""

    name = "breaks"

    def evaluate(self, faces: Faces, seed: int) -> Evaluation:
        raise ZeroDivisionError("divided\nby zero")


class TooFew(Matches):
    """Refuses when it sees the data."""

    name = "too_few"

    def evaluate(self, faces: Faces, seed: int) -> Evaluation:
        raise Invalid("too few faces")


class Folds(Matches):
    """Has a summary of its own."""

    name = "folds"

    def evaluate(self, faces: Faces, seed: int) -> Evaluation:
        return Evaluation(np.array([1.0, np.nan, 0.0, 1.0]), Summary(0.7, 0.6, 0.8, 99))


class Sum(CombinedMetric):
    """The sum of two other metrics' means."""

    name, title, protocol = "sum", "Sum", "made up"

    def __init__(self, *parts: str) -> None:
        self.parts = parts

    def combine(self, ids: Sequence[str], parts: Mapping[str, Evaluation]) -> Evaluation:
        return Evaluation(None, Summary(sum(float(np.nanmean(part.values)) for part in parts.values()), n=len(ids)))


COLUMNS = {
    "scores": SCORE_COLUMNS,
    "summary": SUMMARY_COLUMNS,
    "details": DETAIL_COLUMNS,
    "curves": CURVE_COLUMNS,
}


def test_columns_are_the_contract():
    made = Made(unit(HR), unit("m"))
    assert tuple(made.scores.columns) == SCORE_COLUMNS == ("method", "image", "metric", "value", "status")
    assert tuple(made.summary.columns) == SUMMARY_COLUMNS


def test_a_score_an_image_and_their_mean():
    made = Made(unit(HR), unit("m"))
    scores = made.values("m", "reference")
    assert scores["value"].to_dict() == {"a/1": 1, "a/2": 2, "b/1": 3, "b/2": 4}
    assert set(scores["status"]) == {"ok"}
    row = made.row("m", "reference")
    assert (row["value"], row["n"], row["status"], row["note"]) == (2.5, 4, "ok", "")
    assert (row["ci_low"], row["ci_high"]) == mean_interval(np.arange(1.0, 5), 0, ["a", "a", "b", "b"])
    assert tuple(made.row("m", "alone")[["unit", "direction"]]) == ("dB", "lower")


def test_hr_has_rows_only_where_they_mean_something():
    made = Made(unit(HR), unit("m"), metrics=[*METRICS, Latency()], readings={"m": reading()})
    assert made.summary.query("method == @HR")["metric"].tolist() == ["alone", "matches"]
    assert set(made.scores.query("method == @HR")["metric"]) == {"alone", "matches"}
    assert made.summary.query("method == 'm'")["metric"].tolist() == ["reference", "alone", "matches", "latency_ms"]


def test_shards_are_put_together_in_order():
    made = Made(*(unit(method, part, index=i) for i, part in enumerate([IDS[:3], IDS[3:]]) for method in (HR, "m")))
    assert made.values("m", "alone")["value"].to_dict() == {"a/1": 1, "a/2": 2, "b/1": 3, "b/2": 1}
    assert made.row("m", "matches")["n"] == 4


# --- features


def test_feature_metrics_see_hr_row_for_row():
    metric = Matches()
    # The method failed on a/2, so its rows are not the HR's rows.
    made = Made(unit(HR), unit("m", ["a/1", "b/1", "b/2"], problems={"a/2": "too dark"}), metrics=[metric])
    of_method, of_hr = metric.seen
    assert of_method.ids == ["a/1", "b/1", "b/2"]
    assert of_method.identities == ["a", "b", "b"]
    assert of_method.hr is not None
    assert of_method.hr["red"].tolist() == of_method.features["red"].tolist() == [1, 1, 2]
    assert (of_method.is_hr, of_hr.is_hr) == (False, True)
    assert made.row("m", "matches")["value"] == 1


def test_without_hr_feature_metrics_get_none():
    metric = Matches()
    Made(unit("m"), metrics=[metric], methods=["m"])
    assert metric.seen[0].hr is None


def test_a_metric_that_gives_another_number_of_values_fails():
    class Short(Matches):
        def evaluate(self, faces: Faces, seed: int) -> Evaluation:
            return Evaluation(np.ones(3))

    row = Made(unit(HR), unit("m"), metrics=[Short()]).row("m", "matches")
    assert (row["status"], row["note"]) == ("failed", "gave 3 values for 4 images")


def test_a_summary_of_its_own_replaces_the_mean():
    made = Made(unit(HR), unit("m"), metrics=[Folds()], methods=["m"])
    row = made.row("m", "folds")
    assert tuple(row[["value", "ci_low", "ci_high", "n", "status"]]) == (0.7, 0.6, 0.8, 99, "ok")
    assert made.values("m", "folds")["status"].tolist() == ["ok", "invalid", "ok", "ok"]


# --- failures


def test_numbers_that_cannot_be_drawn_are_a_failure_of_the_metric():
    made = Made(unit(HR), unit("m", scale=1e200), unit("n"), methods=["m", "n"])
    assert made.row("m", "alone")["status"] == "failed"
    assert made.row("m", "alone")["note"] == "returned a value beyond 1e+100"
    assert made.row("n", "alone")["status"] == "ok"


def test_failed_images_are_failed_rows():
    made = Made(unit(HR), unit("m", IDS[:3], problems={"b/2": "returned NaN"}))
    for metric in ("reference", "alone", "matches"):
        scores = made.values("m", metric)
        assert scores["status"].to_dict() == {"a/1": "ok", "a/2": "ok", "b/1": "ok", "b/2": "failed"}
        assert np.isnan(scores.loc["b/2", "value"])
        row = made.row("m", metric)
        assert (row["status"], row["n"]) == ("failed", 3)
        assert row["note"].endswith("failed on 1 of 4 images: returned NaN (b/2)")
    assert made.row("m", "matches")["note"].startswith("by colour; ")
    assert set(made.summary.query("method == @HR")["status"]) == {"ok"}


def test_a_method_that_failed_on_all_images_has_no_number():
    made = Made(unit(HR), unit("m", [], problems=dict.fromkeys(IDS, "out of memory")))
    for metric in ("reference", "alone", "matches"):
        row = made.row("m", metric)
        assert row["status"] == "failed"
        assert np.isnan(row["value"])
        assert "failed on 4 of 4 images: out of memory (a/1)" in row["note"]
        assert set(made.values("m", metric)["status"]) == {"failed"}


def test_a_method_that_failed_is_said_to_have_failed_where_the_metric_is_refused_too():
    refused = {"alone": Unavailable("no weights")}
    failed = unit("m", [], problems=dict.fromkeys(IDS, "is 32 x 32 px, not 64 x 64"))
    made = Made(unit(HR), failed, unit("n"), methods=["m", "n", HR], metrics=[Alone()], refused_metrics=refused)
    row = made.row("m", "alone")
    assert tuple(row[["status", "n"]]) == ("failed", 0)
    assert row["note"] == "failed on 4 of 4 images: is 32 x 32 px, not 64 x 64 (a/1)"
    for other in ("n", HR):
        assert tuple(made.row(other, "alone")[["status", "note"]]) == ("unavailable", "no weights")


@pytest.mark.parametrize(
    ("metric", "status", "note"),
    [(Breaks(), "failed", "ZeroDivisionError: divided"), (TooFew(), "invalid", "too few faces")],
)
def test_a_metric_that_raises_leaves_the_others_intact(metric, status, note):
    made = Made(unit(HR), unit("m"), metrics=[Reference(), metric, Alone()])
    assert tuple(made.row("m", metric.name)[["status", "note", "n"]]) == (status, note, 0)
    assert np.isnan(made.row("m", metric.name)["value"])
    assert set(made.summary.query("metric != @metric.name")["status"]) == {"ok"}
    assert len(made.values("m", "alone")) == len(made.values("m", "reference")) == 4


@pytest.mark.parametrize(("name", "metric"), [("alone", "alone"), ("colour", "matches")], ids=["metric", "extractor"])
def test_what_raised_in_the_worker_is_a_failed_row(name, metric):
    # In the second shard only: the first one's values must not pass for the whole.
    second = unit("m", IDS[2:], index=1, failed={name: "RuntimeError: no memory"})
    second.scores.pop(name, None)
    second.features.pop(name, None)
    made = Made(unit(HR), unit("m", IDS[:2]), second)
    row = made.row("m", metric)
    assert tuple(row[["status", "note"]]) == ("failed", "RuntimeError: no memory")
    assert np.isnan(row["value"])
    others = made.summary.query("metric != @metric and method == 'm'")
    assert set(others["status"]) == {"ok"}


@pytest.mark.parametrize(
    ("error", "status"),
    [(Unavailable("no weights"), "unavailable"), (Invalid("no HR"), "invalid"), (FsrbenchError("broken"), "failed")],
)
@pytest.mark.parametrize("what", ["refused_metrics", "refused_methods"])
def test_what_is_refused_has_rows_with_a_status_and_a_reason(error, status, what):
    name = "alone" if what == "refused_metrics" else "m"
    made = Made(unit(HR), *([unit("m")] if name == "alone" else []), **{what: {name: error}})
    refused = made.summary.query("metric == 'alone'" if name == "alone" else "method == 'm'")
    assert len(refused) >= 2
    assert set(refused["status"]) == {status}
    assert set(refused["note"]) == {str(error)}
    assert refused["value"].isna().all()
    rest = made.summary.drop(refused.index)
    assert len(rest) >= 2
    assert set(rest["status"]) == {"ok"}


# --- numbers that are none


@pytest.mark.parametrize(
    ("values", "mean", "n", "note"),
    [
        ([1.0, 3, np.inf, np.nan], 2, 2, "2 images without a finite score left out"),
        ([np.inf] * 4, np.nan, 0, "no finite score"),
        ([np.nan] * 4, np.nan, 0, "no finite score"),
    ],
)
def test_the_mean_is_over_finite_scores_and_says_so(values, mean, n, note):
    made = Made(unit("m", scores={"alone": np.array(values)}), metrics=[Alone()], methods=["m"])
    row = made.row("m", "alone")
    assert row["value"] == pytest.approx(mean, nan_ok=True)
    assert (row["n"], row["note"]) == (n, note)
    assert row["status"] == ("ok" if n else "invalid")
    kept = made.values("m", "alone")
    assert kept["value"].tolist() == pytest.approx(values, nan_ok=True)
    assert kept["status"].tolist() == ["invalid" if np.isnan(v) else "ok" for v in values]


# --- timing


@pytest.mark.parametrize("base", [None, "broken"])
def test_latency_is_compared_with_the_first_method_that_could_be_timed(base):
    readings = {"broken": FsrbenchError("cannot be timed: no"), "m": reading(2), "n": reading(6)}
    made = Made(metrics=[Latency()], methods=["broken", "m", "n"], readings=readings, base=base)
    assert made.summary["status"].tolist() == ["failed", "ok", "ok"]
    assert made.summary["note"].tolist() == ["cannot be timed: no", "p90 2.00 ms", "p90 6.00 ms, 3.00x m"]


def test_latency_is_compared_with_the_method_that_was_named():
    readings = {"m": reading(2), "n": reading(8)}
    made = Made(metrics=[Latency()], methods=["m", "n"], readings=readings, base="n")
    assert made.summary["note"].tolist() == ["p90 2.00 ms, 0.250x n", "p90 8.00 ms"]
    assert made.detail("m", "latency_ms")["ratio"] == 0.25


def test_nothing_at_all_still_has_its_columns():
    made = Made(metrics=[], methods=[])
    for name, columns in COLUMNS.items():
        assert list(getattr(made, name).columns) == list(columns)


def test_a_combined_metric_reads_the_others_wherever_it_stands():
    made = Made(unit(HR), unit("m"), metrics=[Sum("alone", "matches"), *METRICS])
    parts = [made.row("m", name)["value"] for name in ("alone", "matches")]
    row = made.row("m", "sum")
    assert (row["value"], row["n"], row["status"]) == (pytest.approx(sum(parts)), 4, "ok")
    assert made.row(HR, "sum")["value"] == pytest.approx(
        sum(made.row(HR, name)["value"] for name in ("alone", "matches"))
    )


def test_a_combined_metric_has_no_ceiling_where_a_part_has_none():
    made = Made(unit(HR), unit("m"), metrics=[*METRICS, Sum("reference", "alone")])
    assert made.summary.query("metric == 'sum'")["method"].tolist() == ["m"]


@pytest.mark.parametrize(
    ("refused", "status"),
    [(Unavailable("no weights"), "unavailable"), (Invalid("too small"), "invalid"), (FsrbenchError("broke"), "failed")],
)
def test_a_missing_part_takes_the_combined_number_with_it(refused, status):
    made = Made(unit(HR), unit("m"), metrics=[*METRICS, Sum("matches", "alone")], refused_metrics={"alone": refused})
    row = made.row("m", "sum")
    assert (row["status"], row["note"]) == (status, f"lacks alone; alone: {refused}")
    assert made.row("m", "matches")["status"] == "ok"


def test_a_part_that_is_not_measured_is_named():
    made = Made(unit(HR), unit("m"), metrics=[*METRICS, Sum("alone", "nothing")])
    assert made.row("m", "sum")["note"] == "lacks nothing; nothing: is not measured in this run"


class Control(Matches):
    """As identification: LR is a row, and stands in for HR that is not there."""

    name, uses_lr, control = "control", True, True


@pytest.mark.parametrize("has_hr", [True, False])
def test_a_face_not_found_in_the_control_is_scored_where_there_is_hr(has_hr):
    metric = Control()
    lost = {"colour": {"a/1": "no face"}}
    lr = unit(LR, unscored=lost)
    STORED[lr.features["colour"]] = {"red": np.arange(3.0)}
    made = Made(*([unit(HR)] if has_hr else []), lr, unit("m"), metrics=[metric], methods=["m"])
    assert made.row("m", "control")["n"] == len(metric.seen[0].ids) == (4 if has_hr else 3)
    assert (metric.seen[0].lr is None) == has_hr
