"""Numbers of whole sets, details and curves: which features a metric gets to see, and what is kept of its answer."""

from __future__ import annotations

import numpy as np
import pytest
from made.units import Made, Matches, unit

from fsrbench.engine.plan import REFERENCE
from fsrbench.metrics.evaluation import Evaluation, Faces, Summary
from fsrbench.runs.names import HR


class Distance(Matches):
    """One number for the set, with everything that an evaluation may hold."""

    name, uses_reference = "distance", True

    def evaluate(self, faces: Faces, seed: int) -> Evaluation:
        self.seen.append(faces)
        curve = np.array([[0.0, 1.0], [0.5, 2.0]])
        blocks = np.array([2.0, 4.0])
        return Evaluation(None, Summary(3.0, n=9, note="one"), "two", {"spread": 0.25}, {"line": curve}, blocks)


def test_a_number_of_the_set_has_no_scores_of_images():
    made = Made(unit(HR), unit("m"), metrics=[Distance()])
    assert len(made.scores) == 0
    assert tuple(made.row("m", "distance")[["value", "n", "status", "note"]]) == (3, 9, "ok", "two; one")


def test_details_and_curves_are_kept_by_method():
    made = Made(unit(HR), unit("m"), unit("n"), metrics=[Distance()], methods=["m", "n"])
    assert made.details.to_numpy().tolist() == [[m, "distance", "spread", 0.25] for m in "mn"]
    expected = [[m, "distance", "line", x, y] for m in "mn" for x, y in ((0, 1), (0.5, 2))]
    assert made.curves.to_numpy().tolist() == expected


def test_blocks_are_kept_by_method():
    made = Made(unit(HR), unit("m"), metrics=[Distance()], methods=["m"])
    assert made.blocks.to_numpy().tolist() == [["m", "distance", "block 0", 2.0], ["m", "distance", "block 1", 4.0]]


def test_repeated_calls_give_the_same_result():
    made = Made(unit(HR), unit("m"), metrics=[Distance()])
    assert len(made.details) == len(made.summary)
    assert len(made.blocks) == 2 * len(made.summary)


# --- the reference set


def test_without_a_reference_set_all_hr_images_are_it():
    metric = Distance()
    # The method failed on one image; the reference still has its HR.
    Made(unit(HR), unit("m", ["a/1", "b/1", "b/2"], problems={"a/2": "dark"}), metrics=[metric], methods=["m"])
    reference = metric.seen[0].reference
    assert reference is not None
    assert reference["red"].tolist() == [1, 2, 1, 2]


def test_a_reference_set_is_seen_whole_and_has_no_row():
    metric, image_metric = Distance(), Matches()
    shards = [unit(REFERENCE, ["7", "8"], scores={}), unit(REFERENCE, ["9"], index=1, scores={})]
    made = Made(unit(HR), unit("m"), *shards, metrics=[metric, image_metric])
    reference = metric.seen[0].reference
    assert reference is not None
    assert reference["red"].tolist() == [7, 8, 9]
    assert image_metric.seen[0].reference is None
    assert set(made.summary["method"]) == {"m", HR}


def test_a_reference_set_does_without_hr_images():
    metric = Distance()
    Made(unit("m"), unit(REFERENCE, ["7"], scores={}), metrics=[metric], methods=["m"])
    assert metric.seen[0].hr is None
    assert metric.seen[0].reference is not None


# --- failures of what a metric compares with


@pytest.mark.parametrize("broken", [HR, REFERENCE])
def test_features_missing_on_the_other_side_are_a_failed_row_with_their_reason(broken):
    second = unit(broken, ["b/1", "b/2"], index=1, features={}, failed={"colour": "RuntimeError: no memory"})
    made = Made(unit(broken, ["a/1", "a/2"]), second, unit("m"), metrics=[Distance()], methods=["m"])
    row = made.row("m", "distance")
    assert tuple(row[["status", "note"]]) == ("failed", "RuntimeError: no memory")
    assert np.isnan(row["value"])


def test_a_broken_reference_set_does_not_touch_metrics_that_do_not_read_it():
    broken = unit(REFERENCE, features={}, failed={"colour": "RuntimeError: no memory"})
    made = Made(unit(HR), unit("m"), broken, metrics=[Distance(), Matches()], methods=["m"])
    assert made.summary["status"].tolist() == ["failed", "ok"]
