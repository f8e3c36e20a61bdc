"""What degradations are made of: against OpenCV, PyTorch, SciPy and Pillow."""

import io

import numpy as np
import pytest
import torch
from made import draw_picture
from PIL import Image, JpegImagePlugin
from scipy import ndimage

from fsrbench.degradations.resampling import filter_2d, gaussian_blur, jpeg, keys_cubic, resample, to_image, triangle

cv2 = pytest.importorskip("cv2")
HR = np.asarray(draw_picture(3, 96), dtype=np.float64)


def kernel(side: int) -> np.ndarray:
    """Neither symmetric nor separable."""
    weights = np.random.RandomState(1).uniform(size=(side, side))
    return weights / weights.sum()


@pytest.mark.parametrize("side", [1, 3, 9, 41])
def test_filter_2d_is_opencvs(side: int) -> None:
    assert np.allclose(filter_2d(HR, kernel(side)), cv2.filter2D(HR, -1, kernel(side)), rtol=0, atol=1e-9)


@pytest.mark.parametrize("height", [7, 20, 61])
def test_filter_2d_is_scipys_on_pictures_smaller_than_the_kernel(height: int) -> None:
    pixels = HR[:height, :33]
    expected = ndimage.correlate(pixels, kernel(41)[..., None], mode="mirror")
    assert np.allclose(filter_2d(pixels, kernel(41)), expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("size", [1, 7, 48, 95, 96, 97, 120, 300])
def test_linear_is_opencvs_both_ways(size: int) -> None:
    expected = cv2.resize(HR, (size, size), interpolation=cv2.INTER_LINEAR)
    assert np.allclose(resample(HR, size, triangle, radius=1), expected, rtol=0, atol=2e-5)  # it weighs in float32


@pytest.mark.parametrize("size", [7, 48, 97, 300])
@pytest.mark.parametrize(("mode", "weigh", "radius"), [("bilinear", triangle, 1), ("bicubic", keys_cubic, 2)])
def test_resampling_is_torchs_without_antialiasing(mode: str, weigh: object, radius: int, size: int) -> None:
    pixels = torch.from_numpy(HR).permute(2, 0, 1)[None]
    expected = torch.nn.functional.interpolate(pixels, (size, size), mode=mode)[0].permute(1, 2, 0).numpy()
    assert np.allclose(resample(HR, size, weigh, radius), expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize(("border", "mode"), [("symmetric", "reflect"), ("reflect", "mirror")])
@pytest.mark.parametrize(("sigma_x", "sigma_y"), [(0.2, 3.0), (2.5, 0.7), (12.0, 12.0)])
def test_blur_is_scipys(sigma_x: float, sigma_y: float, border: str, mode: str) -> None:
    radius = [max(1, int(np.ceil(3 * sigma))) for sigma in (sigma_y, sigma_x)]
    expected = ndimage.gaussian_filter(HR, (sigma_y, sigma_x, 0), mode=mode, radius=(*radius, 0))
    assert np.allclose(gaussian_blur(HR, sigma_x, sigma_y, border=border), expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("quality", [1, 30, 60, 77, 95, 100])
@pytest.mark.parametrize("side", [1, 5, 16, 96])
def test_subsampled_jpeg_is_opencvs(side: int, quality: int) -> None:
    """The same bytes where both have the same libjpeg-turbo; versions may differ by a level."""
    picture = draw_picture(5, 96).resize((side, side))
    data = cv2.imencode(".jpg", np.asarray(picture)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    assert JpegImagePlugin.get_sampling(Image.open(io.BytesIO(data.tobytes()))) == 2  # 4:2:0
    expected = cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1].astype(int)
    assert np.abs(np.asarray(jpeg(picture, quality, subsampled=True), dtype=int) - expected).max() <= 1


def test_plain_jpeg_keeps_the_chroma() -> None:
    stripes = np.zeros((16, 16, 3), np.uint8)
    stripes[:, ::2, 0] = 255
    kept, halved = (np.asarray(jpeg(Image.fromarray(stripes), 100, subsampled=s), dtype=int) for s in (False, True))
    assert np.abs(kept - stripes).max() <= 3
    assert np.abs(halved - stripes).max() > 60


def test_rounding_is_that_of_opencvs_imencode() -> None:
    values = np.array([-7.0, 0.5, 1.5, 2.4999, 254.5, 255.4, 300.0]).repeat(3).reshape(1, 7, 3)
    encoded = cv2.imdecode(cv2.imencode(".png", values.astype(np.float32))[1], cv2.IMREAD_COLOR)
    assert np.asarray(to_image(values))[0, :, 0].tolist() == encoded[0, :, 0].tolist() == [0, 0, 2, 2, 254, 255, 255]
