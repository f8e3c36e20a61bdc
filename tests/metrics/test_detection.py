"""Detection: box overlap and what counts as a hit."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import torch
from torchvision.ops import box_iou as torchvision_iou

from fsrbench.errors import Invalid
from fsrbench.metrics.detection import CONFIDENCE, IOU, THRESHOLDS, Detection, DetectionRetinaface, box_iou, is_hit
from fsrbench.metrics.evaluation import Faces
from fsrbench.metrics.facts import Facts
from fsrbench.tasks import Task

NO_BOX = [np.nan] * 4
BOX = [10.0, 10.0, 50.0, 60.0]


def detections(*found: tuple[list[float], float]) -> dict[str, np.ndarray]:
    return {"box": np.array([box for box, _ in found]), "confidence": np.array([score for _, score in found])}


def faces(features: dict[str, np.ndarray], **known: Any) -> Faces:
    ids = [str(i) for i in range(len(features["box"]))]
    return Faces(ids=ids, identities=[None] * len(ids), features=features, **{"hr": None, **known})


@pytest.fixture(autouse=True)
def _no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ([0, 0, 2, 2], 1),
        ([1, 0, 3, 2], 1 / 3),
        ([1, 1, 3, 3], 1 / 7),
        ([0, 0, 1, 1], 1 / 4),
        ([2, 0, 4, 2], 0),
        ([5, 5, 6, 6], 0),
        (NO_BOX, np.nan),
    ],
)
def test_box_iou_by_hand(other, expected):
    box = np.array([[0.0, 0, 2, 2]])
    assert box_iou(box, np.array([other], float)) == pytest.approx([expected], nan_ok=True)


def test_box_iou_is_torchvisions():
    corners = np.sort(np.random.RandomState(0).uniform(0, 64, (2, 200, 2, 2)), axis=2)
    a, b = corners.reshape(2, 200, 4)
    reference = torchvision_iou(torch.from_numpy(a), torch.from_numpy(b)).diagonal().numpy()
    assert (reference > 0).any()
    np.testing.assert_allclose(box_iou(a, b), reference, atol=1e-12)


def test_box_iou_of_two_empty_boxes_is_nan():
    assert np.isnan(box_iou(np.zeros((1, 4)), np.zeros((1, 4)))).all()


@pytest.mark.parametrize(
    ("sr", "hr", "hit"),
    [
        ((BOX, 0.99), (BOX, 0.99), 1),
        ((BOX, CONFIDENCE), (BOX, CONFIDENCE), 1),
        ((BOX, CONFIDENCE - 0.01), (BOX, 0.99), 0),
        ((NO_BOX, 0.0), (BOX, 0.99), 0),
        (([50.0, 10, 90, 60], 0.99), (BOX, 0.99), 0),
        ((BOX, 0.99), (NO_BOX, 0.0), 1),
        ((BOX, 0.99), ([50.0, 10, 90, 60], 0.8), 1),
        ((NO_BOX, 0.0), (NO_BOX, 0.0), 0),
    ],
    ids=["same", "just", "unsure", "none", "elsewhere", "HR shows none", "HR unsure", "neither"],
)
def test_what_counts_as_a_hit(sr, hr, hit):
    evaluation = Detection().evaluate(faces(detections(sr), hr=detections(hr)), seed=0)
    assert evaluation.values.tolist() == [hit]


@pytest.mark.parametrize(("shift", "hit"), [(13, 1), (14, 0)])
def test_overlap_of_a_half_is_enough(shift, hit):
    # Boxes 40 wide, shifted by s: IoU (40 - s) / (40 + s), which is 1/2 at s = 40/3.
    moved = [BOX[0] + shift, BOX[1], BOX[2] + shift, BOX[3]]
    assert IOU == 0.5
    values = Detection().evaluate(faces(detections((moved, 0.99)), hr=detections((BOX, 0.99))), seed=0).values
    assert values.tolist() == [hit]


def test_note_counts_hr_images_without_a_face():
    found = detections((BOX, 0.99), (BOX, 0.99), (NO_BOX, 0.0))
    hr = detections((BOX, 0.99), (NO_BOX, 0.0), (BOX, 0.5))
    assert Detection().evaluate(faces(found, hr=hr), seed=0).note == "no face found in 2 HR images"


@pytest.mark.parametrize("known", [{"hr": None}, {"is_hr": True}], ids=["without HR", "HR itself"])
def test_without_a_box_to_compare_with_confidence_decides(known):
    found = detections((BOX, 0.99), (NO_BOX, 0.0), (BOX, 0.8))
    evaluation = Detection().evaluate(faces(found, **{"hr": found, **known}), seed=0)
    assert evaluation.values.tolist() == [1, 0, 0]
    assert evaluation.note == ""


FAR = [50.0, 50.0, 60.0, 60.0]


@pytest.mark.parametrize(
    ("confidence", "iou", "expected"),
    [(0.9, 0.5, [1, 0, 0, 1]), (0.8, 0.5, [1, 0, 1, 1]), (0.9, 0, [1, 1, 0, 1]), (0.8, 0, [1, 1, 1, 1])],
)
def test_other_thresholds_by_hand(confidence, iou, expected):
    sr = detections((BOX, 0.99), (FAR, 0.99), (BOX, 0.85), (FAR, 0.99))
    hr = detections((BOX, 0.99), (BOX, 0.99), (BOX, 0.99), (NO_BOX, 0.0))
    assert is_hit(sr, hr, confidence, iou).tolist() == expected


def test_details_are_the_mean_confidence_and_overlap():
    found = detections((BOX, 0.9), ([10.0, 10, 30, 60], 0.6), (NO_BOX, 0.0))
    evaluation = Detection().evaluate(faces(found, hr=detections(*[(BOX, 0.99)] * 3)), seed=0)
    assert evaluation.details == {"mean_confidence": pytest.approx(0.5), "mean_iou": pytest.approx(0.75)}


def test_without_any_overlap_there_is_no_mean_of_it():
    evaluation = Detection().evaluate(faces(detections((NO_BOX, 0.0)), hr=detections((NO_BOX, 0.0))), seed=0)
    assert set(evaluation.details) == {"mean_confidence"}


def test_curve_has_the_share_of_hits_at_every_confidence():
    confidences = np.linspace(0.4, 1, 61)
    found = detections(*((BOX, c) for c in confidences))
    curve = Detection().evaluate(faces(found), seed=0).curves["threshold"]
    assert curve[:, 0].tolist() == THRESHOLDS.tolist()
    np.testing.assert_allclose(curve[:, 1], [np.mean(confidences >= t) for t in THRESHOLDS])
    at_the_tables = curve[np.isclose(curve[:, 0], CONFIDENCE), 1]
    assert at_the_tables == pytest.approx(np.mean(confidences >= CONFIDENCE), abs=0.02)


def test_retinaface_counts_the_same_way_and_says_who_detects():
    assert DetectionRetinaface().extractor == "retinaface"
    assert "RetinaFace" in DetectionRetinaface().protocol
    assert Detection().protocol.partition("; the most")[2] == DetectionRetinaface().protocol.partition("; the most")[2]


def test_pictures_below_the_smallest_face_are_refused():
    def facts(task: Task) -> Facts:
        return Facts(task, images=4, has_hr=True, has_pairs=False)

    with pytest.raises(Invalid, match="at least 20 px, not of 15 px"):
        Detection().check(facts(Task(5, 3)))
    Detection().check(facts(Task(5, 4)))
