"""PSNR, PSNR-Y, SSIM and MS-SSIM against scikit-image, pyiqa and a plain NumPy implementation."""

from __future__ import annotations

import warnings
from functools import partial

import numpy as np
import pytest
import torch
from scipy.ndimage import convolve1d
from skimage.color import rgb2ycbcr
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torch import Tensor
from torchvision.transforms.functional import gaussian_blur

from fsrbench.errors import Invalid
from fsrbench.metrics import quality
from fsrbench.metrics.facts import Facts
from fsrbench.metrics.quality import MS_SSIM_WEIGHTS, MsSsim, Psnr, PsnrY, Ssim, luma, ms_ssim, psnr, ssim
from fsrbench.pictures.decode import to_tensor, to_uint8
from fsrbench.tasks import Task

SIZES = [(64, 64), (128, 128), (33, 47), (11, 12), (200, 300)]
"""The last is scored in six parts."""
KINDS = ["random", "smooth"]
pairs = pytest.mark.parametrize(("kind", "size"), [(kind, size) for kind in KINDS for size in SIZES])


def tensors(*pictures: np.ndarray) -> list[Tensor]:
    return [to_tensor(picture[None]) for picture in pictures]


def degraded(strength: float, side: int = 64) -> tuple[Tensor, Tensor]:
    """A textured picture, once with noise of a strength (in grey levels) and once without."""
    rng = np.random.RandomState(0)
    clean = np.clip(127 + 60 * np.sin(np.arange(side) / 3)[:, None, None] + rng.normal(0, 20, (side, side, 3)), 0, 255)
    noisy = np.clip(clean + strength * rng.normal(size=clean.shape), 0, 255)
    noisy_batch, clean_batch = tensors(np.rint(noisy).astype(np.uint8), np.rint(clean).astype(np.uint8))
    return noisy_batch, clean_batch


@pairs
def test_psnr_is_scikit_images(pair, kind, size):
    sr, hr = pair(kind, *size)
    assert psnr(*tensors(sr, hr)).item() == pytest.approx(peak_signal_noise_ratio(hr, sr, data_range=255), abs=1e-6)


@pairs
def test_psnr_y_is_that_of_bt601_luma(pair, kind, size):
    sr, hr = pair(kind, *size)
    reference = peak_signal_noise_ratio(rgb2ycbcr(hr)[..., 0], rgb2ycbcr(sr)[..., 0], data_range=255)
    assert PsnrY().score(*tensors(sr, hr)).item() == pytest.approx(reference, abs=1e-6)


def test_luma_runs_from_16_to_235():
    black_and_white = torch.tensor([0.0, 1.0]).view(1, 1, 1, 2).expand(1, 3, 1, 2)
    assert (luma(black_and_white) * 255).flatten().tolist() == pytest.approx([16, 235])


@pairs
def test_ssim_is_scikit_images(pair, kind, size):
    sr, hr = pair(kind, *size)
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
    reference = structural_similarity(hr, sr, channel_axis=-1, **options)
    assert ssim(*tensors(sr, hr)).item() == pytest.approx(reference, abs=1e-6)


@pairs
def test_ssim_with_a_uniform_window_is_scikit_images_default(pair, kind, size):
    sr, hr = pair(kind, *size)
    reference = structural_similarity(hr, sr, channel_axis=-1, data_range=255)
    assert ssim(*tensors(sr, hr), window=7, sigma=None).item() == pytest.approx(reference, abs=1e-6)


@pytest.mark.parametrize("size", [(176, 176), (192, 256)])
@pytest.mark.parametrize("kind", KINDS)
def test_ms_ssim_is_the_plain_numpy_one(pair, kind, size):
    sr, hr = pair(kind, *size)
    reference = np.mean([numpy_ms_ssim(sr[..., c], hr[..., c]) for c in range(3)])
    assert ms_ssim(*tensors(sr, hr)).item() == pytest.approx(reference, abs=1e-6)


@pytest.mark.parametrize("size", [176, 256])
def test_ms_ssim_is_pyiqas(pair, size):
    # Where structure is alike: elsewhere pyiqa cuts negative contrast off pixel by pixel, which others do not.
    sr, hr = pair("smooth", size, size)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pyiqa.archs.ssim_arch import ms_ssim as pyiqa_ms_ssim
    channels = [[t[:, c : c + 1].double() * 255 for t in tensors(sr, hr)] for c in range(3)]
    reference = np.mean([pyiqa_ms_ssim(x, y, data_range=255).item() for x, y in channels])
    assert ms_ssim(*tensors(sr, hr)).item() == pytest.approx(reference, abs=1e-4)


