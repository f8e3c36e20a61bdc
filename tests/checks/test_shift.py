"""Shifts of SR are found, as large as scikit-image finds them, also by parts of a pixel."""

from __future__ import annotations

import numpy as np
import pytest
from made.checked import honest
from scipy import ndimage
from skimage.registration import phase_cross_correlation

from fsrbench.checks.shift import displacement, threshold


def texture(seed: int, side: int = 64) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=(side, side))
    return 128 + 400 * ndimage.gaussian_filter(noise, 2, mode="wrap")


@pytest.mark.parametrize("moved", [(0, 0), (3, -2), (-7, 5), (0.5, 0.25), (-1.3, 2.7)])
def test_displacement_is_that_of_scikit_image(moved):
    for seed in range(3):
        picture = texture(seed)
        other = ndimage.shift(picture, moved, order=5, mode="grid-wrap")
        independent, *_ = phase_cross_correlation(other, picture, upsample_factor=50, normalization=None)
        far = 0.05 + 0.03 * np.abs(moved).max()  # the window holds large shifts back a little
        np.testing.assert_allclose(displacement(other[None], picture[None])[0], independent, atol=far)
        np.testing.assert_allclose(displacement(other[None], picture[None])[0], moved, atol=far)


def test_flat_pictures_have_no_displacement():
    assert np.isnan(displacement(np.full((1, 16, 16), 7.0), texture(0, 16)[None])).all()


def test_stripes_have_none_along_themselves():
    stripes = np.tile(np.sin(np.arange(32) / 2), (1, 32, 1)) * 100
    assert not (np.abs(displacement(stripes, stripes)) > 0.1).any()


@pytest.mark.parametrize("degradation", ["bicubic", "realworld"])
@pytest.mark.parametrize("task", ["x4", "x8"])
@pytest.mark.parametrize("moved", [(2, 0), (0, -2), (3, 3)])
def test_a_shift_is_found_against_hr_and_against_lr(task, degradation, moved):
    faulty = honest(task, degradation).changed(lambda picture: np.roll(picture, moved, (0, 1)))
    for given in (faulty, faulty.without_hr()):
        finding = given.found()["shift"]
        assert finding.value == pytest.approx(np.hypot(*moved), abs=0.6)
        assert finding.threshold == threshold(faulty.sr.shape[1], faulty.sr.shape[1] // 16)
        for pixels, positive, negative in zip(moved, ("down", "to the right"), ("up", "to the left"), strict=True):
            assert not pixels or f"px {positive if pixels > 0 else negative}" in finding.text


def test_one_shifted_picture_among_many_is_no_finding():
    pictures = honest()
    sr = pictures.sr.copy()
    sr[0] = np.roll(sr[0], 5, 0)
    assert "shift" not in type(pictures)(sr, pictures.lr, pictures.hr).found()
