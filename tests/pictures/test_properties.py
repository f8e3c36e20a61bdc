"""Properties of pictures against OpenCV's colours and filters, and against sums by hand."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from made import draw_picture

from fsrbench.pictures.properties import signal_properties


@pytest.mark.parametrize("side", [3, 16, 65])
def test_numbers_are_those_of_opencv(side: int) -> None:
    pixels = np.asarray(draw_picture(1, 70))[:side, :side]
    luma = cv2.cvtColor(pixels.astype(np.float32), cv2.COLOR_RGB2GRAY).astype(np.float64)
    found = signal_properties(pixels)
    assert found["brightness"] == pytest.approx(luma.mean(), rel=1e-4)
    assert found["contrast"] == pytest.approx(luma.std(), rel=1e-4)
    mask = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float64)
    filtered = cv2.filter2D(luma, cv2.CV_64F, mask)[1:-1, 1:-1]
    immerkaer = np.sqrt(np.pi / 2) * np.abs(filtered).sum() / (6 * (side - 2) ** 2)
    assert found["noise"] == pytest.approx(immerkaer, rel=1e-3, abs=1e-4)
    steps = [luma[y, x] - luma[y - 1, x] for y in range(1, side) for x in range(side)]
    steps += [luma[y, x] - luma[y, x - 1] for y in range(side) for x in range(1, side)]
    assert found["sharpness"] == pytest.approx(np.sqrt(np.mean(np.square(steps))) / luma.std(), rel=1e-4)


def test_noise_of_known_strength_is_found() -> None:
    grey = 128 + np.random.RandomState(0).normal(0, 10, (256, 256, 1))
    found = signal_properties(np.repeat(grey, 3, axis=2).round().astype(np.uint8))
    assert found["noise"] == pytest.approx(10, rel=0.03)
    assert found["sharpness"] == pytest.approx(np.sqrt(2), rel=0.02)


def test_blur_lowers_sharpness_and_brightness_does_not() -> None:
    pixels = np.asarray(draw_picture(2, 64)) // 2
    sharp = signal_properties(pixels)["sharpness"]
    assert signal_properties(cv2.GaussianBlur(pixels, (0, 0), 4))["sharpness"] < 0.8 * sharp
    assert signal_properties(pixels + np.uint8(40))["sharpness"] == pytest.approx(sharp, rel=1e-4)
