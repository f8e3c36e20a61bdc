"""JPEG pictures saved as PNG are found with their quality; no degradation of LR looks like it."""

from __future__ import annotations

import io

import numpy as np
import pytest
from made.checked import Pictures, honest
from PIL import Image

from fsrbench.checks.jpeg import BASE, COLUMNS, QUALITIES, ROWS, _steps


def jpeg(picture: np.ndarray, quality: int, subsampling: int = 2) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality, subsampling=subsampling)
    return np.asarray(Image.open(file))


def test_steps_are_those_that_pillow_writes():
    for quality in (10, 50, 75, 93):
        file = io.BytesIO()
        Image.new("RGB", (8, 8)).save(file, "JPEG", quality=quality)
        table = np.array(Image.open(file).quantization[0]).reshape(8, 8)  # type: ignore[attr-defined]
        np.testing.assert_array_equal(_steps()[quality - QUALITIES[0]], table[ROWS, COLUMNS])
    np.testing.assert_array_equal(_steps()[50 - QUALITIES[0]], BASE)


@pytest.mark.parametrize("kernel", [Image.Resampling.BICUBIC, Image.Resampling.LANCZOS])
@pytest.mark.parametrize("task", ["x4", "x8"])
@pytest.mark.parametrize("quality", [50, 75, 90])
def test_jpeg_is_found(task, quality, kernel):
    for subsampling in (0, 2):
        faulty = honest(task, kernel=kernel).changed(lambda p, s=subsampling: jpeg(p, quality, s))  # type: ignore[misc]
        text = faulty.found()["jpeg"].text
        assert any(f"quality about {quality + off}) on 12 of 12" in text for off in (-2, -1, 0, 1))  # of equal tables


@pytest.mark.parametrize("task", ["x4", "x8"])
def test_jpeg_in_lr_is_not_jpeg_in_sr(task):
    for kernel in (Image.Resampling.NEAREST, Image.Resampling.BILINEAR, Image.Resampling.BICUBIC):
        assert "jpeg" not in honest(task, "jpeg:20", kernel).found()


def test_what_keeps_the_jpeg_of_its_input_is_not_called_jpeg():
    clean = honest("x8").sr
    lr = np.stack([jpeg(picture, 40) for picture in clean])
    brighter = np.clip(lr.astype(int) + 5, 0, 255).astype(np.uint8)
    for kept in (lr, brighter):
        assert "jpeg" not in Pictures(kept, lr, None).found()
    for quality in (40, 90):  # as LR's, and another
        restored = np.stack([jpeg(np.roll(picture, 1, axis=1), quality) for picture in clean])
        assert "on 12 of 12 images" in Pictures(restored, lr, None).found()["jpeg"].text


def test_two_compressed_pictures_are_enough():
    pictures = honest("x8")
    sr = pictures.sr.copy()
    sr[[3, 5]] = [jpeg(picture, 75) for picture in sr[[3, 5]]]
    assert "on 2 of 12 images, e.g. face3 and face5" in Pictures(sr, pictures.lr, None).found()["jpeg"].text
