"""dlib's descriptors are dlib's own."""

from __future__ import annotations

import dlib
import numpy as np
import pytest
from PIL import Image

from fsrbench import weights
from fsrbench.metrics.extractors.dlib_faces import DlibDescriptor
from fsrbench.pictures.decode import to_uint8

pytestmark = pytest.mark.heavy


@pytest.fixture(scope="module")
def extractor() -> DlibDescriptor:
    return DlibDescriptor()


@pytest.fixture(scope="module")
def described(extractor, small, boxes) -> dict[str, np.ndarray]:
    return extractor.extract(small, boxes)


def test_dlib_descriptor_is_dlibs_own(extractor, small, boxes):
    # dlib's own way: it computes chip and descriptor itself from an enlarged picture and a shape.
    large = np.asarray(Image.fromarray(to_uint8(small)[0]).resize((256, 256), Image.Resampling.BICUBIC))
    x0, y0, x1, y1 = boxes["box"][0] * 4
    side, middle = 1.1 * (x1 - x0), (x0 + x1) / 2
    top = (y0 + y1 - side) / 2 + 0.05 * side
    corners = (round(v) for v in (middle - side / 2, top, middle + side / 2, top + side))
    shape = dlib.shape_predictor(str(weights.find("dlib-landmarks")))(large, dlib.rectangle(*corners))
    model = dlib.face_recognition_model_v1(str(weights.find("dlib-descriptor")))
    mine = extractor.extract(small[:1], {"box": boxes["box"][:1]})
    np.testing.assert_allclose(mine["descriptor"][0], model.compute_face_descriptor(large, shape), atol=1e-6)
    enlarged = (mine["landmarks"][0] + 0.5) * 4 - 0.5  # pixel centres at whole numbers in both pictures
    np.testing.assert_allclose(enlarged, [(p.x, p.y) for p in shape.parts()], atol=1e-9)


def test_dlib_descriptors_tell_identities_apart(described):
    d = described["descriptor"]
    distance = np.linalg.norm(d[:, None] - d[None], axis=2)
    same = np.equal.outer(np.arange(len(d)) // 3, np.arange(len(d)) // 3)
    assert distance[same & ~np.eye(len(d), dtype=bool)].mean() < distance[~same].mean() - 0.05


def test_dlib_uses_given_landmarks(extractor, small, described):
    moved = {"landmarks": described["landmarks"][:1] + 6}
    again = extractor.extract(small[:1], {"landmarks": described["landmarks"][:1]})
    np.testing.assert_array_equal(again["descriptor"], described["descriptor"][:1])
    np.testing.assert_array_equal(again["landmarks"], described["landmarks"][:1])
    other = extractor.extract(small[:1], moved)
    assert np.linalg.norm(other["descriptor"] - described["descriptor"][:1]) > 0.05


def test_dlib_assumes_a_usual_crop_without_a_box(extractor, small, described):
    blind = extractor.extract(small[:1], {"box": np.full((1, 4), np.nan)})
    error = np.linalg.norm(blind["landmarks"] - described["landmarks"][:1], axis=2).mean()
    assert error < 0.1 * 64
