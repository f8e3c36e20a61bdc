"""Faces pasted into a photo: exact inside and outside, smooth between."""

from __future__ import annotations

import numpy as np
import pytest
from made.photo import background, crowd, frame_at
from PIL import Image

from fsrbench.photo.framing import cut, pixel_centres
from fsrbench.photo.paste import FEATHER, mask, paste

FRAMES = [frame_at(60, 50, 40), frame_at(61.3, 52.7, 48.6, 25), frame_at(20, 90, 64, -110), frame_at(100, 40, 130, 8)]


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / np.square(a.astype(float) - b).mean()))


def weights(frame, size) -> np.ndarray:
    return mask(frame.inside(pixel_centres((0, 0, *size))))


def test_mask_is_1_inside_0_outside_and_smooth_between() -> None:
    u = np.linspace(-1.5, 1.5, 301)
    values = mask(u[None] + 1j * u[:, None])
    radius = (u[None] ** 4 + u[:, None] ** 4) ** 0.25
    assert (values[radius <= 1 - FEATHER - 1e-9] == 1).all()
    assert (values[radius >= 1] == 0).all()
    assert np.abs(np.diff(values, axis=1)).max() < 0.05  # 100 steps from centre to border
    assert np.abs(np.diff(values, n=2, axis=1)).max() < 0.005  # without an edge where it begins and ends
    np.testing.assert_allclose(values, values[::-1], atol=1e-12)


@pytest.mark.parametrize("frame", FRAMES, ids=lambda f: f"{f.side:.0f} px")
def test_outside_the_frame_nothing_changes(frame) -> None:
    before = background((130, 110))
    after = before.copy()
    paste(after, frame, np.full((64, 64, 3), 255, np.uint8))
    outside = weights(frame, before.size) == 0
    np.testing.assert_array_equal(np.asarray(after)[outside], np.asarray(before)[outside])
    assert (np.asarray(after)[weights(frame, before.size) == 1] == 255).all()


def test_upright_face_of_as_many_pixels_is_pasted_exactly() -> None:
    frame = frame_at(60, 50, 40)
    canvas, face = background((130, 110)), np.asarray(background((40, 40), 3))
    before = np.asarray(canvas, dtype=float)[30:70, 40:80]
    paste(canvas, frame, face)
    pasted = np.asarray(canvas)[30:70, 40:80]
    share = weights(frame, canvas.size)[30:70, 40:80, None]
    np.testing.assert_array_equal(pasted[share[..., 0] == 1], face[share[..., 0] == 1])
    np.testing.assert_allclose(pasted, share * face + (1 - share) * before, atol=0.5 + 1e-9)


@pytest.mark.parametrize("frame", FRAMES[:3], ids=lambda f: f"{f.side:.0f} px")
def test_turned_face_is_pasted_the_right_way_round(frame) -> None:
    """Inside the mask the canvas shows the face where the frame's coordinates say."""
    u = (np.arange(64) + 0.5) / 32 - 1
    slope = np.stack([*np.broadcast_arrays(127 + 90 * u[None], 127 + 90 * u[:, None]), np.full((64, 64), 50.0)], 2)
    canvas = background((130, 110))
    paste(canvas, frame, slope.astype(np.uint8))
    where = frame.inside(pixel_centres((0, 0, *canvas.size)))
    inside = mask(where) == 1
    shown = np.asarray(canvas)[inside].astype(float)
    np.testing.assert_allclose(shown[:, 0], 127 + 90 * where[inside].real, atol=3)
    np.testing.assert_allclose(shown[:, 1], 127 + 90 * where[inside].imag, atol=3)


@pytest.mark.parametrize("degrees", [0, 20])
def test_perfect_method_reproduces_the_photo(degrees: float) -> None:
    """What is cut out of the HR photo at the SR size and pasted back is the photo again."""
    frame = frame_at(70.3, 66.8, 64, degrees)
    photo = crowd((140, 130), [frame])
    canvas = photo.resize((35, 33)).resize(photo.size, Image.Resampling.BICUBIC)
    inside = weights(frame, photo.size) == 1
    blurred = psnr(np.asarray(photo)[inside], np.asarray(canvas)[inside])
    paste(canvas, frame, cut(photo, frame, 64))
    assert psnr(np.asarray(photo)[inside], np.asarray(canvas)[inside]) > max(35, blurred + 8)


def test_fewer_pixels_than_the_face_has_antialias() -> None:
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    canvas = background((60, 60))
    paste(canvas, frame_at(30, 30, 32, 5), stripes)
    shown = np.asarray(canvas)[weights(frame_at(30, 30, 32, 5), (60, 60)) == 1]
    assert np.abs(shown.astype(int) - 127).max() < 20


def test_strips_leave_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, strips = background((130, 110)), background((130, 110))
    face = np.asarray(background((64, 64), 3))
    paste(whole, FRAMES[3], face)
    monkeypatch.setattr("fsrbench.photo.paste.STRIP", 7)
    paste(strips, FRAMES[3], face)
    np.testing.assert_array_equal(np.asarray(whole), np.asarray(strips))
