"""Inputs of the networks in records: a stand-in for pyiqa's, against NumPy on pictures as OpenCV reads them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from made.textured import textured_pair
from skimage.color import rgb2ycbcr
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torch import Tensor

from fsrbench.metrics.base import ImageMetric, Metric
from fsrbench.pictures.decode import to_tensor
from fsrbench.protocols import measures

SSIM = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
SHARES = np.array([0.5, 0.3, 0.2])


class Distance(ImageMetric):
    """Like pyiqa's LPIPS it maps [0, 1] to [-1, 1]; then the mean product of both, channels weighed unlike."""

    name, title, protocol, direction, needs = "lpips-vgg", "LPIPS", "made up", "lower", frozenset({"hr"})

    def score(self, sr: Tensor, hr: Tensor | None) -> Tensor:
        assert hr is not None
        shares = torch.from_numpy(SHARES).view(1, 3, 1, 1)
        return ((2 * sr - 1) * (2 * hr - 1) * shares).sum(dim=1).mean(dim=(1, 2))


@pytest.fixture
def pictures() -> tuple[np.ndarray, np.ndarray]:
    return textured_pair(48, 40)


def score(metric: Metric, pictures: tuple[np.ndarray, np.ndarray]) -> float:
    assert isinstance(metric, ImageMetric)
    return float(metric.score(*(to_tensor(picture[None]) for picture in pictures)))


@pytest.mark.parametrize(("order", "range_"), [("RGB", "-1,1"), ("BGR", "-1,1"), ("BGR", "0,1")])
def test_lpips_gets_the_channels_and_the_range_of_the_script(monkeypatch, pictures, order, range_) -> None:
    monkeypatch.setattr(measures, "pyiqa_metric", lambda name: Distance if name == "lpips-vgg" else None)
    metric = measures.lpips("vgg", order, range_)
    read = [(p[..., ::-1] if order == "BGR" else p) / 255 for p in pictures]  # cv2.imread gives B, G, R
    fed = [2 * p - 1 if range_ == "-1,1" else p for p in read]
    expected = (fed[0] * fed[1]).mean(axis=(0, 1)) @ SHARES
    assert score(metric, pictures) == pytest.approx(expected, abs=1e-6)
    assert f"{order} in [{range_.replace(',', ', ')}]" in metric.protocol
    assert ("though it expects [-1, 1]" in metric.protocol) == (range_ == "0,1")


@pytest.mark.parametrize("crop", [0, 4])
def test_psnr_and_ssim_of_y_are_scikit_images(pictures, crop) -> None:
    inner = slice(crop, -crop or None)
    sr, hr = (rgb2ycbcr(picture)[..., 0][inner, inner] for picture in pictures)
    psnr, ssim = measures.psnr("Y", crop, False), measures.ssim("Y", crop, False)
    assert score(psnr, pictures) == pytest.approx(peak_signal_noise_ratio(hr, sr, data_range=255), abs=1e-5)
    assert score(ssim, pictures) == pytest.approx(structural_similarity(hr, sr, **SSIM), abs=1e-6)
    assert ("no crop" in psnr.protocol) == (crop == 0)


def basicsr_ssim(sr: np.ndarray, hr: np.ndarray) -> float:
    """BasicSR's SSIM of one channel: OpenCV's Gaussian filter, 5 px cut off."""
    cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed")
    kernel = cv2.getGaussianKernel(11, 1.5)
    window = np.outer(kernel, kernel.transpose())

    def blurred(x: np.ndarray) -> np.ndarray:
        return cv2.filter2D(x, -1, window)[5:-5, 5:-5]

    x, y, c1, c2 = sr.astype(np.float64), hr.astype(np.float64), (0.01 * 255) ** 2, (0.03 * 255) ** 2
    mean_x, mean_y = blurred(x), blurred(y)
    var_x, var_y = blurred(x**2) - mean_x**2, blurred(y**2) - mean_y**2
    covariance = blurred(x * y) - mean_x * mean_y
    top = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    return float((top / ((mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2))).mean())


def test_ssim_is_basicsrs(pictures) -> None:
    expected = np.mean([basicsr_ssim(pictures[0][..., c], pictures[1][..., c]) for c in range(3)])
    assert score(measures.ssim("RGB", 0, False), pictures) == pytest.approx(expected, abs=1e-6)
