"""Degradations with a strength: against SciPy and Pillow, and what is no strength."""

import io

import numpy as np
import pytest
from made import draw_picture
from PIL import Image
from scipy.ndimage import gaussian_filter

from fsrbench.degradations.base import rng_for
from fsrbench.degradations.recipes import find_degradation
from fsrbench.errors import UserError


def strong(name: str, image_id: str = "a/1", hr: Image.Image | None = None) -> np.ndarray:
    image, _ = find_degradation(name)(hr or draw_picture(3, 64), 16, rng_for(image_id))
    return np.asarray(image, dtype=int)


@pytest.mark.parametrize("name", ["blur:0", "noise:0"])
def test_of_no_strength_it_is_bicubic(name):
    assert (strong(name) == strong("bicubic")).all()


def test_noise_is_as_strong_as_its_number_and_the_same_for_an_image():
    flat = Image.new("RGB", (64, 64), (128, 128, 128))
    weak, strong_ = (
        np.concatenate([strong(n, i, flat) - 128 for i in (f"image {n}" for n in range(40))])
        for n in ("noise:5", "noise:10")
    )
    assert weak.std() == pytest.approx(5, rel=0.05)
    assert strong_.std() == pytest.approx(10, rel=0.05)
    assert np.corrcoef(weak.ravel(), strong_.ravel())[0, 1] > 0.98
    assert (strong("noise:5", "a") != strong("noise:5", "b")).any()


@pytest.mark.parametrize("sigma", [0.5, 1.5])
def test_blur_is_scipys_before_bicubic(sigma):
    hr = draw_picture(3, 64)
    blurred = gaussian_filter(np.asarray(hr, dtype=float), (4 * sigma, 4 * sigma, 0), mode="reflect", truncate=3)
    expected = Image.fromarray(np.rint(blurred).astype(np.uint8)).resize((16, 16), Image.Resampling.BICUBIC)
    assert np.abs(strong(f"blur:{sigma}") - np.asarray(expected, dtype=int)).max() <= 1


def test_jpeg_is_pillows_after_bicubic():
    buffer = io.BytesIO()
    draw_picture(3, 64).resize((16, 16), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=30, subsampling=0)
    assert (strong("jpeg:30") == np.asarray(Image.open(buffer))).all()


def test_name_strength_and_unit_are_on_record():
    found = find_degradation("noise:7.5")
    assert (found.name, found.strength, found.unit) == ("noise", 7.5, "of 255")
    assert "sigma 7.5 of 255" in found.protocol


@pytest.mark.parametrize("name", ["blur:1.5", "noise:10", "jpeg:30"])
def test_at_scale_1_it_degrades_hr_itself(name):
    hr = draw_picture(3, 64)
    lr = np.asarray(find_degradation(name)(hr, 64, rng_for("a"))[0], dtype=float)
    pixels = np.asarray(hr, dtype=float)
    if name == "jpeg:30":
        buffer = io.BytesIO()
        hr.save(buffer, "JPEG", quality=30, subsampling=0)
        expected = np.asarray(Image.open(buffer), dtype=float)
    elif name == "noise:10":
        expected = (pixels + 10 * rng_for("a").standard_normal(pixels.shape)).round().clip(0, 255)
    else:
        expected = gaussian_filter(pixels, (1.5, 1.5, 0), truncate=10 / 3)
    assert np.abs(lr - expected).max() <= (0.5 + 1e-9 if name == "blur:1.5" else 0)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("noise", r"degradation noise needs a strength, noise:NUMBER from 0 to 100 \(of 255\)"),
        ("noise:much", "degradation noise needs a strength"),
        ("noise:nan", "degradation noise:nan: the strength must be"),
        ("blur:-1", r"degradation blur:-1: the strength must be from 0 to 8 \(LR px\)"),
        ("jpeg:0", "degradation jpeg:0: the strength must be"),
        ("jpeg:50.5", "degradation jpeg:50.5: the strength must be"),
    ],
)
def test_invalid_strengths_are_refused(name, reason):
    with pytest.raises(UserError, match=reason):
        find_degradation(name)
