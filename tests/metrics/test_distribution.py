"""FID and KID against direct NumPy and SciPy formulas; when they refuse, and their protocols."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.linalg import sqrtm

from fsrbench.errors import Invalid
from fsrbench.metrics import METRICS, distribution
from fsrbench.metrics.distribution import KID_SUBSET_SIZE, frechet_distance, kernel_distance
from fsrbench.metrics.evaluation import Faces
from fsrbench.metrics.facts import Facts
from fsrbench.tasks import TASKS

FACTS = Facts(TASKS["x4"], images=5000, has_hr=True, has_pairs=False)
NAMES = ["fid", "kid", "fid_face", "kid_face"]


def features(count: int, size: int, shift: float = 0.0, seed: int = 0) -> np.ndarray:
    """Correlated features."""
    rng = np.random.RandomState(seed)
    mixing = np.random.RandomState(99).normal(size=(size, size))
    made: np.ndarray = rng.normal(size=(count, size)) @ mixing / np.sqrt(size) + shift
    return made


def direct_fid(a: np.ndarray, b: np.ndarray) -> float:
    """Heusel et al. 2017, equation 6."""
    cov_a, cov_b = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = sqrtm(cov_a @ cov_b).real
    return float(((a.mean(axis=0) - b.mean(axis=0)) ** 2).sum() + np.trace(cov_a + cov_b - 2 * root))


def direct_mmd(a: np.ndarray, b: np.ndarray) -> float:
    """The unbiased estimate of Gretton et al. 2012, equation 3, in sums over all pairs."""

    def k(x: np.ndarray, y: np.ndarray) -> float:
        return float((x @ y / len(x) + 1) ** 3)

    m, n = len(a), len(b)
    within_a = sum(k(a[i], a[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    within_b = sum(k(b[i], b[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    between = sum(k(x, y) for x in a for y in b) / (m * n)
    return within_a + within_b - 2 * between


@pytest.mark.parametrize(("count", "size", "shift"), [(300, 20, 0.0), (300, 20, 0.5), (90, 60, 0.1), (40, 8, 3.0)])
def test_frechet_distance_is_the_formula(count, size, shift):
    a, b = features(count, size, seed=1), features(count + 17, size, shift, seed=2)
    assert frechet_distance(a, b) == pytest.approx(direct_fid(a, b), rel=1e-6)


@pytest.mark.parametrize(("count", "size", "shift"), [(40, 16, 0.0), (40, 16, 0.7), (60, 5, 2.0)])
def test_kernel_distance_of_whole_sets_is_the_formula(count, size, shift):
    a, b = features(count, size, seed=1), features(count, size, shift, seed=2)
    mean, deviation = kernel_distance(a, b, subset_size=count, seed=0)
    assert mean == pytest.approx(direct_mmd(a, b), rel=1e-9)
    assert deviation == pytest.approx(0, abs=1e-12)  # every subset is the whole


def test_kernel_distance_is_unbiased_over_subsets():
    a, b = features(80, 16, seed=1), features(80, 16, 0.7, seed=2)
    mean, deviation = kernel_distance(a, b, subset_size=40, seed=0)
    assert mean == pytest.approx(direct_mmd(a, b), abs=4 * deviation / np.sqrt(100))
    assert kernel_distance(a, b, 40, seed=0) == (mean, deviation) != kernel_distance(a, b, 40, seed=1)


def test_equal_sets_have_no_distance():
    a = features(100, 16)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-6)
    assert abs(kernel_distance(a, a, 50, 0)[0]) < 0.05 * kernel_distance(a, a + 1, 50, 0)[0]


# --- guards


def metric_for(name: str, **facts: Any) -> Any:
    metric = METRICS.get(name)()
    return metric.configured(replace(FACTS, **facts))


LEAST = {"fid": 2049, "fid_face": 129, "kid": 50, "kid_face": 50}


@pytest.mark.parametrize(("name", "least"), LEAST.items())
@pytest.mark.parametrize("side", ["images", "reference"])
def test_too_few_images_on_either_side_are_refused(name, least, side):
    metric_for(name, **{side: least})
    with pytest.raises(Invalid, match=f"needs at least {least} images on both sides, not {least - 1}: ") as caught:
        metric_for(name, **{side: least - 1})
    assert ("singular" in str(caught.value)) == name.startswith("fid")


@pytest.mark.parametrize("name", NAMES)
def test_hr_or_a_reference_set_is_needed(name):
    with pytest.raises(Invalid, match="needs HR images or a reference set: --reference SRC"):
        metric_for(name, has_hr=False)
    metric_for(name, has_hr=False, reference=5000)


@pytest.mark.parametrize("name", ["fid_face", "kid_face"])
def test_images_that_could_not_be_used_count_against_the_least(name):
    least = LEAST[name]
    enough = {"descriptor": features(least, 128)}
    few = {"descriptor": features(least - 1, 128)}
    metric = metric_for(name, images=least)
    for mine, reference in ((few, enough), (enough, few)):
        with pytest.raises(Invalid, match=f"at least {least} images on both sides, {least - 1} could be used"):
            metric.evaluate(Faces([], [], mine, None, reference=reference), seed=0)


# --- notes and protocols


@pytest.mark.parametrize(
    ("name", "feature"), [("fid_face", "descriptor"), ("kid_face", "descriptor"), ("kid", "activations")]
)
def test_one_number_for_the_set(name, feature):
    mine, reference = {feature: features(140, 128, 0.2)}, {feature: features(150, 128, seed=3)}
    evaluation = metric_for(name).evaluate(Faces(["x"] * 140, [None] * 140, mine, None, reference=reference), seed=0)
    assert evaluation.values is None
    assert evaluation.summary.n == 140
    if name == "fid_face":
        assert evaluation.summary.value == pytest.approx(direct_fid(mine[feature], reference[feature]), rel=1e-6)
    else:
        mean, deviation = kernel_distance(mine[feature], reference[feature], 70, 0)
        assert (evaluation.summary.value, evaluation.details) == (mean, {"subset_std": deviation})


@pytest.mark.parametrize(
    ("count", "note"),
    [
        (60, f"subsets of 30 images, not {KID_SUBSET_SIZE}"),
        (999, f"subsets of 499 images, not {KID_SUBSET_SIZE}"),
        (1000, ""),
    ],
)
def test_smaller_subsets_than_published_are_noted(monkeypatch, count, note):
    asked = []
    monkeypatch.setattr(distribution, "kernel_distance", lambda a, b, size, seed: (asked.append(size), (0.0, 0.0))[1])
    both = {"descriptor": features(count, 4)}
    evaluation = metric_for("kid_face").evaluate(Faces([], [], both, None, reference=both), seed=0)
    assert evaluation.note == note
    assert asked == [count // 2 if note else KID_SUBSET_SIZE]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("facts", "said", "ceiling"),
    [({}, "against all HR images", False), ({"reference": 3000}, "against 3000 HR images of the reference set", True)],
)
def test_protocol_names_the_reference_and_hr_is_scored_only_against_another_set(name, facts, said, ceiling):
    metric = metric_for(name, **facts)
    assert metric.protocol.endswith(said)
    assert metric.scores_hr == ceiling


@pytest.mark.parametrize("name", ["fid_face", "kid_face"])
def test_protocol_declares_the_alignment(name):
    assert "68 points of the HR where there is one" in metric_for(name).protocol
    assert "68 points of the picture itself" in metric_for(name, alignment="sr").protocol
