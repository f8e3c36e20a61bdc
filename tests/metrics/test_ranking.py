"""Ranks, average precision and templates against direct NumPy, block by block."""

from __future__ import annotations

import numpy as np
import pytest

from fsrbench.metrics import ranking
from fsrbench.metrics.ranking import average_precision, mate_ranks, open_scores, score_blocks, templates, unit_rows


def vectors(count: int, seed: int, size: int = 8) -> np.ndarray:
    made = np.random.default_rng(seed).normal(size=(count, size))
    return unit_rows(made, np.arange(count))


def tinyface_ap(good: np.ndarray, index: np.ndarray) -> float:
    """``compute_AP`` of TinyFace's evaluation, step by step."""
    old_recall, old_precision, ap, hits = 0.0, 1.0, 0.0, 0
    for j, row in enumerate(index):
        hits += row in good
        recall, precision = hits / len(good), hits / (j + 1)
        ap += (recall - old_recall) * ((old_precision + precision) / 2)
        old_recall, old_precision = recall, precision
    return ap


@pytest.mark.parametrize("numbers", [2**25, 70, 1])
def test_ranks_and_precision_are_those_of_a_sorted_matrix(monkeypatch: pytest.MonkeyPatch, numbers: int) -> None:
    monkeypatch.setattr(ranking, "BLOCK_NUMBERS", numbers)  # some probes at a time, or one
    gallery, probes = vectors(60, 0), vectors(25, 1)
    shown = np.random.default_rng(2).integers(0, 12, 60)
    shown[:12], shown[50:] = np.arange(12), -1
    wanted = np.random.default_rng(3).integers(0, 12, 25)
    found = mate_ranks(probes, gallery, wanted, shown)
    for probe in range(25):
        order = np.argsort(-(gallery @ probes[probe]), kind="stable")
        places = np.flatnonzero(shown[order] == wanted[probe])
        assert found.best[probe] == places[0] + 1
        assert found.precision[probe] == pytest.approx(tinyface_ap(np.flatnonzero(shown == wanted[probe]), order))


def test_in_ties_others_come_first() -> None:
    gallery = np.array([[1.0, 0], [1.0, 0], [0, 1], [1.0, 0]])
    found = mate_ranks(np.array([[1.0, 0]]), gallery, np.array([5]), np.array([5, 6, 6, 5]))
    assert found.best.tolist() == [2]
    assert found.precision[0] == pytest.approx(average_precision(np.array([2, 3])))


def test_blocks_are_the_whole_product(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranking, "BLOCK_NUMBERS", 33)
    probes, gallery = vectors(10, 0), vectors(11, 1)
    parts = [scores.copy() for _, scores in score_blocks(probes, gallery)]
    assert [len(part) for part in parts] == [3, 3, 3, 1]
    np.testing.assert_allclose(np.concatenate(parts), probes @ gallery.T, rtol=1e-6)


def test_templates_are_means_of_unit_length_and_strangers_stay_alone() -> None:
    descriptors, people = vectors(7, 0), np.array([4, -1, 2, 4, 4, -1, 2])
    means, shown = templates(descriptors, people)
    assert sorted(shown.tolist()) == [-1, -1, 2, 4]
    for person in (2, 4):
        mean = descriptors[people == person].mean(axis=0)
        np.testing.assert_allclose(means[shown.tolist().index(person)], mean / np.linalg.norm(mean), rtol=1e-5)
    alone = {tuple(np.round(row, 5)) for row in means[shown == -1]}
    assert alone == {tuple(np.round(row, 5)) for row in descriptors[people == -1]}


def test_open_scores_are_those_of_the_whole_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranking, "BLOCK_NUMBERS", 100)
    gallery, mated, unmated = vectors(30, 0), vectors(20, 1), vectors(9, 2)
    shown = np.random.default_rng(3).permutation(30)
    wanted = np.random.default_rng(4).integers(0, 30, 20)
    found = open_scores(mated, wanted, unmated, gallery, shown)
    scores = mated @ gallery.T
    own = np.array([scores[row, shown.tolist().index(person)] for row, person in enumerate(wanted)])
    np.testing.assert_allclose(found.mate, own, rtol=1e-6)
    np.testing.assert_array_equal(found.rank, (scores > own[:, None]).sum(axis=1) + 1)
    np.testing.assert_allclose(found.best_of_unmated, (unmated @ gallery.T).max(axis=1), rtol=1e-6)
