"""The number without each block against a direct computation; intervals have their coverage."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from fsrbench.files import arrays
from fsrbench.metrics import METRICS
from fsrbench.metrics.distribution import frechet_distance, kernel_distance
from fsrbench.metrics.evaluation import Faces
from fsrbench.metrics.facts import Facts
from fsrbench.stats.intervals import block_interval, pseudo_values
from fsrbench.stats.jackknife import KEPT, blocks_of, frechet_blocks, kernel_blocks
from fsrbench.stats.paired import compare
from fsrbench.tasks import TASKS

PEOPLE = [f"id{i:02}" for i in range(30) for _ in range(1 + i % 4)]


def features(rng: np.random.RandomState, count: int = len(PEOPLE), shift: float = 0.0) -> np.ndarray:
    return rng.normal(shift, 1, (count, 6)) @ (np.eye(6) + np.linspace(0.1, 0.5, 36).reshape(6, 6))


def direct_fid(a: np.ndarray, b: np.ndarray) -> float:
    return frechet_distance(a, b)  # itself tested against SciPy's root of a matrix


def direct_mmd(a: np.ndarray, b: np.ndarray) -> float:
    """As kernel_distance, whose subsets are here as large as the smaller set, over all images."""
    k = [(x @ y.T / a.shape[1] + 1) ** 3 for x, y in ((a, a), (b, b), (a, b))]
    n, m = len(a), len(b)
    within = (k[0].sum() - np.trace(k[0])) / (n * (n - 1)) + (k[1].sum() - np.trace(k[1])) / (m * (m - 1))
    return float(within - 2 * k[2].mean())


# --- blocks


def test_blocks_are_of_nearly_one_size_and_hold_whole_people():
    blocks = blocks_of(PEOPLE)
    assert blocks is not None
    assert sorted(set(blocks)) == list(range(20))
    assert np.ptp(np.bincount(blocks)) <= 3
    assert all(len({b for p, b in zip(PEOPLE, blocks, strict=True) if p == person}) == 1 for person in PEOPLE)


def test_blocks_do_not_depend_on_the_order_of_the_images():
    order = np.random.RandomState(0).permutation(len(PEOPLE))
    blocks, shuffled = blocks_of(PEOPLE), blocks_of([PEOPLE[i] for i in order])
    assert blocks is not None
    assert shuffled is not None
    assert (blocks[order] == shuffled).all()


def test_few_people_have_few_blocks_and_fewer_than_five_none():
    blocks = blocks_of(list("abcdef"))
    assert blocks is not None
    assert sorted(blocks) == list(range(6))
    assert blocks_of(list("aaabbbcd")) is None


# --- the numbers without each block


@pytest.mark.parametrize(("found", "direct"), [(frechet_blocks, direct_fid), (kernel_blocks, direct_mmd)])
@pytest.mark.parametrize("paired", [True, False], ids=["own HR", "reference set"])
def test_pseudo_values_are_those_of_the_number_computed_anew(found, direct, paired):
    rng = np.random.RandomState(1)
    a, b = features(rng), features(rng, len(PEOPLE) if paired else 50, shift=0.3)
    block = blocks_of(PEOPLE)
    assert block is not None
    other = block if paired else np.full(len(b), KEPT)
    without = np.array([direct(a[block != g], b[other != g]) for g in range(20)])
    value = direct(a, b)
    assert found(value, a, b, block, other) == pytest.approx(pseudo_values(value, without), rel=1e-6, abs=1e-9)


def test_a_large_reference_set_takes_no_memory_for_all_its_pairs(monkeypatch):
    monkeypatch.setattr(arrays, "PART", 50)
    rng = np.random.RandomState(7)
    a, b = features(rng), features(rng, 700)
    block = blocks_of(PEOPLE)
    assert block is not None
    kept = np.full(len(b), KEPT)
    kernel_blocks(0.0, a, b, block, kept)  # NumPy imports something the first time
    tracemalloc.start()
    found = kernel_blocks(0.0, a, b, block, kept)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 700 * 700 * 8 / 4
    without = np.array([direct_mmd(a[block != g], b) for g in range(20)])
    assert found == pytest.approx(pseudo_values(0.0, without), rel=1e-9)


def test_a_set_beside_itself_is_two_sets():
    a = features(np.random.RandomState(2))
    block = blocks_of(PEOPLE)
    assert block is not None
    assert kernel_blocks(0.0, a, a, block, block) == pytest.approx(kernel_blocks(0.0, a, a.copy(), block, block))


# --- what stands on them


def faces(rng: np.random.RandomState, noise: float = 0.8, people: int = 60) -> Faces:
    """Three pictures of each person; SR is HR with noise."""
    who = [f"p{i // 3}" for i in range(3 * people)]
    centres = np.repeat(rng.normal(size=(people, 64)), 3, axis=0)
    hr = centres + 0.3 * rng.normal(size=centres.shape)
    sr = hr + noise * rng.normal(size=hr.shape)
    ids = [f"{p}/{i}" for i, p in enumerate(who)]
    return Faces(ids, who, {"descriptor": sr}, {"descriptor": hr}, reference={"descriptor": hr})


@pytest.mark.heavy
@pytest.mark.parametrize("name", ["fid_face", "kid_face"])
def test_intervals_hold_the_number_that_other_people_give(name):
    metric = METRICS.get(name)().configured(Facts(TASKS["x4"], 180, True, True))
    rng = np.random.RandomState(3)
    found = [metric.evaluate(faces(rng), 0).summary for _ in range(60)]
    truth = np.mean([s.value for s in found])
    assert 0.85 <= np.mean([s.ci_low <= truth <= s.ci_high for s in found]) <= 1.0
    widths = [s.ci_high - s.ci_low for s in found]
    assert np.mean(widths) == pytest.approx(4 * np.std([s.value for s in found]), rel=0.5)


def test_methods_are_compared_by_their_blocks():
    metric = METRICS.get("fid_face")().configured(Facts(TASKS["x4"], 180, True, True))
    good, same, bad = (
        metric.evaluate(faces(np.random.RandomState(seed), noise), 0).blocks
        for seed, noise in ((4, 0.5), (4, 0.5), (4, 0.7))
    )
    assert compare(bad, good).p < 0.001
    assert compare(same, good).p == 1


def test_sets_that_cannot_be_cut_have_a_number_and_no_interval():
    metric = METRICS.get("kid_face")().configured(Facts(TASKS["x4"], 180, True, False))
    made = faces(np.random.RandomState(5))
    found = metric.evaluate(Faces(made.ids, ["one"] * 180, made.features, made.hr, reference=made.reference), 0)
    assert found.summary.value == metric.evaluate(made, 0).summary.value
    assert np.isnan(found.summary.ci_low)
    assert found.blocks is None


def test_the_number_is_that_of_the_whole_set():
    made = faces(np.random.RandomState(6))
    sr, hr = made.features["descriptor"], made.hr["descriptor"]  # type: ignore[index]
    for name, value in (("fid_face", frechet_distance(sr, hr)), ("kid_face", kernel_distance(sr, hr, 90, 0)[0])):
        metric = METRICS.get(name)().configured(Facts(TASKS["x4"], 180, True, True))
        found = metric.evaluate(made, 0)
        assert found.summary.value == value
        assert found.blocks.mean() == pytest.approx(value)
        assert (found.summary.ci_low, found.summary.ci_high) == block_interval(value, found.blocks)
