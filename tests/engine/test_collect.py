"""From unit results to scores and summary: statuses, notes, and that one failure leaves the others intact."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from torch import Tensor

from fsrbench.engine.collect import SCORE_COLUMNS, SUMMARY_COLUMNS, Collector
from fsrbench.engine.plan import HR, Shard, Unit
from fsrbench.engine.worker import UnitResult
from fsrbench.errors import FsrbenchError, Invalid, Unavailable
from fsrbench.metrics.base import Evaluation, Faces, FeatureMetric, ImageMetric, Metric, Summary
from fsrbench.metrics.speed import Latency
from fsrbench.metrics.timing import Readings
from fsrbench.stats import mean_interval

IDS = ["a/1", "a/2", "b/1", "b/2"]
IDENTITIES = {image: image[0] for image in IDS}


class Reference(ImageMetric):
    """Needs HR."""

    name, title, protocol = "reference", "Reference", "made up"
    needs = frozenset({"hr"})

    def score(self, sr: Tensor, hr: Tensor | None) -> Tensor:
        raise AssertionError("scores come from the units")


class Alone(Reference):
    """Needs nothing."""

    name, title, unit, direction = "alone", "Alone", "dB", "lower"
    needs = frozenset()


class Matches(FeatureMetric):
    """1 where a feature is the HR's."""

    name, title, protocol, unit = "matches", "Matches", "made up", "fraction"
    extractor = "colour"
    seen: list[Faces]

    def __init__(self) -> None:
        self.seen = []

    def evaluate(self, faces: Faces, seed: int) -> Evaluation:
        self.seen.append(faces)
        hr = faces.hr or faces.features
        return Evaluation((faces.features["red"] == hr["red"]).astype(float), note="by colour")


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


METRICS = (Reference(), Alone(), Matches())


def unit(
    method: str,
    ids: Sequence[str] = IDS,
    *,
    index: int = 0,
    scale: float = 1.0,
    problems: dict[str, str] | None = None,
    **more: Any,
) -> UnitResult:
    """What a worker gives: scores 1, 2, ... times a scale; the feature is the image's last digit, times the scale."""
    values = scale * np.arange(1.0, len(ids) + 1)
    red = scale * np.array([float(i[-1]) for i in ids])
    scores = {"alone": values} if method == HR else {"alone": values, "reference": values}
    given: dict[str, Any] = {"scores": scores, "features": {"colour": {"red": red}}} if len(ids) else {}
    return UnitResult(Unit(Shard(index, ()), method), list(ids), {}, problems or {}, **(given | more))


class Frames:
    """What a collector made of some units."""

    def __init__(
        self,
        *units: UnitResult,
        metrics: Sequence[Metric] = METRICS,
        methods: Sequence[str] = ("m", HR),
        readings: Any = None,
        **refused: Any,
    ) -> None:
        collector = Collector(
            metrics, refused.get("refused_metrics", {}), refused.get("refused_methods", {}), IDENTITIES, seed=0
        )
        for result in units:
            collector.add(result)
        self.scores, self.summary = collector.frames(methods, readings or {})

    def row(self, method: str, metric: str) -> Any:
        rows = self.summary.query("method == @method and metric == @metric")
        assert len(rows) == 1
        return rows.iloc[0]

    def values(self, method: str, metric: str) -> pd.DataFrame:
        return self.scores.query("method == @method and metric == @metric").set_index("image")


def test_columns_are_the_contract():
    frames = Frames(unit(HR), unit("m"))
    assert list(frames.scores.columns) == SCORE_COLUMNS == ["method", "image", "metric", "value", "status"]
    assert list(frames.summary.columns) == SUMMARY_COLUMNS


def test_a_score_an_image_and_their_mean():
    frames = Frames(unit(HR), unit("m"))
    scores = frames.values("m", "reference")
    assert scores["value"].to_dict() == {"a/1": 1, "a/2": 2, "b/1": 3, "b/2": 4}
    assert set(scores["status"]) == {"ok"}
    row = frames.row("m", "reference")
    assert (row["value"], row["n"], row["status"], row["note"]) == (2.5, 4, "ok", "")
    assert (row["ci_low"], row["ci_high"]) == mean_interval(np.arange(1.0, 5), 0)
    assert tuple(frames.row("m", "alone")[["unit", "direction"]]) == ("dB", "lower")


