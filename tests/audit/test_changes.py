"""What is done to pictures before they are compared, against scikit-image, pyiqa, Pillow and plain NumPy."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.color import rgb2ycbcr
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torch import Tensor

from fsrbench.audit.protocols import DEFAULT, LR, all_protocols
from fsrbench.metrics import changes
from fsrbench.metrics.base import ImageMetric
from fsrbench.pictures.decode import to_tensor

PROTOCOLS = all_protocols()
Pictures = tuple[np.ndarray, np.ndarray]
K = np.array([65.481, 128.553, 24.966]) / 255
SSIM = {"data_range": 255, "gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
SCORING = [p for p in PROTOCOLS if p.metric in ("psnr", "ssim") and p.group != LR]


def make(count: int = 3, side: int = 32, seed: int = 0) -> Pictures:
    """uint8 N,H,W,3: pictures of other brightness each, and noisy copies."""
    rng = np.random.RandomState(seed)
    hr = rng.randint(40, 180, (count, side, side, 3)) + np.arange(count)[:, None, None, None] * 5
    sr = np.clip(hr + rng.normal(0, 6 + 4 * np.arange(count)[:, None, None, None], hr.shape), 0, 255)
    return sr.astype(np.uint8), hr.astype(np.uint8)


def measure(metric: str, name: str, sr: np.ndarray, hr: np.ndarray) -> list[float]:
    """The scores of a protocol."""
    found = next(p.measure for p in PROTOCOLS if (p.metric, p.name) == (metric, name))
    assert isinstance(found, ImageMetric)
    return found.score(to_tensor(sr), to_tensor(hr)).tolist()


def cut_luma(picture: np.ndarray) -> np.ndarray:
    """As in SPARNet's psnr_ssim.py, but for the rounding error that it leaves in."""
    return np.floor(np.round(16 + picture @ K, 9)).astype(np.uint8)


