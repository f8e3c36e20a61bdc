"""The degradation ``realworld``: its draws against its protocol, its blur against SciPy; LR of three ids is pinned."""

from collections.abc import Sequence

import numpy as np
import pytest
from made import draw_picture
from PIL import Image
from scipy.ndimage import gaussian_filter

from fsrbench.degradations.base import Parameters, rng_for
from fsrbench.degradations.realworld import realworld

REALWORLD = {
    "a/1": (
        {"blur_sigma_px": [1.193, 1.9476], "kernel": "bicubic", "noise_sigma": 0.0, "jpeg_quality": 65},
        [[69, 29, 191, 110], [54, 78, 58, 217], [239, 124, 135, 155], [11, 184, 0, 17]],
    ),
    "a/2": (
        {"blur_sigma_px": [0.6671, 2.0035], "kernel": "area", "noise_sigma": 7.4112, "jpeg_quality": 63},
        [[86, 13, 154, 81], [81, 57, 56, 211], [210, 105, 132, 163], [4, 166, 0, 6]],
    ),
    "b/1": (
        {"blur_sigma_px": [1.0559, 1.093], "kernel": "bilinear", "noise_sigma": 0.0, "jpeg_quality": None},
        [[98, 29, 179, 90], [63, 85, 52, 198], [230, 104, 136, 136], [13, 156, 6, 9]],
    ),
}
"""By id: what is drawn, and the red of every fifth pixel of LR."""
KERNELS = {
    "area": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
}
MANY = [f"image {i}" for i in range(200)]


def degrade(image_id: str = "a/1", hr_side: int = 64, seed: int = 0) -> tuple[Image.Image, Parameters]:
    return realworld(draw_picture(3, hr_side), 16, rng_for(image_id, seed))


def lr(image_id: str = "a/1", seed: int = 0) -> np.ndarray:
    return np.asarray(degrade(image_id, seed=seed)[0], dtype=int)


def drawn(hr_side: int = 64) -> list[Parameters]:
    """Parameters of many images."""
    return [degrade(image_id, hr_side)[1] for image_id in MANY]


def noise_sigma(parameters: Sequence[Parameters]) -> np.ndarray:
    return np.array([p["noise_sigma"] for p in parameters])


def test_other_ids_and_seeds_give_other_pixels() -> None:
    pictures = [lr(i, seed=s).tobytes() for i in ("a/1", "a/2", "b/1") for s in (0, 1)]
    assert len(set(pictures)) == 6


def test_order_and_company_do_not_matter() -> None:
    alone = lr("b")
    for image_id in ("c", "a", "b", "z"):
        last = lr(image_id)
        if image_id == "b":
            assert np.array_equal(last, alone)


def test_global_random_state_plays_no_part() -> None:
    np.random.seed(1)
    first = lr()
    np.random.seed(2)
    assert np.array_equal(lr(), first)


@pytest.mark.parametrize("image_id", REALWORLD)
def test_realworld_is_pinned_but_for_its_jpeg_library(image_id: str) -> None:
    parameters, red = REALWORLD[image_id]
    image, found = degrade(image_id)
    assert found == parameters
    assert np.abs(np.asarray(image, dtype=int)[::5, ::5, 0] - red).max() <= (3 if parameters["jpeg_quality"] else 1)


@pytest.mark.parametrize("scale", [4, 8])
def test_realworld_draws_within_its_protocol(scale: int) -> None:
    parameters = drawn(16 * scale)
    blur = np.array([p["blur_sigma_px"] for p in parameters]) / scale
    assert blur.min() >= 0.1
    assert blur.max() <= 0.6
    assert np.ptp(blur) > 0.45
    assert {p["kernel"] for p in parameters} == {"area", "bilinear", "bicubic"}
    noisy = noise_sigma(parameters)[noise_sigma(parameters) > 0]
    assert 1 <= noisy.min() < 1.5
    assert 7.5 < noisy.max() <= 8
    qualities = [p["jpeg_quality"] for p in parameters if p["jpeg_quality"] is not None]
    assert 50 <= min(qualities) < 55
    assert 90 < max(qualities) <= 95


def test_realworld_switches_stages_as_often_as_its_protocol_says() -> None:
    parameters = drawn()
    assert np.mean(noise_sigma(parameters) > 0) == pytest.approx(0.8, abs=0.1)
    assert np.mean([p["jpeg_quality"] is not None for p in parameters]) == pytest.approx(0.7, abs=0.1)


def test_realworld_does_what_it_records() -> None:
    """Where noise is recorded LR differs from the blurred HR by about as much; where none is, by little."""
    flat = Image.new("RGB", (64, 64), (120, 130, 140))
    spread, sigma = [], []
    for image_id in MANY:
        image, parameters = realworld(flat, 16, rng_for(image_id))
        if parameters["jpeg_quality"] is None:
            spread.append(float(np.std(np.asarray(image, dtype=float) - (120, 130, 140))))
            sigma.append(parameters["noise_sigma"])
    assert np.abs(np.array(spread) - sigma).max() < 0.8
    assert min(sigma) == 0


def test_realworld_blurs_by_what_it_records() -> None:
    """Against scipy's Gaussian, on images that drew neither noise nor JPEG."""
    hr, compared = draw_picture(3), 0
    for image_id in MANY:
        image, parameters = realworld(hr, 16, rng_for(image_id))
        if parameters["jpeg_quality"] is None and parameters["noise_sigma"] == 0:
            sigma_x, sigma_y = parameters["blur_sigma_px"]
            blurred = gaussian_filter(np.asarray(hr, dtype=float), (sigma_y, sigma_x, 0), truncate=3.5)
            expected = Image.fromarray(np.rint(blurred).astype(np.uint8)).resize(
                (16, 16), KERNELS[parameters["kernel"]]
            )
            assert np.abs(np.asarray(image, dtype=int) - np.asarray(expected, dtype=int)).max() <= 3
            compared += 1
    assert compared > 5


def test_in_restoration_it_still_degrades() -> None:
    hr = draw_picture(3)
    image, parameters = realworld(hr, 64, rng_for("a/1"))
    assert 0.1 <= min(parameters["blur_sigma_px"]) <= max(parameters["blur_sigma_px"]) <= 0.6
    assert image.tobytes() != hr.tobytes()
