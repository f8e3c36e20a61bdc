"""MTCNN finds faces, in a batch as one by one."""

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


def test_mtcnn_finds_the_same_in_a_batch_as_one_by_one(small, boxes):
    singles = [Mtcnn().extract(picture[None], {}) for picture in small[:4]]
    for name, tolerance in (("box", 1e-3), ("confidence", 1e-5)):
        np.testing.assert_allclose(boxes[name][:4], np.concatenate([s[name] for s in singles]), atol=tolerance)


@pytest.mark.parametrize("count", [1, 3])
def test_mtcnn_finds_no_face_in_grey(count):
    found = Mtcnn().extract(torch.full((count, 3, 64, 64), 0.5), {})
    assert np.isnan(found["box"]).all()
    assert found["confidence"].tolist() == [0] * count


def test_a_picture_without_a_face_spoils_no_other(small, boxes):
    mixed = torch.cat([torch.full((1, 3, 64, 64), 0.5), small[:2], torch.zeros(1, 3, 64, 64)])
    found = Mtcnn().extract(mixed, {})
    assert (found["confidence"] > 0.9).tolist() == [False, True, True, False]
    np.testing.assert_allclose(found["box"][1:3], boxes["box"][:2], atol=1e-3)
