"""Identity: the cosine against NumPy's and SciPy's, on real descriptors, and what the protocol says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cosine as cosine_distance
from torch.nn import functional as F

from fsrbench.errors import Invalid, Unavailable
from fsrbench.metrics import METRICS
from fsrbench.metrics.evaluation import Faces
from fsrbench.metrics.extractors.base import BY_LR, EXTRACTORS
from fsrbench.metrics.facts import Facts
from fsrbench.metrics.identity import Identity, IdentityLr, cosine, strangers_cosine
from fsrbench.tasks import TASKS

FACTS = Facts(TASKS["x4"], images=3, has_hr=True, has_pairs=False)


@pytest.fixture(autouse=True)
def _available(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("dlib", "facenet", "arcface"):
        monkeypatch.setattr(EXTRACTORS.get(name), "check", lambda self: None)


def vectors(count: int = 12, size: int = 16, seed: int = 0) -> np.ndarray:
    made: np.ndarray = np.random.RandomState(seed).normal(1, 1, (count, size))
    return made


def test_the_cosine_is_that_of_scipy_whatever_the_lengths() -> None:
    a, b = vectors(seed=1) * 7, vectors(seed=2) * 0.01
    expected = [1 - cosine_distance(x, y) for x, y in zip(a, b, strict=True)]
    np.testing.assert_allclose(cosine(a, b), expected, rtol=1e-12)


def test_a_vector_of_zeros_has_no_direction() -> None:
    assert cosine(np.zeros((1, 4)), np.ones((1, 4))) == 0


def test_the_angle_is_in_degrees_and_no_pair_is_left_out() -> None:
    angles = np.array([0.0, 0.5, 30, 90, 180])
    turned = np.column_stack([np.cos(np.radians(angles)), np.sin(np.radians(angles))])
    faces = Faces(list("abcde"), [None] * 5, {"descriptor": turned}, {"descriptor": np.array([[2.0, 0]] * 5)})
    found = Identity().evaluate(faces, seed=0)
    assert found.values == pytest.approx(np.cos(np.radians(angles)), abs=1e-12)
    assert found.details["angle_degrees"] == pytest.approx(angles.mean())
    assert found.details["lowest"] == pytest.approx(-1)


def test_strangers_are_all_pairs_of_different_people() -> None:
    descriptors, people = vectors(7), list("aabbbcd")
    expected = [
        1 - cosine_distance(descriptors[i], descriptors[j])
        for i in range(7)
        for j in range(i + 1, 7)
        if people[i] != people[j]
    ]
    assert strangers_cosine(descriptors, people) == pytest.approx(np.mean(expected))
    assert np.isnan(strangers_cosine(descriptors, ["a"] * 7))


def test_identity_to_lr_reads_the_lr_and_identity_the_hr() -> None:
    sr, hr, lr = vectors(seed=1), vectors(seed=2), vectors(seed=3)
    faces = Faces(
        [str(i) for i in range(12)], [None] * 12, {"descriptor": sr}, {"descriptor": hr}, lr={"descriptor": lr}
    )
    np.testing.assert_array_equal(Identity().evaluate(faces, 0).values, cosine(sr, hr))
    np.testing.assert_array_equal(IdentityLr().evaluate(faces, 0).values, cosine(sr, lr))


@pytest.mark.parametrize(
    ("name", "changes", "aligned", "by_lr"),
    [
        ("identity", {}, "the HR", False),
        ("identity", {"alignment": "sr"}, "the picture itself", False),
        ("identity_lr", {}, "the HR", False),
        ("identity_lr", {"has_hr": False}, "the LR", True),
        ("identity_lr", {"has_hr": False, "alignment": "sr"}, "the picture itself", False),
    ],
)
def test_protocol_and_features_say_whose_landmarks_align(name, changes, aligned, by_lr) -> None:
    metric = METRICS.get(name)().configured(replace(FACTS, **changes))
    assert f"dlib's 68 points of {aligned} in" in metric.protocol
    assert metric.feature_set == f"dlib{BY_LR if by_lr else ''}"


@pytest.mark.parametrize(
    ("descriptor", "said"), [("dlib", "Euclidean"), ("facenet", "FaceNet"), ("arcface", "ONNX file")]
)
def test_the_descriptor_is_the_runs(descriptor, said) -> None:
    metric = Identity().configured(replace(FACTS, descriptor=descriptor))
    assert (metric.extractor, said in metric.protocol) == (descriptor, True)
    assert ("Euclidean" in metric.protocol) == (descriptor == "dlib")


def test_the_first_descriptor_that_is_available_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: object) -> None:
        raise Unavailable("not here")

    monkeypatch.setattr(EXTRACTORS.get("dlib"), "check", refuse)
    assert Identity().configured(FACTS).extractor == "facenet"
    with pytest.raises(Unavailable, match="not here"):
        Identity().configured(replace(FACTS, descriptor="dlib"))


def test_identity_needs_hr_and_identity_to_lr_does_not() -> None:
    with pytest.raises(Invalid, match="needs HR images"):
        Identity().check(replace(FACTS, has_hr=False))
    IdentityLr().check(replace(FACTS, has_hr=False))
    assert (Identity().scores_row("hr"), Identity().scores_row("lr")) == (False, True)
    assert (IdentityLr().scores_row("hr"), IdentityLr().scores_row("lr")) == (True, False)


@pytest.mark.heavy
def test_a_blurred_face_is_more_like_its_hr_than_another_face(monkeypatch, faces) -> None:
    monkeypatch.undo()
    hr = faces(4, 64)
    extractor = EXTRACTORS.get("dlib")()
    extractor.check()
    boxes = EXTRACTORS.get("mtcnn")().extract(hr, {})
    truth = extractor.extract(hr, boxes)
    guide = boxes | {"landmarks": truth["landmarks"]}
    blurred = extractor.extract(torch.as_tensor(F.avg_pool2d(hr, 3, stride=1, padding=1)), guide)
    found = Identity().evaluate(Faces(list("abcd"), [None] * 4, blurred, truth), seed=0)
    assert found.values.min() > found.details["strangers"]
    assert cosine(truth["descriptor"], truth["descriptor"]) == pytest.approx(1)
