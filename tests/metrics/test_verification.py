"""Verification: thresholds, judgement, the accuracy they give and the descriptor that is chosen."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from made.people import GROUPS, People
from sklearn.metrics import accuracy_score, roc_auc_score, roc_curve
from sklearn.model_selection import LeaveOneGroupOut

from fsrbench.errors import Invalid, Unavailable
from fsrbench.metrics import METRICS
from fsrbench.metrics.evaluation import Evaluation, Faces
from fsrbench.metrics.extractors.descriptors import ArcfaceDescriptor, FacenetDescriptor
from fsrbench.metrics.extractors.dlib_faces import DlibDescriptor
from fsrbench.metrics.facts import Facts
from fsrbench.metrics.pairing import Pairs, labelled_pairs, self_pairs
from fsrbench.metrics.verification import (
    Verification,
    VerificationDlib,
    VerificationLabelled,
    best_threshold,
    judge,
    likeness,
    summarise_folds,
)
from fsrbench.tasks import TASKS

FACTS = Facts(TASKS["x4"], images=100, has_hr=True, has_pairs=True)
makers = pytest.mark.parametrize("make", [self_pairs, labelled_pairs], ids=lambda make: make.__name__)


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
    faces = People(spread=1.6, groups=groups).faces()
    metric = VerificationLabelled() if make is labelled_pairs else VerificationDlib()
    pairs = make(groups, seed=0)
    distance = np.linalg.norm(faces.features["descriptor"][pairs.probe] - faces.hr["descriptor"][pairs.gallery], axis=1)
    summary = metric.evaluate(faces, seed=0).summary
    assert summary is not None
    assert 0.6 < summary.value < 0.99
    assert summary.value == pytest.approx(lfw_accuracy(distance, pairs), abs=0.02)


def lfw_accuracy(distance: np.ndarray, pairs: Pairs) -> float:
    """Ten-fold accuracy by scikit-learn's splits, thresholds and scores."""
    accuracies = []
    for train, test in LeaveOneGroupOut().split(distance, groups=pairs.fold):
        false, true, thresholds = roc_curve(pairs.genuine[train], -distance[train], drop_intermediate=False)
        share = pairs.genuine[train].mean()
        threshold = thresholds[np.argmax(share * true + (1 - share) * (1 - false))]
        accuracies.append(accuracy_score(pairs.genuine[test], -distance[test] >= threshold))
    return float(np.mean(accuracies))


# --- the metrics


def evaluate(metric: Any, spread: float, **options: Any) -> Evaluation:
    evaluation = metric.evaluate(People(spread, **options).faces(), seed=0)
    assert isinstance(evaluation, Evaluation)
    return evaluation


@pytest.mark.parametrize("metric", [VerificationDlib(), VerificationLabelled()], ids=lambda m: m.name)
def test_accuracy_of_people_apart_and_of_noise(metric):
    groups = [f"id{i:02}" for i in range(50) for _ in range(3)]
    apart = evaluate(metric, 0.01, groups=groups)
    assert apart.summary is not None
    assert (apart.summary.value, apart.summary.ci_high) == (1, 1)
    assert apart.summary.ci_low == pytest.approx(0.025 ** (1 / 50))  # of fifty people none was missed
    assert (apart.values == 1).all()
    noise = evaluate(metric, 1e4, groups=groups)
    assert noise.summary is not None
    assert noise.summary.value == pytest.approx(0.5, abs=0.09)  # three standard deviations of 300 coins


def test_values_are_the_share_of_an_images_pairs_judged_right():
    evaluation = evaluate(VerificationLabelled(), 1.6)
    alone = np.array([Counter(GROUPS)[g] == 1 for g in GROUPS])
    assert np.isnan(evaluation.values[alone]).all()
    assert ((evaluation.values[~alone] >= 0) & (evaluation.values[~alone] <= 1)).all()
    assert evaluation.summary is not None
    assert evaluation.summary.n == len(labelled_pairs(GROUPS, 0).probe)


def test_without_identities_every_picture_is_a_person():
    faces = People(0.1, groups=[f"id{i}" for i in range(30)]).faces()
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
def only_available(monkeypatch):
    """Makes only these descriptors available."""

    def show(*extractors: type) -> None:
        for extractor in (DlibDescriptor, FacenetDescriptor, ArcfaceDescriptor):
            monkeypatch.setattr(extractor, "check", _agree if extractor in extractors else _refuse)

    return show


def _agree(extractor: object) -> None:
    pass


def _refuse(extractor: object) -> None:
    raise Unavailable(f"no {type(extractor).__name__}")


EXTRACTORS = {"dlib": DlibDescriptor, "facenet": FacenetDescriptor, "arcface": ArcfaceDescriptor}


@pytest.mark.parametrize("only", EXTRACTORS)
def test_verification_takes_the_first_available_descriptor(only_available, only):
    others = list(EXTRACTORS)[list(EXTRACTORS).index(only) :]  # the ones after it may be available too
    only_available(*(EXTRACTORS[name] for name in others))
    metric, alone = configured("verification"), configured(f"verification_{only}")
    assert (metric.extractor, metric.protocol) == (only, alone.protocol)


