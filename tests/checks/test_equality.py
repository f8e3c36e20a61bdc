"""HR or LR handed in for SR is found."""

from __future__ import annotations

import io

import numpy as np
import pytest
from made.checked import Pictures, enlarged, honest
from PIL import Image

from fsrbench.checks.equality import judge_exact


def saved_as_jpeg(picture: np.ndarray) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=95, subsampling=0)
    return np.asarray(Image.open(file))


def test_hr_saved_again_as_jpeg():
    pictures = honest()
    assert pictures.hr is not None
    faulty = Pictures(pictures.hr, pictures.lr, pictures.hr).changed(saved_as_jpeg)
    assert not (faulty.sr == pictures.hr).all(axis=(1, 2, 3)).any()
    assert "SR is the HR picture on 12 of 12 images" in faulty.found()["equal_to_hr"].text


def test_sr_near_hr_where_lr_is_near_too_is_no_fault():
    pictures = honest()
    nearly = np.where(np.random.default_rng(0).random(pictures.sr.shape) < 0.5, pictures.sr, pictures.sr ^ 1)
    assert pictures.hr is not None
    assert "equal_to_hr" not in Pictures(nearly, pictures.sr, pictures.sr).found()


@pytest.mark.parametrize("kernel", ["NEAREST", "BILINEAR", "BICUBIC", "LANCZOS"])
def test_an_enlarged_lr_picture(kernel):
    finding = honest(kernel=Image.Resampling[kernel]).found()["equal_to_lr"]
    assert f"enlarged ({kernel.lower()}) on 12 of 12" in finding.text


def test_lr_itself_for_a_restoration():
    pictures = honest()
    assert "the LR picture itself" in Pictures(pictures.sr, pictures.sr, None).found()["equal_to_lr"].text


def test_another_picture_is_neither():
    pictures = honest()
    noisy = np.clip(pictures.sr + np.random.default_rng(0).normal(0, 4, pictures.sr.shape), 0, 255).astype(np.uint8)
    assert not {"equal_to_lr", "equal_to_hr"} & Pictures(noisy, pictures.lr, pictures.hr).found().keys()


@pytest.mark.parametrize(
    ("equal", "images", "found"), [(0, 9, False), (2, 9, False), (3, 9, True), (1, 1, True), (2, 2, True)]
)
def test_pictures_equal_to_hr_are_counted(equal, images, found):
    finding = judge_exact(equal, images)
    assert (finding is not None) == found
    if finding:
        assert finding.text.startswith(f"{equal} of {images} SR pictures equal HR pixel for pixel")


def test_two_copies_of_lr_among_others_are_enough():
    """As if a method found no face and returned its input."""
    pictures = honest("x4", "bicubic", Image.Resampling.NEAREST)
    sr = pictures.sr.copy()
    sr[[0, 6]] = [enlarged(lr, 64) for lr in pictures.lr[[0, 6]]]
    noisy = (sr.astype(float) + np.random.default_rng(0).normal(0, 6, sr.shape)).round().clip(0, 255).astype(np.uint8)
    noisy[[0, 6]] = sr[[0, 6]]
    assert "on 2 of 12 images, e.g. face0 and face6" in Pictures(noisy, pictures.lr, None).found()["equal_to_lr"].text
