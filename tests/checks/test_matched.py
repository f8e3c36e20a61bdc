"""SR with HR's mean and standard deviation is found, as VQFR's script makes it."""

from __future__ import annotations

import numpy as np
import pytest
from made.checked import Pictures, honest, levels

from fsrbench.checks import matched
from fsrbench.checks.view import View


def as_vqfr(sr: np.ndarray, hr: np.ndarray) -> np.ndarray:
    """VQFR, ``scripts/metrics``, ``correct_mean_var``."""
    mean, std = (of(sr.astype(float), axis=(0, 1)) for of in (np.mean, np.std))
    return levels((sr - mean) / std * hr.std(axis=(0, 1)) + hr.mean(axis=(0, 1)))


@pytest.mark.parametrize("degradation", ["bicubic", "realworld"])
def test_matched_colours(degradation):
    pictures = honest("x4", degradation, images=32)
    assert pictures.hr is not None
    sr = np.stack([as_vqfr(*pair) for pair in zip(pictures.sr, pictures.hr, strict=True)])
    found = Pictures(sr, pictures.lr, pictures.hr).found()
    assert found.keys() == {"matched_to_hr"}
    assert "matched_to_hr" not in pictures.found()


def test_the_moments_are_those_of_numpy():
    pictures = honest()
    assert pictures.hr is not None
    found = matched.measure(View(pictures.sr, pictures.lr, pictures.hr))["matched"]
    for row, sr, lr, hr in zip(found, pictures.sr, pictures.lr, pictures.hr, strict=True):
        moments = [np.stack([of.mean(axis=(0, 1)), of.std(axis=(0, 1))]) for of in (sr, lr, hr)]
        clipped = ((sr == 0) | (sr == 255)).mean(axis=(0, 1)).max()
        expected = [np.abs(moments[0] - moments[2]).max(), np.abs(moments[1] - moments[2])[1].min(), clipped]
        np.testing.assert_allclose(row, expected, rtol=1e-6)


def test_hr_itself_is_named_as_such():
    pictures = honest()
    assert pictures.hr is not None
    assert "matched_to_hr" not in Pictures(pictures.hr, pictures.lr, pictures.hr).found()


def test_hr_itself_beside_lr_that_is_near_it():
    """A restoration of little contrast lost, where HR's pictures are told by their pixels alone."""
    hr = honest().sr
    lr = levels(127.5 + 0.95 * (hr - 127.5))
    assert "matched_to_hr" not in Pictures(hr, lr, hr).found()
    assert "matched_to_hr" not in Pictures(hr ^ 1, lr, hr).found()


def test_a_method_that_is_near_hr_has_matched_nothing():
    """36 dB: HR with noise of 4 levels, whose moments differ by less than rounding's."""
    pictures = honest(images=32)
    assert pictures.hr is not None
    sr = levels(pictures.hr + np.random.default_rng(0).normal(0, 4, pictures.hr.shape))
    assert "matched_to_hr" not in Pictures(sr, pictures.lr, pictures.hr).found()
