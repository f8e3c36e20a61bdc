"""NIQE as BasicSR and VQFR compute it, step by step in NumPy and SciPy; slow, for comparison alone."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import convolve
from scipy.special import gamma

SHAPES = np.arange(0.2, 10.001, 0.001)
MOMENTS = gamma(2 / SHAPES) ** 2 / (gamma(1 / SHAPES) * gamma(3 / SHAPES))


def matlab_y(picture: np.ndarray) -> np.ndarray:
    """Y of MATLAB's YCbCr of an RGB picture uint8 H,W,3."""
    return 16 + picture @ np.array([65.481, 128.553, 24.966]) / 255


def yiq_y(picture: np.ndarray) -> np.ndarray:
    """Y of YIQ."""
    return picture @ np.array([0.299, 0.587, 0.114])


def niqe(luma: np.ndarray, mean: np.ndarray, covariance: np.ndarray) -> float:
    """NIQE of a Y of 0 to 255, H,W, with a pristine model of 36 means and their covariance."""
    luma = np.round(luma)
    height, width = (side // 96 * 96 for side in luma.shape)
    luma = luma[:height, :width]
    features = np.hstack([_of_blocks(luma, 96), _of_blocks(_halved(luma), 48)])
    whole = features[~np.isnan(features).any(axis=1)]
    apart = mean - np.nanmean(features, axis=0)
    return float(np.sqrt(apart @ np.linalg.pinv((covariance + np.cov(whole, rowvar=False)) / 2) @ apart))


def _of_blocks(grey: np.ndarray, block: int) -> np.ndarray:
    axis = np.exp(-0.5 * (np.arange(-3, 4) / (7 / 6)) ** 2)
    window = np.outer(axis, axis) / np.outer(axis, axis).sum()
    local = convolve(grey, window, mode="nearest")
    deviation = np.sqrt(np.abs(convolve(grey**2, window, mode="nearest") - local**2))
    normalised = (grey - local) / (deviation + 1)
    rows, columns = (side // block for side in grey.shape)
    places = [(y * block, x * block) for x in range(columns) for y in range(rows)]
    return np.array([_features(normalised[y : y + block, x : x + block]) for y, x in places])


def _features(block: np.ndarray) -> list[float]:
    shape, left, right = _fit(block)
    found = [shape, (left + right) / 2]
    for shift in ((0, 1), (1, 0), (1, 1), (1, -1)):
        shape, left, right = _fit(block * np.roll(block, shift, axis=(0, 1)))
        found += [shape, (right - left) * gamma(2 / shape) / gamma(1 / shape), left, right]
    return found


def _fit(values: np.ndarray) -> tuple[float, float, float]:
    left, right = np.sqrt((values[values < 0] ** 2).mean()), np.sqrt((values[values > 0] ** 2).mean())
    ratio = left / right
    wanted = np.abs(values).mean() ** 2 / (values**2).mean() * (ratio**3 + 1) * (ratio + 1) / (ratio**2 + 1) ** 2
    shape = SHAPES[np.argmin((MOMENTS - wanted) ** 2)]
    scale = np.sqrt(gamma(1 / shape) / gamma(3 / shape))
    return shape, left * scale, right * scale


def _halved(grey: np.ndarray) -> np.ndarray:
    """MATLAB's imresize to a half: the cubic twice as wide, borders mirrored."""
    x = np.abs(np.arange(-3, 5) - 0.5) / 2
    taps = np.where(x <= 1, 1.5 * x**3 - 2.5 * x**2 + 1, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2)
    for _ in range(2):
        padded = np.pad(grey, ((3, 4), (0, 0)), mode="symmetric")
        grey = sum(tap * padded[k : k + len(grey) : 2] for k, tap in enumerate(taps / taps.sum())).T
    return grey
