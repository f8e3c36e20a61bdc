"""One picture under two names is found, in SR and in the data, even if it was saved again."""

from __future__ import annotations

import time

import cv2
import numpy as np
import pytest
from made.checked import Pictures, honest
from scipy.spatial.distance import pdist, squareform

from fsrbench.checks import data
from fsrbench.checks.duplicates import SAME, SIDE, same, thumbnails


def test_one_picture_for_two_faces():
    pictures = honest()
    sr = pictures.sr.copy()
    sr[7] = sr[2]
    finding = Pictures(sr, pictures.lr, pictures.hr).found()["duplicates"]
    assert "2 of 12 images, e.g. face2 and face7" in finding.text


def test_one_face_given_twice_is_the_datas_fault_alone():
    pictures = honest()
    assert pictures.hr is not None
    sr, lr, hr = (of.copy() for of in (pictures.sr, pictures.lr, pictures.hr))
    for of in (sr, lr, hr):
        of[5] = of[3]
    hr[5] ^= 1  # saved anew
    assert "duplicates" not in Pictures(sr, lr, hr).found()
    (finding,) = data.judge(data.measure(hr), [f"face{i}" for i in range(12)])
    assert finding.check == "data_duplicates"
    assert "e.g. face3 and face5" in finding.text


def faces(number: int) -> np.ndarray:
    """Thumbnails as alike as faces are: a few smooth ways to differ, and grain; every 50th follows twice."""
    generator = np.random.default_rng(0)
    ways = generator.normal(size=(12, 8, 8)).cumsum(1).cumsum(2).reshape(12, 64)
    made = 120 + 4 * generator.normal(size=(number, 12)) @ ways + generator.normal(size=(number, 64))
    made[1::50] = made[::50] + generator.normal(0, 0.7, made[::50].shape)
    return made.astype(np.float32)


def test_pairs_are_those_of_all_distances():
    thumbnails = faces(1000)
    near = squareform(pdist(thumbnails) <= SAME * 8)
    assert same(thumbnails) == list(zip(*np.nonzero(np.triu(near, 1)), strict=True))
    assert 10 < len(same(thumbnails)) <= 20


def test_many_pictures_cost_little():
    """All pairs of them would take half a minute."""
    thumbnails = faces(30_000)
    start = time.process_time()
    assert len(same(thumbnails)) > 300
    assert time.process_time() - start < 3


def test_one_picture_for_all_faces():
    thumbnails = np.tile(faces(1), (5000, 1))
    assert same(thumbnails) == [(0, row) for row in range(1, 5000)]


def test_flat_pictures_are_no_duplicates():
    assert same(np.full((5, 64), 20.0)) == []


@pytest.mark.parametrize("side", [8, 15, 23, 60, 64, 127, 510, 512])
def test_a_thumbnail_shows_all_of_a_picture(side):
    """As OpenCV's averages over areas, parts of pixels among them."""
    grey = np.random.default_rng(side).integers(0, 256, (side, side)).astype(np.uint8)
    expected = cv2.resize(grey.astype(np.float32), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    np.testing.assert_allclose(thumbnails(np.stack([grey] * 3, 2)[None])[0], expected.ravel(), atol=0.51)
