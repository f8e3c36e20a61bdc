"""ROC, area, equal error rate and true accept rates against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import interp1d
from scipy.optimize import brentq
from sklearn.metrics import roc_auc_score
from sklearn.metrics import roc_curve as sklearn_roc_curve

from fsrbench.metrics.roc import FARS, MOST_POINTS, equal_error_rate, roc_curve, roc_details, tar_at_far, thinned

Scored = tuple[np.ndarray, np.ndarray]


def made(seed: int, kind: str, count: int = 300) -> Scored:
    """Distances and kinds of pairs: far apart or near, with or without equal distances, few or many impostors."""
    rng = np.random.RandomState(seed)
    genuine = rng.uniform(size=count) < (0.1 if kind == "few genuine" else 0.5)
    distance = rng.normal(size=count) + (4.0 if kind == "apart" else 1.0) * ~genuine
    return (distance.round(1) if kind == "ties" else distance), genuine


cases = pytest.mark.parametrize(
    ("distance", "genuine"),
    [made(seed, kind) for kind in ("plain", "ties", "apart", "few genuine") for seed in range(3)],
)


@cases
def test_curve_and_area_are_scikit_learns(distance, genuine):
    false, true, _ = sklearn_roc_curve(genuine, -distance, drop_intermediate=False)
    np.testing.assert_allclose(roc_curve(distance, genuine), np.column_stack([false, true]), atol=1e-12)
    assert roc_details(distance, genuine)["auc"] == pytest.approx(roc_auc_score(genuine, -distance), abs=1e-12)


@cases
def test_equal_error_rate_is_where_scikit_learns_curve_meets_the_diagonal(distance, genuine):
    false, true, _ = sklearn_roc_curve(genuine, -distance, drop_intermediate=False)
    reference = brentq(lambda x: 1 - x - interp1d(false, true)(x), 0, 1)
    assert equal_error_rate(roc_curve(distance, genuine)) == pytest.approx(reference, abs=1e-6)


@cases
@pytest.mark.parametrize("far", FARS)
def test_true_accepts_are_read_from_scikit_learns_curve(distance, genuine, far):
    false, true, _ = sklearn_roc_curve(genuine, -distance, drop_intermediate=False)
    assert tar_at_far(roc_curve(distance, genuine), far) == pytest.approx(true[false <= far].max(), abs=1e-12)


@pytest.mark.parametrize(
    ("impostors", "rates"),
    [
        (99, set()),
        (100, {"tar_at_far_0.01"}),
        (999, {"tar_at_far_0.01"}),
        (1000, {"tar_at_far_0.01", "tar_at_far_0.001"}),
    ],
)
def test_rates_that_too_few_impostors_cannot_tell_are_left_out(impostors, rates):
    genuine = np.repeat([True, False], [50, impostors])
    details = roc_details(np.arange(len(genuine), dtype=float), genuine)
    assert set(details) == {"auc", "eer"} | rates
    assert details["auc"] == 1
    assert details["eer"] == 0


def test_a_blind_judge_is_right_half_of_the_time():
    genuine = np.repeat([True, False], 50)
    details = roc_details(np.ones(100), genuine)
    assert (details["auc"], details["eer"]) == (0.5, 0.5)


@pytest.mark.parametrize("points", [2, MOST_POINTS, MOST_POINTS + 1, 10 * MOST_POINTS])
def test_a_thinned_curve_keeps_its_ends_and_shape(points):
    curve = np.column_stack([np.linspace(0, 1, points), np.linspace(0, 1, points) ** 0.3])
    fewer = thinned(curve)
    assert len(fewer) == min(points, MOST_POINTS)
    assert fewer[[0, -1]].tolist() == [[0, 0], [1, 1]]
    assert set(map(tuple, fewer)) <= set(map(tuple, curve))
    assert np.trapezoid(fewer[:, 1], fewer[:, 0]) == pytest.approx(np.trapezoid(curve[:, 1], curve[:, 0]), abs=0.01)
