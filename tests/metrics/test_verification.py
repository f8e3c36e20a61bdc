"""Verification: pairs, folds, thresholds and the accuracy they give."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from fsrbench.errors import Invalid, Unavailable
from fsrbench.metrics import verification
from fsrbench.metrics.base import Evaluation, Faces, Facts
from fsrbench.metrics.features import DlibDescriptor, FacenetDescriptor
from fsrbench.metrics.verification import (
    FOLDS,
    MATES,
    Pairs,
    Verification,
    VerificationDlib,
    VerificationLabelled,
    assign_folds,
    best_threshold,
    judge,
    labelled_pairs,
    self_pairs,
    summarise_folds,
)
from fsrbench.tasks import TASKS

FACTS = Facts(TASKS["x4"], images=100, has_hr=True, has_pairs=True)
GROUPS = [f"id{i:02}" for i in range(24) for _ in range(1 + i % 3)]
MAKERS = [self_pairs, labelled_pairs]
ENOUGH_LABELS = [f"id{i:02}" for i in range(30) for _ in range(1 + i % 4)]
makers = pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)


@dataclass
class MadeUp:
    """Descriptors of people: a point a person, the pictures spread around it."""

    spread: float
    groups: list[str] = field(default_factory=lambda: ENOUGH_LABELS)
    seed: int = 0

    def faces(self) -> Faces:
        rng = np.random.RandomState(self.seed)
        centres = {g: rng.normal(size=128) for g in sorted(set(self.groups))}
        hr, sr = (np.array([centres[g] + self.spread * rng.normal(size=128) for g in self.groups]) for _ in range(2))
        ids = [f"{g}/{i}" for i, g in enumerate(self.groups)]
        return Faces(ids, self.groups, {"descriptor": sr}, {"descriptor": hr})


# --- folds and pairs


def test_folds_part_identities_evenly():
    fold = assign_folds(GROUPS, seed=0)
    folds_of = {g: {f for h, f in zip(GROUPS, fold, strict=True) if h == g} for g in GROUPS}
    assert all(len(folds) == 1 for folds in folds_of.values())
    assert set(Counter(next(iter(f)) for f in folds_of.values()).values()) == {2, 3}
    assert set(fold) == set(range(FOLDS))


def test_folds_depend_on_the_seed_and_not_on_the_order():
    fold = dict(zip(GROUPS, assign_folds(GROUPS, seed=3), strict=True))
    shuffled = list(np.random.RandomState(0).permutation(GROUPS))
    assert dict(zip(shuffled, assign_folds(shuffled, seed=3), strict=True)) == fold
    assert dict(zip(GROUPS, assign_folds(GROUPS, seed=4), strict=True)) != fold


@makers
def test_pairs(make):
    names = np.array(ENOUGH_LABELS)
    pairs = make(ENOUGH_LABELS, seed=0)
    same = names[pairs.probe] == names[pairs.gallery]
    assert (same == pairs.genuine).all()
    genuine, impostor = (Counter(pairs.probe[pairs.genuine == kind]) for kind in (True, False))
    assert genuine == impostor
    fold_of = dict(zip(names[pairs.probe], pairs.fold, strict=True))
    assert all(fold_of[g] == f for g, f in zip(names[pairs.gallery], pairs.fold, strict=True))
    assert set(pairs.fold) == set(range(FOLDS))


@makers
def test_pairs_are_drawn_by_seed(make):
    first, again, other = make(ENOUGH_LABELS, seed=1), make(ENOUGH_LABELS, seed=1), make(ENOUGH_LABELS, seed=2)
    assert (first.gallery == again.gallery).all()
    assert first.gallery.shape != other.gallery.shape or (first.gallery != other.gallery).any()


def test_self_pairs_are_each_image_with_its_own_hr():
    pairs = self_pairs(ENOUGH_LABELS, seed=0)
    count = len(ENOUGH_LABELS)
    assert pairs.probe[pairs.genuine].tolist() == pairs.gallery[pairs.genuine].tolist() == list(range(count))


def test_labelled_pairs_never_pair_a_picture_with_itself_and_leave_single_pictures_out():
    pairs = labelled_pairs(ENOUGH_LABELS, seed=0)
    assert (pairs.probe != pairs.gallery).all()
    pictures = Counter(ENOUGH_LABELS)
    taking_part = {i for i, g in enumerate(ENOUGH_LABELS) if pictures[g] > 1}
    assert set(pairs.probe) == taking_part
    assert set(pairs.gallery) <= taking_part


def test_labelled_pairs_of_a_much_photographed_person_are_bounded():
    groups = ["star"] * 40 + [f"id{i}" for i in range(20) for _ in range(2)]
    pairs = labelled_pairs(groups, seed=0)
    genuine = pairs.probe[pairs.genuine]
    assert Counter(genuine)[0] == MATES
    chosen = pairs.gallery[pairs.genuine][genuine == 0]
    assert len(set(chosen)) == MATES


@pytest.mark.parametrize(
    ("make", "groups", "reason"),
    [
        (self_pairs, [f"id{i}" for i in range(19)] * 3, "needs at least 20 identities for ten folds, not 19"),
        (labelled_pairs, [str(i) for i in range(90)] + ["0", "1"], "20 identities with several pictures .* not 2"),
    ],
)
def test_too_few_identities(make, groups, reason):
    with pytest.raises(Invalid, match=reason):
        make(groups, seed=0)


# --- threshold and judgement


@pytest.mark.parametrize("seed", range(30))
def test_best_threshold_is_as_good_as_brute_force(seed):
    rng = np.random.RandomState(seed)
    genuine = rng.uniform(size=25) < 0.5
    distance = rng.randint(0, 8 if seed % 2 else 1000, 25) + 2.0 * ~genuine  # every other seed has many ties
    candidates = np.concatenate([[-1], np.unique(distance) + 0.25])
    best = max(((distance < t) == genuine).sum() for t in candidates)
    assert ((distance < best_threshold(distance, genuine)) == genuine).sum() == best


def test_best_threshold_lies_in_the_middle_of_the_gap():
    assert best_threshold(np.array([1.0, 2, 6, 7]), np.array([True, True, False, False])) == 4


@pytest.mark.parametrize("genuine", [True, False])
def test_best_threshold_of_one_kind(genuine):
    distance = np.array([1.0, 2, 3])
    assert ((distance < best_threshold(distance, np.full(3, genuine))) == genuine).all()


def test_judge_never_looks_at_the_fold_it_judges():
    # Fold 0, the larger one, would be parted at 10; fold 1 says 1, by which all genuine pairs of fold 0 are wrong.
    distance = np.repeat([9.0, 11, 0.5, 1.5], [20, 20, 2, 2])
    genuine = np.repeat([True, False, True, False], [20, 20, 2, 2])
    rows = np.arange(44)
    right = judge(distance, Pairs(rows, rows, genuine, fold=np.repeat([0, 1], [40, 4])))
    assert (right == np.repeat([False, True, True, False], [20, 20, 2, 2])).all()


def test_summary_is_the_mean_of_the_folds_with_a_t_interval():
    fold = np.array([0, 0, 0, 0, 1, 1])
    right = np.array([1, 1, 1, 0, 1, 0], bool)
    summary = summarise_folds(right, fold)
    assert summary.value == pytest.approx((0.75 + 0.5) / 2)
    assert (summary.ci_low, summary.ci_high) == (0, 1)  # 0.625 +- 12.7 * 0.125, cut to what an accuracy can be
    assert summary.n == 6


@makers
def test_accuracy_is_that_of_the_usual_lfw_protocol(make):
    groups = [f"id{i:02}" for i in range(60) for _ in range(2)]
    faces = MadeUp(spread=1.6, groups=groups).faces()
    metric = VerificationLabelled() if make is labelled_pairs else VerificationDlib()
    pairs = make(groups, seed=0)
    distance = np.linalg.norm(faces.features["descriptor"][pairs.probe] - faces.hr["descriptor"][pairs.gallery], axis=1)
    summary = metric.evaluate(faces, seed=0).summary
    assert summary is not None
    assert 0.6 < summary.value < 0.99
    assert summary.value == pytest.approx(lfw_accuracy(distance, pairs), abs=0.02)


def lfw_accuracy(distance: np.ndarray, pairs: Pairs) -> float:
    """Ten-fold accuracy as face recognition code computes it: the best of a fine grid of thresholds on nine folds."""
    grid = np.arange(distance.min() - 0.01, distance.max() + 0.01, 0.01)
    accuracies = []
    for fold in range(FOLDS):
        train, test = pairs.fold != fold, pairs.fold == fold
        on_train = [np.mean((distance[train] < t) == pairs.genuine[train]) for t in grid]
        threshold = grid[int(np.argmax(on_train))]
        accuracies.append(np.mean((distance[test] < threshold) == pairs.genuine[test]))
    return float(np.mean(accuracies))


# --- the metrics


def evaluate(metric: Any, spread: float, **options: Any) -> Evaluation:
    evaluation = metric.evaluate(MadeUp(spread, **options).faces(), seed=0)
    assert isinstance(evaluation, Evaluation)
    return evaluation


@pytest.mark.parametrize("metric", [VerificationDlib(), VerificationLabelled()], ids=lambda m: m.name)
def test_accuracy_of_people_apart_and_of_noise(metric):
    groups = [f"id{i:02}" for i in range(50) for _ in range(3)]
    apart = evaluate(metric, 0.01, groups=groups)
    assert apart.summary is not None
    assert (apart.summary.value, apart.summary.ci_low, apart.summary.ci_high) == (1, 1, 1)
    assert (apart.values == 1).all()
    noise = evaluate(metric, 1e4, groups=groups)
    assert noise.summary is not None
    assert noise.summary.value == pytest.approx(0.5, abs=0.09)  # three standard deviations of 300 coins


def test_values_are_the_share_of_an_images_pairs_judged_right():
    evaluation = evaluate(VerificationLabelled(), 1.6)
    alone = np.array([Counter(ENOUGH_LABELS)[g] == 1 for g in ENOUGH_LABELS])
    assert np.isnan(evaluation.values[alone]).all()
    assert ((evaluation.values[~alone] >= 0) & (evaluation.values[~alone] <= 1)).all()
    assert evaluation.summary is not None
    assert evaluation.summary.n == len(labelled_pairs(ENOUGH_LABELS, 0).probe)


def test_without_identities_every_picture_is_a_person():
    faces = MadeUp(0.1, groups=[f"id{i}" for i in range(30)]).faces()
    anonymous = Faces([f"{i:02}" for i in range(30)], [None] * 30, faces.features, faces.hr)
    summary = VerificationDlib().evaluate(anonymous, seed=0).summary
    assert summary is not None
    assert (summary.value, summary.n) == (1, 60)


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (Facts(TASKS["x4"], images=19, has_hr=True, has_pairs=True), "at least 20 images for ten folds, not 19"),
        (Facts(TASKS["x4"], images=99, has_hr=False, has_pairs=True), "needs HR images"),
        (Facts(TASKS["x4"], images=99, has_hr=True, has_pairs=False), "several pictures of at least two identities"),
    ],
)
def test_refuses_where_the_protocol_does_not_hold(facts, reason):
    with pytest.raises(Invalid, match=reason):
        VerificationLabelled().check(facts)


@pytest.fixture
def missing(monkeypatch):
    """Makes extractors unavailable."""

    def hide(*extractors: type) -> None:
        for extractor in extractors:
            monkeypatch.setattr(extractor, "check", _refuse)

    return hide


def _refuse(extractor: object) -> None:
    raise Unavailable(f"no {type(extractor).__name__}")


def test_verification_takes_the_first_backend_that_is_there(missing, monkeypatch):
    metric = Verification()
    metric.check(FACTS)
    assert metric.extractor == "dlib"
    missing(DlibDescriptor)
    monkeypatch.setattr(FacenetDescriptor, "check", lambda extractor: None)
    metric = Verification()
    metric.check(FACTS)
    assert (metric.extractor, metric.protocol) == ("facenet", verification.VerificationFacenet.protocol)


def test_verification_says_what_is_missing(missing):
    missing(DlibDescriptor, FacenetDescriptor)
    with pytest.raises(Unavailable, match="no DlibDescriptor; no FacenetDescriptor"):
        Verification().check(FACTS)