def test_hr_has_rows_only_where_they_mean_something():
    frames = Frames(unit(HR), unit("m"), metrics=[*METRICS, Latency()], readings={"m": reading()})
    assert frames.summary.query("method == @HR")["metric"].tolist() == ["alone", "matches"]
    assert set(frames.scores.query("method == @HR")["metric"]) == {"alone", "matches"}
    assert frames.summary.query("method == 'm'")["metric"].tolist() == ["reference", "alone", "matches", "latency_ms"]


def test_shards_are_put_together_in_order():
    frames = Frames(*(unit(method, part, index=i) for i, part in enumerate([IDS[:3], IDS[3:]]) for method in (HR, "m")))
    assert frames.values("m", "alone")["value"].to_dict() == {"a/1": 1, "a/2": 2, "b/1": 3, "b/2": 1}
    assert frames.row("m", "matches")["n"] == 4


# --- features


def test_feature_metrics_see_hr_row_for_row():
    metric = Matches()
    # The method failed on a/2, so its rows are not the HR's rows.
    frames = Frames(unit(HR), unit("m", ["a/1", "b/1", "b/2"], problems={"a/2": "too dark"}), metrics=[metric])
    of_method, of_hr = metric.seen
    assert of_method.ids == ["a/1", "b/1", "b/2"]
    assert of_method.identities == ["a", "b", "b"]
    assert of_method.hr is not None
    assert of_method.hr["red"].tolist() == of_method.features["red"].tolist() == [1, 1, 2]
    assert (of_method.is_hr, of_hr.is_hr) == (False, True)
    assert frames.row("m", "matches")["value"] == 1


def test_without_hr_feature_metrics_get_none():
    metric = Matches()
    Frames(unit("m"), metrics=[metric], methods=["m"])
    assert metric.seen[0].hr is None


def test_a_summary_of_its_own_replaces_the_mean():
    frames = Frames(unit(HR), unit("m"), metrics=[Folds()], methods=["m"])
    row = frames.row("m", "folds")
    assert tuple(row[["value", "ci_low", "ci_high", "n", "status"]]) == (0.7, 0.6, 0.8, 99, "ok")
    assert frames.values("m", "folds")["status"].tolist() == ["ok", "invalid", "ok", "ok"]


# --- failures


def test_failed_images_are_failed_rows():
    frames = Frames(unit(HR), unit("m", IDS[:3], problems={"b/2": "returned NaN"}))
    for metric in ("reference", "alone", "matches"):
        scores = frames.values("m", metric)
        assert scores["status"].to_dict() == {"a/1": "ok", "a/2": "ok", "b/1": "ok", "b/2": "failed"}
        assert np.isnan(scores.loc["b/2", "value"])
        row = frames.row("m", metric)
        assert (row["status"], row["n"]) == ("failed", 3)
        assert row["note"].endswith("failed on 1 of 4 images: returned NaN (b/2)")
    assert frames.row("m", "matches")["note"].startswith("by colour; ")
    assert set(frames.summary.query("method == @HR")["status"]) == {"ok"}


def test_a_method_that_failed_on_all_images_has_no_number():
    frames = Frames(unit(HR), unit("m", [], problems=dict.fromkeys(IDS, "out of memory")))
    for metric in ("reference", "alone", "matches"):
        row = frames.row("m", metric)
        assert row["status"] == "failed"
        assert np.isnan(row["value"])
        assert "failed on 4 of 4 images: out of memory (a/1)" in row["note"]
        assert set(frames.values("m", metric)["status"]) == {"failed"}


