"""Frames around faces: where they lie, and what is cut out of a photo in them."""

from __future__ import annotations

import io

import numpy as np
import pytest
from made.photo import background, frame_at
from PIL import Image

from fsrbench.datasets.sample import sample
from fsrbench.faces.points import five_points
from fsrbench.photo.framing import MAX_SIDE, Frame, cut, frame_of, pixel_centres, read

MEAN = np.array([[46, 60], [82, 60], [64, 80], [49, 95], [79, 95]], dtype=float)
"""Mean landmarks of the training faces in their 128 px."""


def turned(points: np.ndarray, degrees: float, scale: float, shift: complex) -> np.ndarray:
    moved = (points @ [1, 1j]) * scale * np.exp(1j * np.deg2rad(degrees)) + shift
    return np.stack([moved.real, moved.imag], axis=1)


def test_mean_face_fills_its_128_px() -> None:
    frame = frame_of(MEAN)
    assert frame.centre == pytest.approx(64 + 63.5j)
    assert frame.half == pytest.approx(64.8)


@pytest.mark.parametrize("degrees", [0, 25, -40, 90, 180])
def test_frame_turns_and_grows_with_the_face(degrees: float) -> None:
    frame, mean = frame_of(turned(MEAN, degrees, 0.3, 40 + 7j)), frame_of(MEAN)
    turn = 0.3 * np.exp(1j * np.deg2rad(degrees))
    assert frame.half == pytest.approx(mean.half * turn)
    assert frame.centre == pytest.approx(mean.centre * turn + 40 + 7j)


def test_frames_of_the_sample_are_its_pictures() -> None:
    import torch

    frames = []
    for one in sample().samples[::8]:
        assert one.hr is not None
        side = Image.open(io.BytesIO(one.hr.read())).width
        points = five_points(torch.from_numpy(one.landmarks)[None].float())[0].double().numpy()
        frames.append(frame_of(points).scaled(1 / side))
    assert np.mean([f.side for f in frames]) == pytest.approx(1, abs=0.05)
    assert np.mean([f.centre for f in frames]) == pytest.approx(0.5 + 0.5j, abs=0.04)


def test_points_that_are_all_the_same_make_no_frame() -> None:
    assert frame_of(np.full((5, 2), 7.0)).side == 0


def test_upright_cut_is_what_a_run_makes_of_a_cropped_file() -> None:
    photo = background((90, 70), 1)
    expected = photo.crop((20, 10, 60, 50)).resize((16, 16), Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(cut(photo, frame_at(40, 30, 40), 16), np.asarray(expected))


def test_quarter_turn_is_exact() -> None:
    photo = Image.fromarray(np.random.RandomState(0).randint(0, 256, (20, 20, 3)).astype(np.uint8))
    found = cut(photo, frame_at(10, 10, 16, 90), 16)
    np.testing.assert_array_equal(found, np.asarray(photo.crop((2, 2, 18, 18)).rotate(90)))


def test_reduction_antialiases() -> None:
    stripes = np.zeros((128, 128, 3), np.uint8)
    stripes[:, ::2] = 255
    for degrees in (0, 30):
        found = cut(Image.fromarray(stripes), frame_at(64, 64, 80, degrees), 16)
        assert np.abs(found.astype(int) - 127.5).max() < 8


def test_beyond_the_border_the_photo_is_mirrored() -> None:
    photo = background((60, 60), 2)
    found = cut(photo, frame_at(4, 30, 16), 16)
    np.testing.assert_array_equal(found[:, :4], found[:, 4:8][:, ::-1])


def test_huge_frame_is_read_in_little_memory() -> None:
    photo = background((1500, 1500))
    large, small = (
        cut(photo, frame_at(750, 750, 3 * MAX_SIDE - 136, 10), 16),
        cut(photo.resize((500, 500), Image.Resampling.BICUBIC), frame_at(250, 250, MAX_SIDE - 136 / 3, 10), 16),
    )
    assert np.abs(large.astype(int) - small).max() <= 2


def test_inside_and_outside_undo_each_other() -> None:
    frame = Frame(5 + 3j, 2 - 1j)
    points = pixel_centres((0, 0, 9, 7))
    np.testing.assert_allclose(frame.outside(frame.inside(points)), points)
    assert frame.inside(np.array([5 + 3j, 7 + 2j])) == pytest.approx([0, 1])


def test_reading_at_pixel_centres_gives_the_pixels() -> None:
    picture = np.random.RandomState(0).randint(0, 256, (6, 6, 3)).astype(np.uint8)
    where = pixel_centres((0, 0, 6, 6)) / 6 * 2 - (1 + 1j)
    np.testing.assert_allclose(read(picture, where, "border"), picture, atol=1e-9)
