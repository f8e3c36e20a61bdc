"""Channels in another order are found and named; grey pictures tell nothing."""

from __future__ import annotations

import numpy as np
import pytest
from made.checked import Pictures, honest
from PIL import Image


@pytest.mark.parametrize("degradation", ["bicubic", "realworld", "noise:25"])
def test_red_and_blue_swapped(degradation):
    faulty = honest("x4", degradation).changed(lambda picture: picture[..., ::-1])
    for given in (faulty, faulty.without_hr()):
        finding = given.found()["channels"]
        assert "red and blue are swapped (BGR)" in finding.text
        assert finding.value < finding.threshold


def test_another_order_is_named_as_the_file_has_it():
    # The file's first channel holds green, its second blue, its third red
    faulty = honest().changed(lambda picture: picture[..., [1, 2, 0]])
    assert "in the order GBR" in faulty.found()["channels"].text


def test_grey_faces_tell_nothing():
    def grey(pictures: np.ndarray) -> np.ndarray:
        return np.repeat(pictures[..., 1:2], 3, axis=3)

    pictures = honest()
    assert pictures.hr is not None
    assert "channels" not in Pictures(grey(pictures.sr)[..., ::-1], grey(pictures.lr), grey(pictures.hr)).found()


def test_restored_colour_of_grey_faces_is_no_fault():
    pictures = honest()
    grey = np.repeat(pictures.lr[..., 1:2], 3, axis=3)
    assert "channels" not in Pictures(pictures.sr, grey, None).found()


@pytest.mark.parametrize("name", ["YCbCr", "YCrCb"])
def test_luma_and_chroma_for_rgb(name):
    """As Pillow makes them."""
    order = [0, 1, 2] if name == "YCbCr" else [0, 2, 1]
    faulty = honest().changed(lambda picture: np.asarray(Image.fromarray(picture).convert("YCbCr"))[..., order])
    assert f"in the order {name}" in faulty.found()["channels"].text


def test_two_swapped_pictures_are_enough():
    pictures = honest()
    sr = pictures.sr.copy()
    sr[[1, 4]] = sr[[1, 4]][..., ::-1]
    assert (
        "on 2 of 12 coloured images, e.g. face1 and face4" in Pictures(sr, pictures.lr, None).found()["channels"].text
    )