@pytest.mark.parametrize(
    ("metric", "status", "note"),
    [(Breaks(), "failed", "ZeroDivisionError: divided"), (TooFew(), "invalid", "too few faces")],
)
def test_a_metric_that_raises_leaves_the_others_intact(metric, status, note):
    frames = Frames(unit(HR), unit("m"), metrics=[Reference(), metric, Alone()])
    assert tuple(frames.row("m", metric.name)[["status", "note", "n"]]) == (status, note, 0)
    assert np.isnan(frames.row("m", metric.name)["value"])
    assert set(frames.summary.query("metric != @metric.name")["status"]) == {"ok"}
    assert len(frames.values("m", "alone")) == len(frames.values("m", "reference")) == 4


@pytest.mark.parametrize(("name", "metric"), [("alone", "alone"), ("colour", "matches")], ids=["metric", "extractor"])
def test_what_raised_in_the_worker_is_a_failed_row(name, metric):
    # In the second shard only: the first one's values must not pass for the whole.
    second = unit("m", IDS[2:], index=1, failed={name: "RuntimeError: no memory"})
    second.scores.pop(name, None)
    second.features.pop(name, None)
    frames = Frames(unit(HR), unit("m", IDS[:2]), second)
    row = frames.row("m", metric)
    assert tuple(row[["status", "note"]]) == ("failed", "RuntimeError: no memory")
    assert np.isnan(row["value"])
    others = frames.summary.query("metric != @metric and method == 'm'")
    assert set(others["status"]) == {"ok"}


@pytest.mark.parametrize(
    ("error", "status"),
    [(Unavailable("no weights"), "unavailable"), (Invalid("no HR"), "invalid"), (FsrbenchError("broken"), "failed")],
)
@pytest.mark.parametrize("what", ["refused_metrics", "refused_methods"])
def test_what_is_refused_has_rows_with_a_status_and_a_reason(error, status, what):
    name = "alone" if what == "refused_metrics" else "m"
    frames = Frames(unit(HR), *([unit("m")] if name == "alone" else []), **{what: {name: error}})
    refused = frames.summary.query("metric == 'alone'" if name == "alone" else "method == 'm'")
    assert len(refused) >= 2
    assert set(refused["status"]) == {status}
    assert set(refused["note"]) == {str(error)}
    assert refused["value"].isna().all()
    rest = frames.summary.drop(refused.index)
    assert len(rest) >= 2
    assert set(rest["status"]) == {"ok"}


# --- numbers that are none


@pytest.mark.parametrize(
    ("values", "mean", "n", "note"),
    [
        ([1.0, 3, np.inf, np.nan], 2, 2, "2 images without a finite score left out"),
        ([np.inf] * 4, np.nan, 0, "no finite score"),
    ],
)
def test_the_mean_is_over_finite_scores_and_says_so(values, mean, n, note):
    frames = Frames(unit("m", scores={"alone": np.array(values)}), metrics=[Alone()], methods=["m"])
    row = frames.row("m", "alone")
    assert row["value"] == pytest.approx(mean, nan_ok=True)
    assert (row["n"], row["note"]) == (n, note)
    kept = frames.values("m", "alone")
    assert kept["value"].tolist() == pytest.approx(values, nan_ok=True)
    assert kept["status"].tolist() == ["invalid" if np.isnan(v) else "ok" for v in values]


# --- timing


def reading(milliseconds: float = 2.0) -> Readings:
    return Readings(np.full(5, milliseconds), 50.0, 1, 1, 1)


def test_latency_is_compared_with_the_first_method_that_could_be_timed():
    readings = {"broken": FsrbenchError("cannot be timed: no"), "m": reading(2), "n": reading(6)}
    frames = Frames(metrics=[Latency()], methods=["broken", "m", "n"], readings=readings)
    assert frames.summary["status"].tolist() == ["failed", "ok", "ok"]
    assert frames.summary["note"].tolist() == ["cannot be timed: no", "p90 2.00 ms", "p90 6.00 ms, 3x m"]


def test_nothing_at_all_still_has_its_columns():
    frames = Frames(metrics=[], methods=[])
    assert list(frames.scores.columns) == SCORE_COLUMNS
    assert list(frames.summary.columns) == SUMMARY_COLUMNS