@pytest.mark.parametrize("name", ["verification", "verification_labelled"])
def test_the_descriptor_that_was_asked_for_is_taken_or_none(only_available, name):
    only_available(DlibDescriptor, ArcfaceDescriptor)
    assert configured(name, descriptor="arcface").extractor == "arcface"
    with pytest.raises(Unavailable, match=r"^no FacenetDescriptor$"):
        METRICS.get(name)().check(replace(FACTS, descriptor="facenet"))


def test_a_metric_named_after_its_descriptor_keeps_it(only_available):
    only_available(DlibDescriptor, ArcfaceDescriptor)
    assert configured("verification_dlib", descriptor="arcface").extractor == "dlib"


def test_verification_says_what_is_missing(only_available):
    only_available()
    with pytest.raises(Unavailable, match="no DlibDescriptor; no FacenetDescriptor; no ArcfaceDescriptor"):
        Verification().check(FACTS)


# --- options


def configured(name: str, **facts: Any) -> Any:
    metric = METRICS.get(name)()
    return metric.configured(replace(FACTS, **facts))


def test_with_sr_on_both_sides_hr_plays_no_part(only_available):
    only_available(DlibDescriptor)
    faces = People(spread=0.5).faces()
    blind = replace(faces, hr={"descriptor": np.random.RandomState(1).normal(size=(len(GROUPS), 128))})
    one, both = (configured("verification_labelled", sides=sides) for sides in ("one", "both"))
    assert both.evaluate(blind, seed=0).summary == both.evaluate(faces, seed=0).summary
    assert both.evaluate(faces, seed=0).summary.value > 0.9 > one.evaluate(blind, seed=0).summary.value
    assert "SR_i/SR_j" in both.protocol
    assert "SR_i/HR_j" in one.protocol


@pytest.mark.parametrize("name", ["verification", "verification_dlib"])
def test_with_sr_on_both_sides_a_picture_is_not_compared_with_itself(only_available, name):
    only_available(DlibDescriptor)
    with pytest.raises(Invalid, match="every picture would be compared with itself"):
        configured(name, sides="both").evaluate(People(spread=0.5).faces(), seed=0)


@pytest.mark.parametrize("descriptor", EXTRACTORS)
@pytest.mark.parametrize(("alignment", "whose"), [("hr", "the HR"), ("sr", "the picture itself")])
def test_alignment_is_declared(only_available, descriptor, alignment, whose):
    only_available(EXTRACTORS[descriptor])
    protocol = configured("verification", alignment=alignment).protocol
    assert f"of {whose}" in protocol
    assert "{" not in protocol


def test_details_are_what_scikit_learn_computes():
    metric, faces = VerificationDlib(), People(spread=1.6).faces()
    evaluation = metric.evaluate(faces, seed=0)
    pairs = self_pairs(GROUPS, seed=0)
    assert faces.hr is not None
    distance = np.linalg.norm(faces.features["descriptor"][pairs.probe] - faces.hr["descriptor"][pairs.gallery], axis=1)
    right = judge(distance, pairs)
    accuracies = [right[pairs.fold == f].mean() for f in range(10)]
    assert evaluation.details["auc"] == pytest.approx(roc_auc_score(pairs.genuine, -distance))
    assert evaluation.details["standard_error"] == pytest.approx(np.std(accuracies, ddof=1) / np.sqrt(10))
    assert set(evaluation.details) == {"auc", "eer", "standard_error"}  # 75 impostors are too few for TAR at FAR 1 %
    assert evaluation.curves["roc"][[0, -1]].tolist() == [[0, 0], [1, 1]]


@pytest.mark.parametrize("people", [20, 60])
@pytest.mark.parametrize("spread", [0.01, 1.0, 2.5])
def test_people_whose_pictures_are_alike_are_people(people, spread):
    """2.5 is a weak judge: it is right in about 80 of 100 comparisons."""
    groups = [f"id{i:02}" for i in range(people) for _ in range(3)]
    assert "no identities" not in evaluate(VerificationLabelled(), spread, groups=groups).note


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("people", [24, 60])
def test_parts_of_a_set_are_not_people(people, seed):
    """Other people in each folder: SR is still near its own HR, and labelled pairs say nothing."""
    groups = [f"{i:05}" for i in range(people) for _ in range(5)]
    everyone = People(spread=0.3, groups=[str(i) for i in range(len(groups))], seed=seed).faces()
    faces = replace(everyone, identities=groups)
    note = VerificationLabelled().evaluate(faces, seed=0).note
    assert note.startswith("no identities: HR pictures of one are nearer to each other than strangers' in ")
    pairs = labelled_pairs(groups, 0)
    distance = np.linalg.norm(
        np.subtract(*(faces.hr["descriptor"][rows] for rows in (pairs.probe, pairs.gallery))), axis=1
    )
    assert likeness(faces.hr["descriptor"], pairs) == pytest.approx(roc_auc_score(pairs.genuine, -distance))
    assert "no identities" not in VerificationDlib().evaluate(faces, seed=0).note
