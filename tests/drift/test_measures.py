from __future__ import annotations

import math

import numpy as np
import pytest
from made.drifting import enlarge, faces, jpeg, noisy
from PIL import Image
from scipy import signal

from fsrbench.drift.measures import added, blocks, channels, lr_measures, overshoot, reproduced, sr_measures
from fsrbench.pictures.properties import noise, step

PICTURE = faces(1, seed=1)[0]


def test_noise_is_immerkaers_formula_by_convolution() -> None:
    luma = channels(PICTURE)[0]
    mask = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]])
    height, width = luma.shape
    summed = np.abs(signal.convolve2d(luma, mask, "valid")).sum()
    assert noise(luma) == pytest.approx(math.sqrt(math.pi / 2) * summed / (6 * (width - 2) * (height - 2)))


def test_channels_are_those_of_jpeg() -> None:
    by_pillow = np.asarray(Image.fromarray(PICTURE).convert("YCbCr"), float)
    centred = by_pillow - np.array([0, 128, 128])
    assert np.abs(np.moveaxis(channels(PICTURE), 0, -1) - centred).max() <= 1.0


def test_sharpness_by_hand() -> None:
    assert step(np.array([[0.0, 3], [4, 7]])) == pytest.approx(math.sqrt((16 + 9) / 2))


def test_blocks_of_jpeg_are_seen_and_small_pictures_have_none() -> None:
    smooth = np.asarray(Image.fromarray(PICTURE).resize((64, 64), Image.Resampling.BICUBIC))
    luma, packed = channels(smooth)[0], channels(jpeg(smooth, 10))[0]
    assert blocks(packed) > blocks(luma) + 0.3
    assert math.isnan(blocks(luma[:15]))


def test_overshoot_is_that_of_scipys_filters_and_shows_the_reduction() -> None:
    luma = channels(PICTURE)[0]
    cross = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]]) / 4
    once = signal.convolve2d(luma, cross, "same")
    fine, coarse = (each[2:-2, 2:-2] for each in (luma - once, once - signal.convolve2d(once, cross, "same")))
    assert overshoot(luma) == pytest.approx(float((fine * coarse).sum() / (coarse**2).sum()))
    assert math.isnan(overshoot(np.full((8, 8), 3.0)))
    assert math.isnan(overshoot(luma[:4]))

    def mean(reduction: Image.Resampling) -> float:
        pictures = (Image.fromarray(enlarge(lr)).resize((32, 32), reduction) for lr in faces(20, seed=3))
        return float(np.mean([overshoot(channels(np.asarray(each))[0]) for each in pictures]))

    assert mean(Image.Resampling.LANCZOS) > mean(Image.Resampling.BICUBIC) > mean(Image.Resampling.BOX)


def test_each_input_measure_answers_to_its_own_fault() -> None:
    pictures = faces(40, seed=2)

    def mean(name: str, change) -> float:  # type: ignore[no-untyped-def]
        return float(np.mean([lr_measures(change(p))[name] for p in pictures]))

    def same(picture: np.ndarray) -> np.ndarray:
        return picture

    assert mean("lr_noise", noisy) > mean("lr_noise", same) + 3
    assert mean("lr_colour_noise", jpeg) < mean("lr_colour_noise", same)
    assert mean("lr_brightness", lambda p: p // 2) == pytest.approx(mean("lr_brightness", same) / 2, abs=1)
    assert mean("lr_contrast", lambda p: p // 2) == pytest.approx(mean("lr_contrast", same) / 2, rel=0.05)


def test_interpolation_reproduces_no_detail_and_adds_none() -> None:
    sr = np.asarray(Image.fromarray(PICTURE).resize((64, 64), Image.Resampling.BICUBIC))
    assert reproduced(sr, PICTURE)["sr_gain"] == pytest.approx(0, abs=1e-9)
    assert added(sr, PICTURE) == 0


def test_gain_is_the_slope_of_the_reproduced_detail() -> None:
    sr, lr = enlarge(PICTURE), PICTURE.astype(float)

    def reduced(picture: np.ndarray) -> np.ndarray:
        return np.asarray(Image.fromarray(picture).resize((16, 16), Image.Resampling.BICUBIC), float)

    smooth = reduced(np.asarray(Image.fromarray(PICTURE).resize((64, 64), Image.Resampling.BICUBIC)))
    fine, back = (lr - smooth).ravel(), (reduced(sr) - smooth).ravel()
    slope = np.linalg.lstsq(fine[:, None], back, rcond=None)[0][0]
    found = reproduced(sr, PICTURE)
    assert found["sr_gain"] == pytest.approx(slope)
    assert found["sr_error"] == pytest.approx(np.sqrt(np.square(reduced(sr) - lr).mean()))


def test_a_stronger_method_adds_and_reproduces_more() -> None:
    weak, strong = (sr_measures(enlarge(PICTURE, s), PICTURE) for s in (1.0, 1.5))
    assert strong["sr_detail"] > weak["sr_detail"]
    assert strong["sr_gain"] > weak["sr_gain"]


def test_without_lr_only_the_picture_counts() -> None:
    assert set(sr_measures(PICTURE)) == {"sr_brightness", "sr_contrast", "sr_sharpness", "sr_noise"}


def test_a_flat_picture_has_numbers_and_no_gain() -> None:
    flat = np.full((16, 16, 3), 100, np.uint8)
    found = sr_measures(enlarge(flat), flat)
    assert math.isnan(found["sr_gain"])
    assert found["sr_contrast"] == pytest.approx(0)
