"""Wrong ranges and gammas are found and named."""

from __future__ import annotations

import numpy as np
import pytest
from made.checked import honest, levels


@pytest.mark.parametrize(
    ("curve", "name"),
    [
        (lambda x: x / 2, "halved"),
        (lambda x: (x + 1) / 2, "squeezed into the upper half"),
        (lambda x: np.clip(2 * x - 1, 0, 1), "clipped below mid-grey"),
        (lambda x: (16 + 219 * x) / 255, "squeezed into 16 to 235"),
        (lambda x: 1 - x, "inverted"),
        (lambda x: x / 255, "divided by 255 twice"),
        (lambda x: x**2.2, "raised to the power 2."),
        (lambda x: x ** (1 / 2.2), "raised to the power 0.4"),
        (lambda x: 0.6 * x + 0.2, "times those of the input + "),
    ],
)
def test_a_known_fault_is_named(curve, name):
    faulty = honest().changed(lambda picture: levels(255 * curve(picture / 255)))
    for given in (faulty, faulty.without_hr()):
        finding = given.found()["tones"]
        assert name in finding.text
        assert finding.value > finding.threshold


def test_few_levels_are_no_fault():
    assert "tones" not in honest().changed(lambda picture: levels(picture + 3.0)).found()


def test_other_tones_of_a_few_pictures_are_no_fault():
    pictures = honest()
    sr = pictures.sr.copy()
    sr[:4] //= 2
    assert "tones" not in type(pictures)(sr, pictures.lr, pictures.hr).found()
