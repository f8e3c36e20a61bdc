"""Verification of the pairs that a file lists, from the file to the accuracy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made.people import People
from sklearn.metrics import roc_auc_score

from fsrbench.datasets.pairs import read_pairs
from fsrbench.errors import Invalid
from fsrbench.metrics.evaluation import Faces
from fsrbench.metrics.extractors.dlib_faces import DlibDescriptor
from fsrbench.metrics.facts import Facts
from fsrbench.metrics.pairing import listed_pairs
from fsrbench.metrics.verification import VerificationPairs, judge
from fsrbench.tasks import TASKS

FOLDS, EACH = 3, 6
NAMES = [f"person_{i:02}" for i in range(12)]


@pytest.fixture
def people() -> Faces:
    """Twelve people, three pictures each, as LFW's files are called."""
    faces = People(spread=0.9, groups=[name for name in NAMES for _ in range(3)]).faces()
    ids = [f"{name}/{name}_{i:04}" for name in NAMES for i in (1, 2, 3)]
    return replace(faces, ids=ids)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Three folds of four people each, six pairs of either kind."""
    lines = [f"{FOLDS}\t{EACH}"]
    for fold in range(FOLDS):
        a, b, c, d = NAMES[4 * fold : 4 * fold + 4]
        lines += [f"{n}\t{i}\t{j}" for n, i, j in ((a, 1, 2), (a, 1, 3), (b, 1, 2), (c, 2, 3), (d, 1, 2), (d, 3, 1))]
        lines += [
            f"{m}\t{i}\t{n}\t{i}" for m, i, n in ((a, 1, b), (a, 2, c), (b, 3, d), (c, 1, d), (c, 2, b), (d, 3, a))
        ]
    (tmp_path / "pairs.txt").write_text("\n".join(lines) + "\n")
    return tmp_path / "pairs.txt"


@pytest.fixture
def facts(file: Path, monkeypatch: pytest.MonkeyPatch) -> Facts:
    monkeypatch.setattr(DlibDescriptor, "check", lambda extractor: None)
    return Facts(TASKS["x4"], images=36, has_hr=True, has_pairs=True, pairs=read_pairs(file))


def metric_for(facts: Facts) -> VerificationPairs:
    VerificationPairs().check(facts)
    return VerificationPairs().configured(facts)


def test_accuracy_is_that_of_the_listed_pairs_and_folds(people, facts):
    evaluation = metric_for(facts).evaluate(people, seed=0)
    row, hr = {i: k for k, i in enumerate(people.ids)}, people.hr["descriptor"]
    distance = np.array(
        [np.linalg.norm(people.features["descriptor"][row[p.first]] - hr[row[p.second]]) for p in facts.pairs]
    )
    genuine = np.array([p.first.split("/")[0] == p.second.split("/")[0] for p in facts.pairs])
    right = judge(distance, listed_pairs(facts.pairs, people.ids))
    accuracies = right.reshape(FOLDS, 2 * EACH).mean(axis=1)  # the file's order is fold by fold
    assert evaluation.summary.value == pytest.approx(accuracies.mean())
    assert evaluation.summary.n == 2 * EACH * FOLDS
    assert evaluation.details["auc"] == pytest.approx(roc_auc_score(genuine, -distance))
    assert evaluation.note == ""


def test_folds_and_pairs_do_not_depend_on_the_seed(people, facts):
    metric = metric_for(facts)
    assert metric.evaluate(people, seed=0).summary == metric.evaluate(people, seed=5).summary


def test_listed_pairs_may_have_sr_on_both_sides(people, facts):
    blind = replace(people, hr={"descriptor": np.zeros((36, 128))})
    metric = metric_for(replace(facts, sides="both"))
    assert metric.evaluate(blind, seed=0).summary == metric.evaluate(people, seed=0).summary
    assert "pairs SR_i/SR_j" in metric.protocol


def rows(faces: Faces, keep: np.ndarray) -> Faces:
    """Some of the faces."""
    return Faces(
        [i for i, k in zip(faces.ids, keep, strict=True) if k],
        [i for i, k in zip(faces.identities, keep, strict=True) if k],
        {"descriptor": faces.features["descriptor"][keep]},
        {"descriptor": faces.hr["descriptor"][keep]} if faces.hr else None,
    )


def test_pairs_of_missing_images_are_left_out_and_counted(people, facts):
    keep = np.array([not i.startswith("person_03") for i in people.ids])
    evaluation = metric_for(facts).evaluate(rows(people, keep), seed=0)
    assert evaluation.note == "5 of 36 listed pairs left out: not both images are there"
    assert evaluation.summary.n == 31


def test_a_limit_that_empties_a_fold_is_refused(people, facts):
    with pytest.raises(Invalid, match="fold 2 of the pairs file has no genuine pair or no impostor"):
        metric_for(replace(facts, images=12)).evaluate(rows(people, np.arange(36) < 12), seed=0)


def test_fewer_images_than_ten_folds_need_are_enough_for_fewer_folds(facts):
    metric_for(replace(facts, images=8))


def test_refuses_without_a_list(facts):
    with pytest.raises(Invalid, match="--pairs FILE"):
        VerificationPairs().check(replace(facts, pairs=()))


def test_without_hr_both_pictures_of_a_pair_are_sr_and_survface_s_rates_are_details(
    people: Faces, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DlibDescriptor, "check", lambda self: None)
    pairs = read_pairs(file)
    facts = Facts(TASKS["x4"], images=36, has_hr=False, has_pairs=True, pairs=pairs, descriptor="dlib")
    metric = VerificationPairs().configured(facts)
    assert (metric.sides, metric.by_lr) == ("both", True)
    found = metric.evaluate(replace(people, hr=None), seed=0)
    row = {image: k for k, image in enumerate(people.ids)}
    sr = people.features["descriptor"]
    apart = np.array([np.linalg.norm(sr[row[p.first]] - sr[row[p.second]]) for p in pairs])
    genuine = np.array([p.genuine for p in pairs])
    for far in (0.3, 0.1):
        widest = max(t for t in [0, *apart] if (apart[~genuine] <= t).mean() <= far)
        assert found.details[f"tar_at_far_{far:g}"] == pytest.approx((apart[genuine] <= widest).mean())
