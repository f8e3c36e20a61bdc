"""The third-party detectors work with today's torch and torchvision, which neither of them was released for."""

from __future__ import annotations

import numpy as np
import pytest

BLACK = np.zeros((64, 64, 3), np.uint8)


def test_facenet_pytorch_detects_with_its_own_weights() -> None:
    from facenet_pytorch import MTCNN

    boxes, confidences = MTCNN(device="cpu").detect(BLACK)
    assert (boxes, confidences.tolist()) == (None, [None])


def test_retinaface_pytorch_runs() -> None:
    # Its weights are a download; what can break is its use of torchvision's backbone and suppression of boxes.
    predict = pytest.importorskip("retinaface.predict_single", reason="the extra [retinaface] is not installed")
    model = predict.Model(max_size=64)
    model.eval()
    faces = model.predict_jsons(BLACK, confidence_threshold=0.0)
    assert faces
    assert all(set(face) == {"bbox", "score", "landmarks"} for face in faces)
