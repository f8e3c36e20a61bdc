"""LR pictures are the same on every machine, in every order; what was drawn is on record."""

import hashlib
import io
from collections.abc import Sequence

import numpy as np
import pytest
from made import draw_picture
from PIL import Image
from scipy.ndimage import gaussian_filter

from fsrbench.degradations.base import Parameters, rng_for
from fsrbench.degradations.recipes import DEGRADATIONS, find_degradation
from fsrbench.errors import UserError

NAMES = ["bicubic", "area", "bilinear-steps", "opencv-cubic", "opencv-linear", "skimage-rescale", "realworld", "wild"]
EXACT = {
    "bicubic": "b11ee59822b9609c",
    "area": "2863035919ea4311",
    "bilinear-steps": "d5e368c09d953b3c",
    "opencv-cubic": "783b4df93d816d6a",
    "opencv-linear": "4a0a7c7592172f72",
}
"""Start of the sha256 of the LR pixels of one picture. A change here changes every published number."""
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


def degrade(name: str, image_id: str = "a/1", hr_side: int = 64, seed: int = 0) -> tuple[Image.Image, Parameters]:
    return DEGRADATIONS[name](draw_picture(3, hr_side), 16, rng_for(image_id, seed))


def lr(name: str, image_id: str = "a/1", hr_side: int = 64, seed: int = 0) -> np.ndarray:
    return np.asarray(degrade(name, image_id, hr_side, seed)[0], dtype=int)


def drawn(hr_side: int = 64) -> list[Parameters]:
    """realworld's parameters of many images."""
    return [degrade("realworld", image_id, hr_side)[1] for image_id in MANY]


def noise_sigma(parameters: Sequence[Parameters]) -> np.ndarray:
    return np.array([p["noise_sigma"] for p in parameters])


def test_names() -> None:
    assert list(DEGRADATIONS) == NAMES
    assert all(d.name == name and d.protocol for name, d in DEGRADATIONS.items())


@pytest.mark.parametrize("hr_side", [64, 128])
@pytest.mark.parametrize("name", NAMES)
def test_size_and_kind_are_right_for_x4_and_x8(name: str, hr_side: int) -> None:
    image, _ = degrade(name, hr_side=hr_side)
    assert image.size == (16, 16)
    assert image.mode == "RGB"


@pytest.mark.parametrize("name", NAMES)
def test_same_id_and_seed_give_the_same_pixels(name: str) -> None:
    assert np.array_equal(lr(name), lr(name))
    assert degrade(name)[1] == degrade(name)[1]


def test_other_ids_and_seeds_give_other_pixels() -> None:
    pictures = [lr("realworld", i, seed=s).tobytes() for i in ("a/1", "a/2", "b/1") for s in (0, 1)]
    assert len(set(pictures)) == 6


def test_order_and_company_do_not_matter() -> None:
    alone = lr("realworld", "b")
    for image_id in ("c", "a", "b", "z"):
        last = lr("realworld", image_id)
        if image_id == "b":
            assert np.array_equal(last, alone)


def test_global_random_state_plays_no_part() -> None:
    np.random.seed(1)
    first = lr("realworld")
    np.random.seed(2)
    assert np.array_equal(lr("realworld"), first)


@pytest.mark.parametrize(("name", "digest"), EXACT.items())
def test_pixels_are_pinned(name: str, digest: str) -> None:
    assert hashlib.sha256(lr(name).astype(np.uint8).tobytes()).hexdigest()[:16] == digest


def test_seeded_numbers_are_pinned() -> None:
    assert rng_for("a/1").randint(0, 1000, 4).tolist() == [643, 433, 512, 876]
    assert rng_for("a/1", seed=1).randint(0, 1000, 4).tolist() == [326, 148, 440, 241]


@pytest.mark.parametrize("image_id", REALWORLD)
def test_realworld_is_pinned_but_for_its_jpeg_library(image_id: str) -> None:
    parameters, red = REALWORLD[image_id]
    image, found = degrade("realworld", image_id)
    assert found == parameters
    assert np.abs(np.asarray(image, dtype=int)[::5, ::5, 0] - red).max() <= (3 if parameters["jpeg_quality"] else 1)


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
        image, parameters = DEGRADATIONS["realworld"](flat, 16, rng_for(image_id))
        if parameters["jpeg_quality"] is None:
            spread.append(float(np.std(np.asarray(image, dtype=float) - (120, 130, 140))))
            sigma.append(parameters["noise_sigma"])
    assert np.abs(np.array(spread) - sigma).max() < 0.8
    assert min(sigma) == 0


def test_realworld_blurs_by_what_it_records() -> None:
    """Against scipy's Gaussian, on images that drew neither noise nor JPEG."""
    hr, compared = draw_picture(3), 0
    for image_id in MANY:
        image, parameters = DEGRADATIONS["realworld"](hr, 16, rng_for(image_id))
        if parameters["jpeg_quality"] is None and parameters["noise_sigma"] == 0:
            sigma_x, sigma_y = parameters["blur_sigma_px"]
            blurred = gaussian_filter(np.asarray(hr, dtype=float), (sigma_y, sigma_x, 0), truncate=3.5)
            expected = Image.fromarray(np.rint(blurred).astype(np.uint8)).resize(
                (16, 16), KERNELS[parameters["kernel"]]
            )
            assert np.abs(np.asarray(image, dtype=int) - np.asarray(expected, dtype=int)).max() <= 3
            compared += 1
    assert compared > 5


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


# --- strengths


def strong(name: str, image_id: str = "a/1", hr: Image.Image | None = None) -> np.ndarray:
    image, _ = find_degradation(name)(hr or draw_picture(3, 64), 16, rng_for(image_id))
    return np.asarray(image, dtype=int)


@pytest.mark.parametrize("name", ["blur:0", "noise:0"])
def test_of_no_strength_it_is_bicubic(name):
    assert (strong(name) == lr("bicubic")).all()


def test_noise_is_as_strong_as_its_number_and_the_same_for_an_image():
    flat = Image.new("RGB", (64, 64), (128, 128, 128))
    weak, strong_ = (np.concatenate([strong(n, i, flat) - 128 for i in MANY[:40]]) for n in ("noise:5", "noise:10"))
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
    assert find_degradation("realworld") is DEGRADATIONS["realworld"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("noise", r"degradation noise needs a strength, noise:NUMBER from 0 to 100 \(of 255\)"),
        ("noise:much", "degradation noise needs a strength"),
        ("noise:nan", "degradation noise:nan: the strength must be"),
        ("blur:-1", r"degradation blur:-1: the strength must be from 0 to 8 \(LR px\)"),
        ("jpeg:0", "degradation jpeg:0: the strength must be"),
        ("jpeg:50.5", "degradation jpeg:50.5: the strength must be"),
        ("nois:3", "did you mean noise:STRENGTH"),
        ("bicubik", "did you mean bicubic"),
        ("bicubic:3", "unknown degradation"),
    ],
)
def test_what_there_is_not_is_answered(name, reason):
    with pytest.raises(UserError, match=reason):
        find_degradation(name)
