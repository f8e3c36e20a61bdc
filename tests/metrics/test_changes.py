"""Pictures changed as published scripts change them, step by step in NumPy; those of the audit: tests/audit."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torch import Tensor

from fsrbench.metrics import changes
from fsrbench.metrics.quality import psnr, ssim
from fsrbench.pictures.decode import to_tensor

SSIM = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255, "channel_axis": -1}


def corrected_twice(sr: np.ndarray, hr: np.ndarray) -> np.ndarray:
    """One picture H,W,3 after VQFR's correction: shift to HR's mean, stretch by the deviations, and both again."""
    found = sr.astype(np.float64)
    for channel in range(3):
        plane, target = found[..., channel], hr[..., channel].astype(np.float64)
        for _ in range(2):
            plane += target.mean() - plane.mean()
            plane *= target.std() / plane.std()
    return found


@pytest.fixture
def pictures(pair) -> tuple[np.ndarray, np.ndarray]:
    sr, hr = pair("smooth", 96, 96)
    return (sr * np.array([0.6, 0.8, 0.9]) + 20).astype(np.uint8), hr


def as_batch(picture: np.ndarray) -> Tensor:
    return torch.from_numpy(picture / 255).permute(2, 0, 1)[None]


def test_matching_is_vqfrs_two_corrections(pictures) -> None:
    sr, hr = pictures
    found, same = changes.matched_to_hr(to_tensor(sr[None]), to_tensor(hr[None]))
    expected = corrected_twice(sr, hr)
    np.testing.assert_allclose(found[0].permute(1, 2, 0) * 255, expected, atol=2e-5)
    np.testing.assert_allclose(same[0].permute(1, 2, 0) * 255, hr, atol=2e-5)
    assert expected.min() < 0 or expected.max() > 255  # so the test would see clipping


def test_psnr_and_ssim_after_it_are_scikit_images(pictures) -> None:
    sr, hr = pictures
    matched = changes.matched_to_hr(to_tensor(sr[None]), to_tensor(hr[None]))
    expected = corrected_twice(sr, hr)
    assert psnr(*matched).item() == pytest.approx(
        peak_signal_noise_ratio(hr.astype(float), expected, data_range=255), abs=1e-5
    )
    assert ssim(*matched).item() == pytest.approx(structural_similarity(hr.astype(float), expected, **SSIM), abs=1e-6)
    plain = psnr(to_tensor(sr[None]), to_tensor(hr[None])).item()
    assert psnr(*matched).item() > plain + 3  # what the correction is worth on such a picture


def test_a_channel_of_one_colour_has_no_match() -> None:
    found, _ = changes.matched_to_hr(torch.full((1, 3, 8, 8), 0.5), torch.rand(1, 3, 8, 8))
    assert found.isnan().all()


def test_changes_follow_one_another(pictures) -> None:
    sr, hr = map(as_batch, pictures)
    found, _ = changes.all_of(changes.as_bgr, changes.half_range, changes.crop(2))(sr, hr)
    expected = pictures[0][2:-2, 2:-2, ::-1] / 255 / 2 + 0.5
    np.testing.assert_allclose(found[0].permute(1, 2, 0), expected, atol=1e-12)
    assert 2 * found.min() - 1 == pytest.approx(pictures[0][2:-2, 2:-2].min() / 255)  # what a network of [-1, 1] sees
