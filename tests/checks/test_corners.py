"""Logos and masks in corners are found, and named alone."""

from __future__ import annotations

import numpy as np
import pytest
from made.checked import Pictures, honest, levels

from fsrbench.checks import corners
from fsrbench.checks.view import View


def with_logo(picture: np.ndarray) -> np.ndarray:
    marked, side = picture.copy(), len(picture)
    marked[-side // 8 : -side // 32, -side // 3 : -side // 32] = 255
    return marked


def masked(picture: np.ndarray) -> np.ndarray:
    places = np.linspace(-1, 1, len(picture))
    inside = places[:, None] ** 2 + places[None] ** 2 < 1.5
    return levels(picture * inside[..., None])


@pytest.mark.parametrize("task", ["x4", "x8"])
def test_a_logo(task):
    faulty = honest(task).changed(with_logo)
    for given in (faulty, faulty.without_hr()):
        found = given.found()
        assert found.keys() - {"equal_to_lr"} == {"corners"}
        assert "brighter than LR in its bottom right corner" in found["corners"].text


def test_a_mask():
    pictures = honest()
    sr, lr = 255 - pictures.sr // 2, 255 - pictures.lr // 2
    (found,) = corners.judge(corners.measure(View(np.stack([masked(picture) for picture in sr]), lr, None)))
    assert "darker than LR in its" in found.text


def test_a_logo_in_a_few_pictures_is_no_finding():
    pictures = honest()
    sr = pictures.sr.copy()
    sr[:4] = [with_logo(picture) for picture in sr[:4]]
    assert "corners" not in Pictures(sr, pictures.lr, pictures.hr).found()
