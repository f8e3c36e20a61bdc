"""Lost, weaker, stronger and shifted colours are found; tones alone are not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from made.checked import Pictures, honest, levels
from PIL import Image

from fsrbench.checks import colours
from fsrbench.checks.view import View


def grey(picture: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(picture).convert("L").convert("RGB"))


def coloured(times: float) -> Callable[[np.ndarray], np.ndarray]:
    def change(picture: np.ndarray) -> np.ndarray:
        about = picture.mean(axis=2, keepdims=True)
        return levels(about + times * (picture - about))

    return change


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (grey, "SR has no colours on 12 of 12 coloured images"),
        (coloured(0.2), "colours"),
        (coloured(2.2), "colours"),
        (lambda picture: levels(picture + np.array([15.0, 0, 0])), "have a cast or another strength (red +1"),
    ],
)
def test_it_is_found_and_found_alone(fault, text):
    faulty = honest().changed(fault)
    for given in (faulty, faulty.without_hr()):
        found = given.found()
        assert found.keys() - {"equal_to_lr"} == {"colours"}
        assert text in found["colours"].text


def test_two_grey_pictures_are_enough():
    pictures = honest()
    sr = pictures.sr.copy()
    sr[[2, 9]] = [grey(picture) for picture in sr[[2, 9]]]
    assert (
        "on 2 of 12 coloured images, e.g. face2 and face9"
        in Pictures(sr, pictures.lr, pictures.hr).found()["colours"].text
    )


def test_grey_data_tell_nothing():
    pictures = honest()
    sr, lr = (np.stack([grey(picture) for picture in of]) for of in (pictures.sr, pictures.lr))
    assert "colours" not in Pictures(sr, lr, None).found()


def test_the_multiple_is_that_of_least_squares():
    pictures = honest()
    changed = np.stack([coloured(1.2)(picture) for picture in pictures.sr])
    found = colours.measure(View(changed, pictures.lr, None))["colours"][:, 0]
    for value, sr, lr in zip(found, changed, pictures.lr, strict=True):
        small = (Image.fromarray(sr).reduce(4).reduce(4), Image.fromarray(lr).reduce(4))
        values = (np.asarray(picture).astype(float) for picture in small)
        about = [(picture - picture.mean(axis=2, keepdims=True)).ravel() for picture in values]
        (expected,), *_ = np.linalg.lstsq(about[1][:, None], about[0])
        assert value == pytest.approx(expected, rel=1e-3)


def test_colours_of_noise_are_none():
    """Grey faces whose LR has colours of single pixels alone, which a method takes away."""
    pictures = honest()
    sr, lr = (np.stack([grey(picture) for picture in of]) for of in (pictures.sr, pictures.lr))
    noisy = levels(lr + np.random.default_rng(0).normal(0, 12, lr.shape))
    assert np.square(noisy - noisy.mean(axis=3, keepdims=True)).mean() > 2 * colours.COLOURED**2
    assert "colours" not in Pictures(sr, noisy, None).found()
