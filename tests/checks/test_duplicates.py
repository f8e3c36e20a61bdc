"""One picture under two names is found, in SR and in the data, also if it was saved anew."""

from __future__ import annotations

import numpy as np
from made.checked import Pictures, honest

from fsrbench.checks import data
from fsrbench.checks.duplicates import PART, same


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


def test_pairs_beyond_one_part():
    thumbnails = np.random.default_rng(0).uniform(0, 255, (PART + 40, 64)).astype(np.float32)
    thumbnails[PART + 7] = thumbnails[3] + 0.5
    thumbnails[PART + 9] = thumbnails[PART + 8]
    assert same(thumbnails) == [(3, PART + 7), (PART + 8, PART + 9)]


def test_flat_pictures_are_no_duplicates():
    assert same(np.full((5, 64), 20.0)) == []
