"""Packed pictures come back value for value, in about as many bytes as PNG."""

from __future__ import annotations

import io

import numpy as np
import pytest
from made import draw_picture
from PIL import Image

from fsrbench.pictures.packing import LARGEST, SHEET, can_pack, pack, unpack


def noise(*shape: int) -> np.ndarray:
    return np.random.RandomState(0).randint(0, 256, (*shape, 3)).astype(np.uint8)


@pytest.mark.parametrize(
    "shape",
    [(1, 1, 1), (3, 16, 16), (64, 128, 128), (3, SHEET // 2 - 1, 2), (2, SHEET, 3), (2, SHEET + 1, 2), (2, 3, LARGEST)],
    ids=str,
)
def test_pictures_come_back(shape: tuple[int, int, int]) -> None:
    pictures = noise(*shape)
    assert can_pack(pictures)
    np.testing.assert_array_equal(unpack(*pack(pictures)), pictures)


def test_parts_of_arrays_come_back() -> None:
    pictures = noise(8, 20, 20)
    for part in (pictures[::-2, 1:], pictures.transpose(0, 2, 1, 3)):
        np.testing.assert_array_equal(unpack(*pack(part)), part)


@pytest.mark.parametrize(
    "array",
    [
        np.empty((0, 4, 4, 3), np.uint8),
        np.empty((2, 4, 4, 3), np.float32),
        np.empty((2, 4, 4, 4), np.uint8),
        np.empty((4, 4, 3), np.uint8),
        np.empty((1, LARGEST + 1, 1, 3), np.uint8),
    ],
    ids=lambda array: f"{array.shape} {array.dtype}",
)
def test_other_arrays_cannot_be_packed(array: np.ndarray) -> None:
    assert not can_pack(array)


def test_pictures_take_at_most_little_more_than_as_png() -> None:
    """Independent grain, which is the worst: photos of faces take less than as PNG."""
    grain = np.random.RandomState(0).normal(0, 2, (2, 512, 512, 3))
    smooth = np.stack([np.asarray(draw_picture(seed, 512)) for seed in range(2)])
    pictures = np.clip(smooth + grain, 0, 255).round().astype(np.uint8)
    png = 0
    for picture in pictures:
        buffer = io.BytesIO()
        Image.fromarray(picture).save(buffer, "PNG")
        png += len(buffer.getvalue())
    assert len(pack(pictures)[0]) < 1.3 * png


def test_damaged_bytes_raise() -> None:
    data, layout = pack(noise(2, 16, 16))
    with pytest.raises((OSError, ValueError)):
        unpack(data[: len(data) // 2], layout)
