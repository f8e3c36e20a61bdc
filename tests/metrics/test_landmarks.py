"""Landmark error: the formula by hand, both networks on the sample's synthetic faces."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from fsrbench.metrics import METRICS
from fsrbench.metrics.evaluation import Faces
from fsrbench.metrics.extractors.base import EXTRACTORS
from fsrbench.metrics.facts import Facts
from fsrbench.metrics.landmarks import LandmarkNme, Lmd, nme
from fsrbench.tasks import Task

TRUTH = np.zeros((1, 68, 2))
TRUTH[0, 45, 0] = 50


def test_error_is_relative_to_the_outer_eye_corners() -> None:
    assert nme(TRUTH + np.array([3, 4]), TRUTH) == pytest.approx(0.1)


def test_error_is_the_formula_of_300_w() -> None:
    rng = np.random.RandomState(0)
    found, truth = rng.uniform(0, 64, (2, 3, 68, 2))
    expected = []
    for face, right in zip(found, truth, strict=True):
        distances = [np.hypot(*(p - q)) for p, q in zip(face, right, strict=True)]
        expected.append(sum(distances) / 68 / np.hypot(*(right[36] - right[45])))
    assert nme(found, truth) == pytest.approx(expected)


def test_landmark_distance_is_in_pixels_as_vqfr_counts_it() -> None:
    rng = np.random.RandomState(0)
    found, truth = rng.uniform(0, 512, (2, 3, 98, 2))
    expected = [np.sqrt(((right - face) ** 2).sum(1)).mean() for face, right in zip(found, truth, strict=True)]
    evaluation = Lmd().evaluate(Faces(list("abc"), [None] * 3, {"landmarks": found}, {"landmarks": truth}), seed=0)
    assert evaluation.values == pytest.approx(expected)
    assert evaluation.details == {"largest": pytest.approx(max(expected))}


@pytest.mark.parametrize("name", ["lmd", "lmd_dlib", "lmd_98"])
def test_landmark_distances_say_which_network_and_size(name) -> None:
    small, large = (METRICS.get(name)().configured(Facts(Task(side, 1), 5, True, False)) for side in (64, 512))
    assert "in pixels of the HR" in small.protocol
    assert (small.protocol == large.protocol) == (name != "lmd_dlib")


def test_faces_that_lost_their_landmarks_are_counted() -> None:
    truth = np.repeat(TRUTH, 4, axis=0)
    found = truth + np.array([0, 4, 6, 30])[:, None, None] * np.array([1.0, 0.0])
    faces = Faces(list("abcd"), [None] * 4, {"landmarks": found}, {"landmarks": truth})
    evaluation = LandmarkNme().evaluate(faces, seed=0)
    assert evaluation.values == pytest.approx([0, 0.08, 0.12, 0.6])
    assert evaluation.summary is None  # the mean over faces
    assert evaluation.note == "50.0% of the faces above 10%"
    assert evaluation.details == {"failure_rate": 0.5}


@pytest.mark.parametrize("name", ["landmark_nme", "landmark_nme_dlib"])
def test_a_shifted_picture_is_off_by_the_shift_and_a_blurred_one_by_little(name, faces) -> None:
    hr = faces(8, 64)
    sr = {"shifted": hr.roll(3, dims=3), "blurred": F.avg_pool2d(hr, 3, stride=1, padding=1), "same": hr}
    metric = METRICS.get(name)()
    boxes = EXTRACTORS.get("mtcnn")().extract(hr, {})
    extractor = EXTRACTORS.get(metric.extractor)()
    extractor.check()
    truth = extractor.extract(hr, boxes)
    found = {what: extractor.extract(torch.as_tensor(picture), boxes) for what, picture in sr.items()}
    error = {what: nme(points["landmarks"], truth["landmarks"]) for what, points in found.items()}
    eyes = np.linalg.norm(truth["landmarks"][:, 36] - truth["landmarks"][:, 45], axis=1)
    assert (error["same"] == 0).all()
    assert error["shifted"].mean() == pytest.approx((3 / eyes).mean(), rel=0.35)
    assert 0 < error["blurred"].mean() < 0.5 * error["shifted"].mean()
