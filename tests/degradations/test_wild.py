"""The degradation ``wild``: its matrices against Pillow, OpenCV's formula and scipy, its draws against its protocol."""

import numpy as np
import pytest
from made import draw_picture
from PIL import Image
from scipy.ndimage import gaussian_filter1d

from fsrbench.degradations import wild
from fsrbench.degradations.base import Parameters, rng_for
from fsrbench.degradations.recipes import DEGRADATIONS, find_degradation

PILLOW = {
    "area": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
    "nearest": Image.Resampling.NEAREST,
}
FLAT = Image.new("RGB", (64, 64), (128, 128, 128))


def reduced(hr: Image.Image, kernel: str) -> np.ndarray:
    rows = wild.axis(hr.height, 16, kernel)
    return np.einsum("ij,jkc,lk->ilc", rows, np.asarray(hr, dtype=float), rows)


def draws(hr: Image.Image = FLAT, number: int = 400) -> list[tuple[np.ndarray, Parameters]]:
    pairs = [wild.wild(hr, 16, rng_for(f"image {i}")) for i in range(number)]
    return [(np.asarray(lr, dtype=float), parameters) for lr, parameters in pairs]


@pytest.mark.parametrize("side", [60, 64, 128])
@pytest.mark.parametrize("kernel", PILLOW)
def test_kernels_are_pillows(kernel: str, side: int) -> None:
    hr = draw_picture(3, side)
    expected = np.asarray(hr.resize((16, 16), PILLOW[kernel]), dtype=float)
    # Pillow rounds to 8 bits after each axis.
    assert np.abs(reduced(hr, kernel).clip(0, 255) - expected).max() < 1.25


@pytest.mark.parametrize("kernel", ["opencv-cubic", "opencv-linear"])
def test_kernels_without_antialiasing_are_those_of_their_own_degradations(kernel: str) -> None:
    hr = draw_picture(3, 128)
    expected = np.asarray(DEGRADATIONS[kernel](hr, 16, rng_for("a"))[0], dtype=float)
    assert np.abs(reduced(hr, kernel).clip(0, 255) - expected).max() <= 0.5


@pytest.mark.parametrize("sigma", [0.3, 3.3, 12.0])
def test_blur_is_scipys(sigma: float) -> None:
    column = np.asarray(draw_picture(3, 64), dtype=float)[:, :, 0]
    blurred = gaussian_filter1d(column, sigma, axis=0, mode="reflect", radius=int(np.ceil(3 * sigma)))
    matrix = wild.axis(64, 16, "area", sigma)
    assert np.allclose(matrix @ column, wild.axis(64, 16, "area") @ blurred)


@pytest.mark.parametrize("kernel", [*wild.POINT_KERNELS, *wild.AREA_KERNELS])
def test_light_is_kept(kernel: str) -> None:
    assert np.allclose(wild.axis(512, 64, kernel, 7.0).sum(axis=1), 1)


def test_shares_are_those_of_the_protocol() -> None:
    drawn = [parameters for _, parameters in draws()]

    def share(truth: list[bool]) -> float:
        return float(np.mean(truth))

    assert share([p["blur_sigma_px"] != [0.0, 0.0] for p in drawn]) == pytest.approx(0.6, abs=0.07)
    assert share([p["kernel"] in wild.POINT_KERNELS for p in drawn]) == pytest.approx(0.3, abs=0.07)
    assert share([p["noise"] is not None for p in drawn]) == pytest.approx(0.7, abs=0.07)
    assert share([len(p["jpeg_quality"]) == 1 for p in drawn]) == pytest.approx(0.45, abs=0.07)
    assert share([len(p["jpeg_quality"]) == 2 for p in drawn]) == pytest.approx(0.15, abs=0.07)
    assert {p["kernel"] for p in drawn} == {*wild.POINT_KERNELS, *wild.AREA_KERNELS}
    assert {p["noise"] for p in drawn} == {None, *wild.NOISE_KINDS}
    assert max(max(p["blur_sigma_px"]) for p in drawn) <= 1.5 * 4
    assert max(p["noise_sigma"] for p in drawn) <= 30
    assert {20 <= q <= 95 for p in drawn for q in p["jpeg_quality"]} == {True}


def test_noise_is_as_strong_as_recorded() -> None:
    noisy = [(lr - 128, p) for lr, p in draws() if p["noise"] and not p["jpeg_quality"] and p["noise_sigma"] > 4]
    ratios = [lr.std() / p["noise_sigma"] for lr, p in noisy]
    assert np.mean(ratios) == pytest.approx(1, abs=0.03)
    grey = [bool((lr.std(axis=2) == 0).all()) for lr, p in noisy if p["noise"] == "grey"]
    assert grey
    assert all(grey)


def test_one_stage_shifts_no_other_stages_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    with_blur = [p["jpeg_quality"] for _, p in draws(number=20)]
    monkeypatch.setattr(wild, "BLUR", (0.0, 1.5))
    monkeypatch.setattr(wild, "NOISE", (0.0, 30.0))
    assert [p["jpeg_quality"] for _, p in draws(number=20)] == with_blur


def test_the_harness_knows_it_at_any_size() -> None:
    lr, _ = find_degradation("wild")(draw_picture(1, 512), 128, rng_for("a"))
    assert lr.size == (128, 128)


@pytest.mark.heavy
def test_at_scale_1_the_blur_is_left_whatever_the_kernel() -> None:
    hr, kernels = draw_picture(3), set()
    pixels = np.asarray(hr, dtype=float)
    for i in range(80):
        image, drawn = wild.wild(hr, 64, rng_for(f"image {i}"))
        if drawn["noise"] is None and not drawn["jpeg_quality"]:
            columns, rows = (wild.axis(64, 64, drawn["kernel"], sigma) for sigma in drawn["blur_sigma_px"])
            expected = np.einsum("ij,jkc,lk->ilc", rows, pixels, columns, optimize=True)
            assert np.abs(np.asarray(image, dtype=float) - expected).max() <= 0.51  # sigmas are recorded rounded
            kernels.add(drawn["kernel"])
    assert len(kernels) > 3
