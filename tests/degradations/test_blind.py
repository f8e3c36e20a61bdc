"""Degradations of blind restoration: whole against OpenCV, their draws against what the repositories' files say."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
from made import draw_picture
from PIL import Image
from scipy.stats import multivariate_normal

from fsrbench.degradations.base import Parameters, rng_for
from fsrbench.degradations.blind import CELLS, GRID, RANGES, Drawn, Ranges, degrade, difface_test, draw, gaussian_kernel
from fsrbench.degradations.recipes import DEGRADATIONS

cv2 = pytest.importorskip("cv2")
BLIND = [*RANGES, "difface-test"]
PUBLISHED = {
    # options/train_gfpgan_v1.yml, options/CodeFormer_stage3.yml, options/CodeFormer_stage2.yml, configs/DAEFR.yaml
    "gfpgan": {"sigma": (0.1, 10), "scale": (0.8, 8), "noise": (0, 20), "quality": (60, 100), "kernel": {41}},
    "codeformer-small": {"sigma": (0.1, 10), "scale": (1, 12), "noise": (0, 15), "quality": (60, 100), "kernel": {41}},
    "codeformer-large": {"sigma": (1, 15), "scale": (4, 30), "noise": (0, 20), "quality": (30, 80), "kernel": {41}},
    "daefr": {"sigma": (0.1, 15), "scale": (0.8, 30), "noise": (0, 20), "quality": (30, 100), "kernel": {39, 41}},
}
MANY = [f"face {i}" for i in range(400)]


def by_opencv(hr: Image.Image, size: int, drawn: Parameters, noise: np.ndarray) -> np.ndarray:
    """The operations of the repositories' data sets, in OpenCV's order of channels and in float32."""
    cosine, sine = math.cos(drawn["theta"]), math.sin(drawn["theta"])
    turn = np.array([[cosine, -sine], [sine, cosine]])
    covariance = turn @ np.diag(np.square(drawn["blur_sigma_px"])) @ turn.T
    steps = np.arange(drawn["kernel_px"]) - drawn["kernel_px"] // 2
    kernel = multivariate_normal([0, 0], covariance).pdf(np.stack(np.meshgrid(steps, steps), axis=-1))
    image = cv2.filter2D(np.asarray(hr)[..., ::-1].astype(np.float32) / 255, -1, kernel / kernel.sum())
    side = int(hr.width // drawn["scale"])
    image = cv2.resize(image, (side, side), interpolation=cv2.INTER_LINEAR)
    image = image + noise[..., ::-1].astype(np.float32) * np.float32(drawn["noise_sigma"] / 255)
    options = [cv2.IMWRITE_JPEG_QUALITY, drawn["jpeg_quality"]]
    image = cv2.imdecode(cv2.imencode(".jpg", image.clip(0, 1) * 255, options)[1], cv2.IMREAD_COLOR)
    image = image.astype(np.float32) / 255
    if size == hr.width:
        image = cv2.resize(image, (size, size), interpolation=cv2.INTER_LINEAR)
    return (image[..., ::-1] * 255).round().clip(0, 255)


@cache
def numbers(name: str) -> dict[str, np.ndarray]:
    """What is drawn for many images, by the setting."""
    found = [draw(RANGES[name], rng_for(image)) for image in MANY]
    return {
        "kernel": np.array([d.kernel for d in found]),
        "sigma": np.array([d.sigma for d in found]),
        "theta": np.array([d.theta for d in found]),
        "scale": np.array([d.scale for d in found]),
        "noise": np.array([d.noise for d in found]),
        "quality": np.array([d.quality for d in found]),
    }


@pytest.mark.parametrize(("side", "size"), [(512, 512), (512, 128), (96, 96), (64, 16)])
@pytest.mark.parametrize("name", BLIND)
def test_lr_is_that_of_opencv(name: str, side: int, size: int) -> None:
    hr = draw_picture(3, side)
    for image in ("a/1", "a/2"):
        lr, drawn = DEGRADATIONS[name](hr, size, rng_for(image))
        rng = rng_for(image)
        if name == "difface-test":
            rng.randint(CELLS)
            rng.choice(4)
        else:
            draw(RANGES[name], rng)
        expected = by_opencv(hr, size, drawn, rng.standard_normal((drawn["reduced_px"],) * 2 + (3,)))
        apart = np.abs(np.asarray(lr, dtype=float) - expected)
        # A value of x.5 before JPEG may be rounded to the other side in float32, which its block shows
        assert apart.max() <= 5
        assert (apart > 0).mean() < 0.01


@pytest.mark.parametrize("side", [39, 41])
@pytest.mark.parametrize(
    ("sigma", "theta"), [((0.1, 0.1), 0.0), ((3.0, 3.0), 0.0), ((1.0, 9.0), 0.6), ((15.0, 2.0), -2.5)]
)
def test_kernels_are_gaussians(side: int, sigma: tuple[float, float], theta: float) -> None:
    kernel = gaussian_kernel(side, sigma, theta)
    assert kernel.sum() == pytest.approx(1)
    assert np.allclose(kernel, kernel[::-1, ::-1])
    turn = np.array([[math.cos(theta), -math.sin(theta)], [math.sin(theta), math.cos(theta)]])
    steps = np.arange(side) - side // 2
    expected = multivariate_normal([0, 0], turn @ np.diag(np.square(sigma)) @ turn.T).pdf(
        np.stack(np.meshgrid(steps, steps), axis=-1)
    )
    assert np.allclose(kernel, expected / expected.sum(), atol=1e-12)


def test_a_narrow_kernel_lies_along_its_angle() -> None:
    y, x = np.nonzero(gaussian_kernel(41, (10.0, 0.5), math.pi / 4) > 1e-4)
    assert np.corrcoef(x, y)[0, 1] > 0.98  # down to the right, y being rows


@pytest.mark.parametrize("name", PUBLISHED)
def test_numbers_are_the_repositorys(name: str) -> None:
    found, published = numbers(name), PUBLISHED[name]
    for setting in ("sigma", "scale", "noise", "quality"):
        low, high = published[setting]
        values, margin = found[setting], 0.03 * (high - low)
        assert low <= values.min() <= low + margin
        assert high - margin - 1 <= values.max() <= high
        assert values.mean() == pytest.approx((low + high) / 2, abs=0.04 * (high - low) + 0.5)
    assert set(found["kernel"].tolist()) == published["kernel"]
    assert found["quality"].dtype == int


@pytest.mark.parametrize("name", PUBLISHED)
def test_half_of_the_kernels_are_round(name: str) -> None:
    found = numbers(name)
    round_ones = found["sigma"][:, 0] == found["sigma"][:, 1]
    assert round_ones.mean() == pytest.approx(0.5, abs=0.07)
    assert (found["theta"][round_ones] == 0).all()
    turned = found["theta"][~round_ones]
    assert -math.pi <= turned.min() < -3
    assert 3 < turned.max() <= math.pi


def test_the_kernels_kind_shifts_no_other_numbers() -> None:
    """The same numbers behind it, whether the first draw says round or rotated."""

    class First:
        def __init__(self, first: float) -> None:
            self.rng, self.first = rng_for("a"), [first]
            self.rng.uniform()
            self.choice = self.rng.choice

        def uniform(self, *limits: float) -> float:
            return self.first.pop() if self.first else self.rng.uniform(*limits)

    round_one, turned = (draw(RANGES["daefr"], First(first)) for first in (0.2, 0.7))  # type: ignore[arg-type]
    assert (round_one.scale, round_one.noise, round_one.quality) == (turned.scale, turned.noise, turned.quality)
    assert round_one.sigma != turned.sigma


def test_what_is_drawn_is_pinned() -> None:
    drawn = draw(RANGES["daefr"], rng_for("a/1"))
    assert drawn == Drawn(39, (14.7824, 14.7824), 0.0, 9.8471, 13.2596, 30)


@pytest.mark.parametrize("name", BLIND)
def test_the_record_says_what_was_done(name: str) -> None:
    restored = DEGRADATIONS[name](draw_picture(1, 512), 512, rng_for("a/1"))[1]
    enlarged = DEGRADATIONS[name](draw_picture(1, 512), 128, rng_for("a/1"))[1]
    assert restored["reduced_px"] == int(512 // restored["scale"])
    assert (enlarged["scale"], enlarged["reduced_px"]) == (4, 128)
    for drawn in ("kernel_px", "blur_sigma_px", "theta", "noise_sigma", "jpeg_quality"):
        assert restored[drawn] == enlarged[drawn]  # the task's scale shifts no other number


def test_noise_is_as_strong_as_recorded_and_coloured() -> None:
    flat = Image.new("RGB", (256, 256), (128, 128, 128))
    ranges = Ranges((0.1, 1), (1, 2), (10, 10), (100, 100), (41,), "a test")
    lr, drawn = degrade(flat, 128, draw(ranges, rng_for("a")), rng_for("b"))
    pixels = np.asarray(lr, dtype=float)
    assert drawn["noise_sigma"] == 10
    # JPEG's halved chroma takes from the colours' noise, not from the brightness's
    luma = pixels @ (0.299, 0.587, 0.114)
    assert luma.std() == pytest.approx(10 * math.sqrt(0.299**2 + 0.587**2 + 0.114**2), rel=0.05)
    assert (pixels.std(axis=2) > 0).mean() > 0.9


def test_a_scale_below_one_enlarges_and_comes_back() -> None:
    drawn = draw(Ranges((0.1, 0.2), (0.8, 0.8), (0, 0), (100, 100), (41,), "a test"), rng_for("a"))
    hr = draw_picture(1, 64)
    lr, parameters = degrade(hr, 64, drawn, rng_for("a"))
    assert parameters["reduced_px"] == int(64 // 0.8) == 79  # as Python divides
    assert np.abs(np.asarray(lr, dtype=int) - np.asarray(hr, dtype=int)).mean() < 3


def test_a_scale_larger_than_hr_leaves_a_pixel() -> None:
    lr, parameters = DEGRADATIONS["codeformer-large"](draw_picture(1, 4), 4, rng_for("a/1"))
    assert parameters["reduced_px"] == 1
    assert lr.size == (4, 4)


# --- DifFace's grid


def test_the_grid_is_diffaces() -> None:
    """scripts/prepare_testing_restoration.py loops over quality, scale, noise, sigma x and angle."""
    assert CELLS == 4000
    in_turn = [
        (quality, scale, noise, sigma, theta)
        for quality in (30, 40, 50, 60, 70)
        for scale in range(4, 41, 4)
        for noise in (1, 5, 10, 15, 20)
        for sigma in (4, 8, 12, 16)
        for theta in (0, 0.25 * math.pi, 0.5 * math.pi, 0.75 * math.pi)
    ]
    assert [len(axis) for axis in GRID] == [5, 10, 5, 4, 4]
    for i in range(25):
        drawn = DEGRADATIONS["difface-test"](draw_picture(1, 64), 64, rng_for(f"face {i}"))[1]
        found = (
            drawn["jpeg_quality"],
            drawn["scale"],
            drawn["noise_sigma"],
            drawn["blur_sigma_px"][0],
            drawn["theta"],
        )
        assert found == pytest.approx(in_turn[drawn["cell"]])
        assert drawn["blur_sigma_px"][1] in (4, 8, 12, 16)


def test_the_id_chooses_the_cell_and_all_are_as_likely() -> None:
    hr, number = draw_picture(1, 16), 500
    found = [difface_test(hr, 4, rng_for(f"face {i}"))[1]["cell"] for i in range(number)]
    assert len(set(found)) == pytest.approx(CELLS * (1 - (1 - 1 / CELLS) ** number), rel=0.05)  # as balls into boxes
    for axis, values in zip(np.unravel_index(found, [len(axis) for axis in GRID]), GRID, strict=True):
        assert np.bincount(axis) / number == pytest.approx(1 / len(values), abs=0.06)