def stretched(picture: np.ndarray) -> np.ndarray:
    low, high = int(picture.min()), int(picture.max())
    return np.vectorize(lambda v: (int(v) - low) * 255 // (high - low))(picture).astype(np.uint8)


def jpeg(quality: int) -> Callable[[np.ndarray], np.ndarray]:
    def save(picture: np.ndarray) -> np.ndarray:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "x.jpg"
            Image.fromarray(picture).save(path, quality=quality)
            return np.asarray(Image.open(path))

    return save


def same(picture: np.ndarray) -> np.ndarray:
    return picture


def inner(border: int) -> Callable[[np.ndarray], np.ndarray]:
    return lambda picture: picture[border:-border, border:-border]


def y(picture: np.ndarray) -> np.ndarray:
    return rgb2ycbcr(picture)[..., 0]


def full_y(picture: np.ndarray) -> np.ndarray:
    return picture @ np.array([0.299, 0.587, 0.114])


REFERENCES = {
    DEFAULT: (same, same),
    "Y, 16–235": (y, y),
    "Y, full range": (full_y, full_y),
    "Y, cut to 8 bit": (cut_luma, cut_luma),
    "4 px cropped": (inner(4), inner(4)),
    "8 px cropped": (inner(8), inner(8)),
    "stretched": (stretched, same),
    "JPEG 95": (jpeg(95), same),
    "JPEG 75": (jpeg(75), same),
}
"""What is done to SR and to HR."""


@pytest.mark.parametrize("name", REFERENCES)
def test_psnr_is_scikit_images_on_the_changed_pictures(name: str) -> None:
    sr, hr = make()
    change_sr, change_hr = REFERENCES[name]
    expected = [
        peak_signal_noise_ratio(change_hr(h).astype(float), change_sr(s).astype(float), data_range=255)
        for s, h in zip(sr, hr, strict=True)
    ]
    assert measure("psnr", name, sr, hr) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("name", REFERENCES)
def test_ssim_is_scikit_images_on_the_changed_pictures(name: str) -> None:
    sr, hr = make()
    change_sr, change_hr = REFERENCES[name]
    expected = []
    for s, h in zip(sr, hr, strict=True):
        axis = -1 if change_hr(h).ndim == 3 else None
        pair = change_hr(h).astype(float), change_sr(s).astype(float)
        expected.append(structural_similarity(*pair, channel_axis=axis, **SSIM))
    assert measure("ssim", name, sr, hr) == pytest.approx(expected, abs=1e-5)


def test_ssim_with_a_uniform_window_is_scikit_images_default() -> None:
    sr, hr = make()
    expected = [structural_similarity(h, s, channel_axis=-1, data_range=255) for s, h in zip(sr, hr, strict=True)]
    assert measure("ssim", "uniform 7 px", sr, hr) == pytest.approx(expected, abs=1e-6)


def test_a_record_measures_as_its_script_does() -> None:
    """VQFR's correction of mean and deviation; step by step in tests/metrics/test_changes.py."""
    sr, hr = make()
    matched = []
    for s, h in zip(sr.astype(float), hr.astype(float), strict=True):
        mean, deviation = (f(s, axis=(0, 1)) for f in (np.mean, np.std))
        matched.append((s - mean) / deviation * h.std(axis=(0, 1)) + h.mean(axis=(0, 1)))
    pairs = list(zip(hr.astype(float), matched, strict=True))
    psnr = [peak_signal_noise_ratio(h, m, data_range=255) for h, m in pairs]
    ssim = [structural_similarity(h, m, channel_axis=-1, **SSIM) for h, m in pairs]
    assert measure("psnr", "vqfr", sr, hr) == pytest.approx(psnr, abs=1e-4)
    assert measure("ssim", "vqfr", sr, hr) == pytest.approx(ssim, abs=1e-5)


def test_every_scoring_protocol_has_a_reference_here() -> None:
    others = {"pooled over 16", "uniform 7 px", "vqfr"}
    assert {p.name for p in SCORING} == set(REFERENCES) | others


def test_full_range_is_pyiqas_psnry() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pyiqa.archs.psnr_arch import psnr as pyiqa_psnr
    sr, hr = make()
    expected = pyiqa_psnr(to_tensor(sr), to_tensor(hr), test_y_channel=True)
    assert measure("psnr", "Y, full range", sr, hr) == pytest.approx(expected.tolist(), abs=1e-3)


def test_pooling_takes_one_error_per_batch_weighted_by_its_images() -> None:
    sr, hr = make(20, side=8)
    sr[3] = 255 - sr[3]  # one bad picture pulls its batch down further than it would pull a mean
    errors = ((sr.astype(float) - hr) ** 2).mean(axis=(1, 2, 3))
    batches = [10 * np.log10(255**2 / errors[part].mean()) for part in (slice(0, 16), slice(16, 20))]
    assert measure("psnr", "pooled over 16", sr, hr) == pytest.approx([batches[0]] * 16 + [batches[1]] * 4)
    assert np.mean(measure("psnr", "pooled over 16", sr, hr)) < np.mean(measure("psnr", DEFAULT, sr, hr))


@pytest.mark.parametrize(("grey", "expected"), [(0, 16), (85, 89), (84, 88), (170, 162), (255, 235)])
def test_whole_luma_values_are_not_cut(grey: int, expected: int) -> None:
    image = to_tensor(np.full((1, 2, 2, 3), grey, np.uint8))
    assert (changes.on_cut_luma(image, image)[0] * 255).unique().tolist() == pytest.approx([expected])


def test_a_stretched_picture_reaches_both_ends_and_hr_is_left_alone() -> None:
    sr, hr = map(to_tensor, make())
    made, untouched = changes.stretch(sr, hr)
    assert made.amin(dim=(1, 2, 3)).tolist() == [0, 0, 0]
    assert made.amax(dim=(1, 2, 3)).tolist() == [1, 1, 1]
    assert untouched is hr


def test_a_flat_picture_can_be_stretched() -> None:
    flat = torch.full((1, 3, 8, 8), 0.5)
    assert torch.isfinite(changes.stretch(flat, flat)[0]).all()


@pytest.mark.parametrize("protocol", SCORING, ids=lambda p: f"{p.metric}: {p.name}")
def test_equal_pictures(protocol) -> None:
    picture = make(17)[1]
    picture[:, 0, 0], picture[:, 0, 1] = 0, 255  # the whole range is used, so stretching changes nothing
    scores = np.array(measure(protocol.metric, protocol.name, picture, picture))
    if protocol.group == "file":
        assert (scores < (60 if protocol.metric == "psnr" else 1)).all()
    else:
        assert scores == pytest.approx(np.inf if protocol.metric == "psnr" else 1)


def test_a_batch_is_scored_picture_by_picture() -> None:
    sr, hr = make()
    for protocol in SCORING:
        if protocol.group != "average":
            singles = [measure(protocol.metric, protocol.name, sr[i : i + 1], hr[i : i + 1])[0] for i in range(3)]
            assert measure(protocol.metric, protocol.name, sr, hr) == pytest.approx(singles, abs=1e-9)


def test_inputs_are_not_written_to() -> None:
    sr, hr = map(to_tensor, make())
    before: list[Tensor] = [sr.clone(), hr.clone()]
    for protocol in SCORING:
        assert isinstance(protocol.measure, ImageMetric)
        protocol.measure.score(sr, hr)
    assert torch.equal(sr, before[0])
    assert torch.equal(hr, before[1])
