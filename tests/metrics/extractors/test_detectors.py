"""MTCNN finds the same faces in a batch as one by one."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fsrbench.metrics.extractors.detectors import Mtcnn


def test_mtcnn_finds_the_face_of_each_picture(boxes):
    assert (boxes["confidence"] > 0.9).all()
    x0, y0, x1, y1 = boxes["box"].T
    assert ((x0 < 32) & (x1 > 32) & (y0 < 32) & (y1 > 32)).all()
    assert ((x1 - x0 > 15) & (y1 - y0 > 20)).all()


@pytest.mark.heavy
def test_mtcnn_finds_the_same_whatever_the_batch(faces):
    """In one batch of 64 facenet-pytorch's own boxes of faces 12 and 62 are off by up to 0.6 px."""
    many = faces(64, 64)
    found = Mtcnn().extract(many, {})
    for row in (0, 12, 62):
        for name, values in Mtcnn().extract(many[row : row + 1], {}).items():
            np.testing.assert_array_equal(found[name][row], values[0])


@pytest.mark.parametrize("count", [1, 3])
def test_mtcnn_finds_no_face_in_grey(count):
    found = Mtcnn().extract(torch.full((count, 3, 64, 64), 0.5), {})
    assert np.isnan(found["box"]).all()
    assert found["confidence"].tolist() == [0] * count


def test_a_picture_without_a_face_does_not_affect_others(small, boxes):
    mixed = torch.cat([torch.full((1, 3, 64, 64), 0.5), small[:2], torch.zeros(1, 3, 64, 64)])
    found = Mtcnn().extract(mixed, {})
    assert (found["confidence"] > 0.9).tolist() == [False, True, True, False]
    np.testing.assert_allclose(found["box"][1:3], boxes["box"][:2], atol=1e-3)


def test_pictures_below_the_smallest_face_have_none():
    """Where facenet-pytorch fails."""
    found = Mtcnn().extract(torch.rand(2, 3, 15, 15), {})
    assert np.isnan(found["box"]).all()
    assert found["confidence"].tolist() == [0, 0]
