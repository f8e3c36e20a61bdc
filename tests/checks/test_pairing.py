"""SR under another image's name, mirrored or turned is found, and found alone."""

from __future__ import annotations

import numpy as np
import pytest
from made.checked import Pictures, honest

from fsrbench.checks import method, pairing


def mixed_up(pictures: Pictures) -> Pictures:
    return Pictures(np.roll(pictures.sr, 1, axis=0), pictures.lr, pictures.hr)


@pytest.mark.parametrize("degradation", ["bicubic", "realworld", "noise:25"])
def test_pictures_of_other_images(degradation):
    for given in (honest(degradation=degradation), honest(degradation=degradation).without_hr()):
        found = mixed_up(given).found()
        assert found.keys() == {"pairing"}
        assert "another image's face on " in found["pairing"].text
        assert "that of face" in found["pairing"].text


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (lambda picture: picture[:, ::-1], "mirrored left to right"),
        (lambda picture: picture[::-1], "mirrored top to bottom"),
        (lambda picture: np.rot90(picture), "turned by 90 degrees"),
        (lambda picture: np.rot90(picture, 2), "turned by 180 degrees"),
        (lambda picture: np.rot90(picture, -1), "turned by 270 degrees"),
        (lambda picture: picture.swapaxes(0, 1), "transposed"),
    ],
)
def test_mirrored_and_turned_pictures(fault, text):
    found = honest().changed(fault).found()
    assert found.keys() == {"pairing"}
    assert text in found["pairing"].text


def test_blur_that_makes_all_faces_alike_is_no_mix_up():
    """Then another HR may be nearer than the own: LR decides."""
    assert honest(degradation="blur:6", images=96).found().keys() <= {"equal_to_lr"}


def test_inverted_pictures_are_the_same_pictures():
    assert "pairing" not in honest().changed(lambda picture: 255 - picture).found()


def test_two_exchanged_pictures_are_enough():
    pictures = honest()
    sr = pictures.sr.copy()
    sr[[5, 8]] = sr[[8, 5]]
    found = Pictures(sr, pictures.lr, pictures.hr).found()["pairing"]
    assert (found.images, found.of) == (2, 12)
    assert "that of face" in found.text


def test_two_transposed_pictures_are_enough():
    pictures = honest()
    sr = pictures.sr.copy()
    sr[[3, 7]] = sr[[3, 7]].swapaxes(1, 2)
    found = Pictures(sr, pictures.lr, pictures.hr).found()["pairing"]
    assert "SR is transposed on 2 of 12 images, e.g. face3 and face7" in found.text


def test_one_exchanged_picture_is_none():
    pictures = honest()
    sr = pictures.sr.copy()
    sr[0] = sr[1]
    assert "pairing" not in Pictures(sr, pictures.lr, pictures.hr).found()


def test_pictures_of_other_data():
    """What is nothing like any input."""
    generator, pictures = np.random.default_rng(0), honest()
    texture = generator.uniform(0, 255, (12, 8, 8, 3)).astype(np.uint8).repeat(8, 1).repeat(8, 2)
    measured = method.measure(texture, pictures.lr, pictures.hr)
    (found,) = pairing.judge(measured, list("abcdefghijkl"))
    assert "does not resemble its input" in found.text


def test_pictures_below_the_thumbnails_side_tell_nothing():
    tiny = np.random.default_rng(0).integers(0, 256, (6, 4, 4, 3)).astype(np.uint8)
    found = method.judge(method.measure(tiny[::-1], tiny, None), list("abcdef"), 4, 1)
    assert "pairing" not in {finding.check for finding in found}


def test_of_very_many_pictures_some_are_compared():
    inputs = np.random.default_rng(0).uniform(0, 255, (3 * pairing.MOST, 64)).astype(np.float32)
    ids = [str(row) for row in range(len(inputs))]
    measured = {"sr_thumbnail": np.roll(inputs, 1, axis=0), "data_thumbnail": inputs}
    own = np.ones((len(inputs), 1), np.float32)
    assert pairing.judge(measured | {"own_lr": own}, ids) == []
    (found,) = pairing.judge(measured | {"own_lr": 0 * own}, ids)
    assert (found.images, found.of) == (pairing.MOST, pairing.MOST)
