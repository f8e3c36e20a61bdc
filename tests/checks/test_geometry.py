"""Turned, zoomed and stretched SR is found, by as much as OpenCV finds."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from made.checked import Pictures, honest
from skimage.transform import AffineTransform, warp

from fsrbench.checks.geometry import affine, zoom_threshold
from fsrbench.checks.view import luma


def mapped(picture: np.ndarray, degrees: float = 0, down: float = 1, right: float = 1) -> np.ndarray:
    """Turned clockwise and zoomed about the middle."""
    middle = (len(picture) - 1) / 2
    to_middle, back = AffineTransform(translation=(-middle, -middle)), AffineTransform(translation=(middle, middle))
    change = AffineTransform(rotation=np.radians(degrees)) + AffineTransform(scale=(right, down))
    made = warp(picture.astype(float), (to_middle + change + back).inverse, order=3, mode="edge")
    return made.round().clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize(("degrees", "down", "right"), [(3, 1, 1), (-2, 1.03, 1.03), (0, 0.96, 1.02)])
def test_the_map_is_that_of_opencv(degrees, down, right):
    """By the enhanced correlation coefficient (Evangelidis & Psarakis, 2008)."""
    hr = honest("x8").hr
    assert hr is not None
    for picture in hr[:4]:
        moved, fixed = luma(np.stack([mapped(picture, degrees, down, right), picture]))
        _, found = cv2.findTransformECC(
            fixed, moved, np.eye(2, 3, dtype=np.float32), cv2.MOTION_AFFINE, (3, 100, 1e-6), None, 5
        )
        # OpenCV maps (column, row)
        np.testing.assert_allclose(affine(moved[None], fixed[None])[0], found[::-1, 1::-1], atol=0.012)


@pytest.mark.parametrize("task", ["x4", "x8"])
@pytest.mark.parametrize("degradation", ["bicubic", "realworld"])
@pytest.mark.parametrize(
    ("degrees", "down", "right", "text"),
    [
        (3, 1, 1, "degrees clockwise"),
        (-3, 1, 1, "degrees anticlockwise"),
        (0, 1.05, 1.05, "larger up and down and"),
        (0, 0.95, 0.95, "smaller sideways"),
        (0, 1.06, 1, "larger up and down against LR"),
    ],
)
def test_it_is_found_and_found_alone(task, degradation, degrees, down, right, text):
    faulty = honest(task, degradation).changed(lambda picture: mapped(picture, degrees, down, right))
    for given in (faulty, faulty.without_hr()):
        found = given.found()
        assert found.keys() - {"borders"} == {"geometry"}
        assert text in found["geometry"].text
        expected = np.radians(abs(degrees)) if degrees else abs(down - 1)
        value = np.radians(found["geometry"].value) if degrees else found["geometry"].value
        assert value == pytest.approx(expected, rel=0.35)


def test_align_corners_is_a_zoom():
    """LR's corners on SR's: 63 SR pixels for 15 of LR, where 4 for 1 would be right."""
    pictures = honest()
    places = (np.arange(64) * 15 / 63).astype(np.float32)
    rows, columns = np.meshgrid(places, places, indexing="ij")
    sr = np.stack([cv2.remap(lr, columns, rows, cv2.INTER_CUBIC) for lr in pictures.lr])
    finding = Pictures(sr, pictures.lr, pictures.hr).found()["geometry"]
    assert finding.value == pytest.approx(63 / 15 / 4 - 1, abs=0.015)
    assert "align_corners" in finding.text


def test_a_few_turned_pictures_are_no_finding():
    pictures = honest()
    sr = pictures.sr.copy()
    sr[:4] = [mapped(picture, 5) for picture in sr[:4]]
    assert "geometry" not in Pictures(sr, pictures.lr, pictures.hr).found()


def test_flat_pictures_and_stripes_tell_nothing():
    stripes = np.tile(np.sin(np.arange(32, dtype=np.float32) / 2), (1, 32, 1)) * 100
    assert np.isnan(affine(np.full((1, 32, 32), 7.0), stripes)).all()
    found = affine(stripes, stripes)
    assert np.isnan(found).all() or np.abs(found - np.eye(2)).max() < 1e-6


def test_least_zooms_are_known():
    assert [round(zoom_threshold(side) + 1e-9, 4) for side in (16, 32, 64, 512)] == [0.035, 0.0225, 0.0163, 0.0163]
