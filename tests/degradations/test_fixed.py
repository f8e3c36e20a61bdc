"""Degradations by one fixed kernel: against Pillow, OpenCV, PyTorch and scikit-image; their pixels are pinned."""

import hashlib

import numpy as np
import pytest
from made import draw_picture
from PIL import Image

from fsrbench.degradations.base import Parameters, rng_for
from fsrbench.degradations.fixed import FIXED
from fsrbench.degradations.recipes import DEGRADATIONS

EXACT = {
    "bicubic": "b11ee59822b9609c",
    "area": "2863035919ea4311",
    "bilinear-steps": "d5e368c09d953b3c",
    "opencv-cubic": "783b4df93d816d6a",
    "opencv-linear": "4a0a7c7592172f72",
}
"""Start of the sha256 of the LR pixels of one picture. A change here changes every published number."""


def degrade(name: str, hr_side: int = 64) -> tuple[Image.Image, Parameters]:
    return DEGRADATIONS[name](draw_picture(3, hr_side), 16, rng_for("a/1"))


def lr(name: str, hr_side: int = 64) -> np.ndarray:
    return np.asarray(degrade(name, hr_side)[0], dtype=int)


@pytest.mark.parametrize(("name", "digest"), EXACT.items())
def test_pixels_are_pinned(name: str, digest: str) -> None:
    assert hashlib.sha256(lr(name).astype(np.uint8).tobytes()).hexdigest()[:16] == digest


def test_bilinear_steps_halves_with_bilinear() -> None:
    expected = draw_picture(3, 128)
    for side in (64, 32, 16):
        expected = expected.resize((side, side), Image.Resampling.BILINEAR)
    image, parameters = degrade("bilinear-steps", hr_side=128)
    assert np.array_equal(np.asarray(image), np.asarray(expected))
    assert parameters == {"sides": [128, 64, 32, 16]}


def test_bilinear_steps_refuses_sizes_it_cannot_reach() -> None:
    with pytest.raises(ValueError, match="96 px cannot reach 16 px"):
        degrade("bilinear-steps", hr_side=96)


def test_bicubic_is_one_antialiased_step() -> None:
    expected = draw_picture(3).resize((16, 16), Image.Resampling.BICUBIC)
    assert np.array_equal(lr("bicubic"), np.asarray(expected))


def test_area_is_the_mean_of_blocks() -> None:
    blocks = np.asarray(draw_picture(3), dtype=float).reshape(16, 4, 16, 4, 3).mean(axis=(1, 3))
    assert np.abs(lr("area") - blocks).max() <= 1  # Pillow rounds after each axis


@pytest.mark.parametrize("hr_side", [64, 128, 100])
@pytest.mark.parametrize("name", ["cubic", "linear"])
def test_opencv_kernels_are_opencvs(name: str, hr_side: int) -> None:
    cv2 = pytest.importorskip("cv2")
    kernel = {"cubic": cv2.INTER_CUBIC, "linear": cv2.INTER_LINEAR}[name]
    expected = cv2.resize(np.asarray(draw_picture(3, hr_side)), (16, 16), interpolation=kernel)
    assert np.abs(lr(f"opencv-{name}", hr_side=hr_side) - expected).max() <= 1  # OpenCV computes in whole numbers


@pytest.mark.parametrize("hr_side", [64, 128, 100])
@pytest.mark.parametrize("name", ["cubic", "linear"])
def test_opencv_kernels_are_torchs_without_antialiasing(name: str, hr_side: int) -> None:
    import torch

    hr = torch.from_numpy(np.array(draw_picture(3, hr_side))).double().permute(2, 0, 1)[None]
    mode = {"cubic": "bicubic", "linear": "bilinear"}[name]
    expected = torch.nn.functional.interpolate(hr, (16, 16), mode=mode).clamp(0, 255)[0].permute(1, 2, 0).numpy()
    assert np.abs(lr(f"opencv-{name}", hr_side=hr_side) - expected).max() <= 0.5 + 1e-9


@pytest.mark.parametrize("hr_side", [64, 128])
def test_skimage_rescale_is_scikit_images(hr_side: int) -> None:
    transform = pytest.importorskip("skimage.transform")
    hr = np.asarray(draw_picture(3, hr_side))
    expected = transform.rescale(hr, 16 / hr_side, channel_axis=-1, anti_aliasing=True) * 255
    assert np.abs(lr("skimage-rescale", hr_side=hr_side) - expected).max() <= 0.5 + 1e-6


@pytest.mark.parametrize("name", ["opencv-cubic", "opencv-linear", "skimage-rescale"])
def test_a_flat_picture_stays_flat(name: str) -> None:
    image, _ = DEGRADATIONS[name](Image.new("RGB", (64, 64), (10, 120, 250)), 16, rng_for("a"))
    assert np.unique(np.asarray(image).reshape(-1, 3), axis=0).tolist() == [[10, 120, 250]]


@pytest.mark.parametrize("degradation", FIXED, ids=lambda d: d.name)
def test_nothing_is_drawn(degradation) -> None:
    rng = rng_for("a/1")
    degradation(draw_picture(3), 16, rng)
    assert rng.uniform() == rng_for("a/1").uniform()
