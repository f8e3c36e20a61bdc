"""A curve is named if it fits clearly best; else its values are shown."""

from __future__ import annotations

import numpy as np
import pytest
from skimage import exposure

from fsrbench.checks.tone_curves import name, to_linear, to_srgb


@pytest.fixture(scope="module")
def tones() -> np.ndarray:
    return np.sort(np.random.default_rng(0).beta(2, 2, (20, 5)), axis=1)


@pytest.mark.parametrize(
    ("curve", "text"),
    [
        (lambda x: x**1.4, "raised to the power 1.40"),
        (lambda x: 0.7 * x, "0.70 times those of the input: "),
        (lambda x: x + 0.1, "those of the input +2"),
        (lambda x: 1.5 * x - 0.3, "1.50 times those of the input - 7"),
        (lambda x: 2 * x - 1, "clipped below mid-grey"),
        (lambda x: (255 * x - 16) / 219, "stretched from 16 to 235"),
        (to_linear, "of linear light"),
        (to_srgb, "sRGB's curve was applied twice"),
    ],
)
def test_it_is_named_though_the_method_errs(tones, curve, text):
    noise = np.random.default_rng(1).normal(0, 1 / 255, tones.shape)
    assert text in name([(np.clip(curve(tones), 0, 1) + noise, tones)])


def test_a_curve_without_a_name_is_shown(tones):
    curved = exposure.adjust_sigmoid(tones, 0.5, 8)
    assert name([(curved, tones)]).startswith("other than those of the input (26 to ")
    assert "128 to 12" in name([(curved, tones)])


def test_of_two_references_the_one_that_fits_is_read(tones):
    noisy = np.sort(np.clip(tones + np.random.default_rng(2).normal(0, 0.2, tones.shape), 0, 1), axis=1)
    assert "raised to the power 1.50" in name([(tones**1.5, noisy), (tones**1.5, tones)])


def test_srgb_is_its_own_inverse():
    values = np.linspace(0, 1, 256)
    np.testing.assert_allclose(to_srgb(to_linear(values)), values, atol=1e-6)
    assert to_linear(np.array([0.5]))[0] == pytest.approx(0.21404, abs=1e-5)  # IEC 61966-2-1
