"""Borders of padding are found with their width and kind; honest frames of the data are none."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from made.checked import Pictures, enlarged, honest


def framed(picture: np.ndarray, widths: tuple[int, int], **how: object) -> np.ndarray:
    """Shrunk, and padded on both axes by the same widths before and after."""
    inside = enlarged(picture, len(picture) - sum(widths))
    return np.pad(inside, (widths, widths, (0, 0)), **how)  # type: ignore[call-overload, no-any-return]


@pytest.mark.parametrize("value", [0, 128, 255])
@pytest.mark.parametrize("widths", [(4, 4), (0, 3), (1, 0)])
def test_a_frame_of_one_colour(value, widths):
    faulty = honest().changed(partial(framed, widths=widths, constant_values=value))
    for given in (faulty, faulty.without_hr()):
        finding = given.found()["borders"]
        assert "of one colour" in finding.text
        for side, width in zip(
            ("top", "left", "bottom", "right"), (widths[0], widths[0], widths[1], widths[1]), strict=True
        ):
            assert (f"{side} {width} px" in finding.text) == (width > 0)


@pytest.mark.parametrize("task", ["x4", "x8"])
@pytest.mark.parametrize("mode", ["reflect", "symmetric"])
def test_a_mirrored_frame(task, mode):
    faulty = honest(task).changed(partial(framed, widths=(9, 9), mode=mode))
    found = faulty.found()["borders"]
    assert "mirrored pixels" in found.text
    assert "top 9 px" in found.text or "left 9 px" in found.text


def test_a_frame_of_repeated_pixels():
    faulty = honest().changed(partial(framed, widths=(12, 12), mode="edge"))
    assert "repeated edge pixels" in faulty.found()["borders"].text


def test_frames_that_the_data_have_are_no_fault():
    pictures = honest()
    assert pictures.hr is not None
    parts = [
        np.stack([framed(p, (side // 8,) * 2) for p in of])
        for side, of in ((64, pictures.sr), (16, pictures.lr), (64, pictures.hr))
    ]
    assert "borders" not in Pictures(*parts).found()
    assert "borders" not in Pictures(*parts).without_hr().found()


def test_two_framed_pictures_are_enough():
    pictures = honest()
    sr = pictures.sr.copy()
    sr[[3, 5]] = [framed(picture, (2, 2)) for picture in sr[[3, 5]]]
    assert "on 2 of 12 images, e.g. face3 and face5" in Pictures(sr, pictures.lr, None).found()["borders"].text