@pytest.mark.parametrize("side", [16, 64, 128])
def test_ms_ssim_of_small_pictures_falls_with_noise(side):
    values = [ms_ssim(*degraded(strength, side)).item() for strength in (2, 8, 32)]
    assert 1 > values[0] > values[1] > values[2] > 0


def test_ms_ssim_of_the_negative_is_a_number():
    _, clean = degraded(0)
    assert 0 <= ms_ssim(1 - clean, clean).item() < 0.1


@pytest.mark.parametrize("tile", [11, 64, 1000])
@pytest.mark.parametrize("measure", [ssim, partial(ssim, window=7, sigma=None), ms_ssim])
def test_parts_of_a_picture_add_up_to_the_whole(pair, measure, tile, monkeypatch):
    sr, hr = tensors(*pair("smooth", 190, 300))
    whole = measure(sr, hr).item()
    monkeypatch.setattr(quality, "TILE", tile)
    assert measure(sr, hr).item() == pytest.approx(whole, rel=1e-12)


@pytest.mark.parametrize("side", [256, 512])
def test_large_faces_are_scikit_images(faces, side):
    hr = faces(1, side)
    sr = to_tensor(to_uint8(gaussian_blur(hr, [7, 7], [1.5, 1.5])))
    reference = structural_similarity(
        *(to_uint8(t)[0] for t in (hr, sr)),
        channel_axis=-1,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    assert ssim(sr, hr).item() == pytest.approx(reference, abs=1e-8)
    assert psnr(sr, hr).item() == pytest.approx(
        peak_signal_noise_ratio(to_uint8(hr)[0], to_uint8(sr)[0], data_range=255), abs=1e-6
    )


@pytest.mark.parametrize(("metric", "side"), [(Ssim(), 11), (MsSsim(), 16)], ids=["ssim", "ms_ssim"])
def test_pictures_smaller_than_the_window_are_invalid(metric, side):
    metric.check(Facts(Task(side, 1), images=1, has_hr=True, has_pairs=False))
    with pytest.raises(Invalid, match=f"needs pictures of at least {side} px, not of 8 px"):
        metric.check(Facts(Task(4, 2), images=1, has_hr=True, has_pairs=False))
    with pytest.raises(ValueError, match="of 8 x 8 px are smaller than the window of 11 px"):
        ssim(torch.zeros(1, 3, 8, 8), torch.zeros(1, 3, 8, 8))


@pytest.mark.parametrize(("measure", "best"), [(psnr, float("inf")), (ssim, 1), (ms_ssim, 1)])
def test_equal_pictures(pair, measure, best):
    picture, _ = tensors(*pair("random", 64, 64))
    assert measure(picture, picture.clone()).item() == pytest.approx(best, abs=1e-12)


@pytest.mark.parametrize("metric", [Psnr(), PsnrY(), Ssim(), MsSsim()], ids=lambda m: m.name)
def test_a_batch_is_scored_picture_by_picture(pair, metric):
    batches = [torch.cat(t) for t in zip(*(tensors(*pair("smooth", 64, 64, seed)) for seed in range(3)), strict=True)]
    singles = [metric.score(sr[None], hr[None]).item() for sr, hr in zip(*batches, strict=True)]
    together = metric.score(*batches)
    assert together.shape == (3,)
    assert together.tolist() == pytest.approx(singles, abs=1e-12)
    assert len(set(singles)) == 3


def numpy_ms_ssim(x: np.ndarray, y: np.ndarray) -> float:
    """MS-SSIM of two grey uint8 pictures as Wang et al. (2003) write it, in plain loops over the scales."""
    taps = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
    taps /= taps.sum()

    def blur(picture: np.ndarray) -> np.ndarray:
        return convolve1d(convolve1d(picture, taps, axis=0), taps, axis=1)[5:-5, 5:-5]

    a, b = x.astype(np.float64), y.astype(np.float64)
    c1, c2, product = (0.01 * 255) ** 2, (0.03 * 255) ** 2, 1.0
    for scale, weight in enumerate(MS_SSIM_WEIGHTS):
        if scale:
            a, b = ((p[::2, ::2] + p[1::2, ::2] + p[::2, 1::2] + p[1::2, 1::2]) / 4 for p in (a, b))
        ma, mb = blur(a), blur(b)
        contrast = (2 * (blur(a * b) - ma * mb) + c2) / (blur(a * a) - ma**2 + blur(b * b) - mb**2 + c2)
        luminance = (2 * ma * mb + c1) / (ma**2 + mb**2 + c1)
        product *= max(0.0, (luminance * contrast if scale == 4 else contrast).mean()) ** weight
    return product
