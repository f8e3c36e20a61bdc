"""NIQE's features against pyiqa's, block by block, and one fit against a distribution whose parameters are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from made.textured import without_ties
from scipy.special import gamma
from torch import Tensor

from fsrbench.metrics.niqe_features import _asymmetric_gaussian, block_features, distance, luma, without_flat
from fsrbench.pictures.decode import to_tensor


def pictures(count: int, height: int, width: int) -> Tensor:
    """Noise of several strengths on ramps."""
    rng = np.random.RandomState(height)
    ramp = np.linspace(0, 200, width)[None, None, :, None] * np.ones((count, height, 1, 3))
    noise = rng.normal(0, 1, ramp.shape) * np.linspace(2, 30, count)[:, None, None, None]
    return to_tensor(without_ties(np.clip(ramp + noise, 0, 255).astype(np.uint8)))


def of_pyiqa(images: Tensor, block: int, monkeypatch: pytest.MonkeyPatch) -> Tensor:
    """What pyiqa's own NIQE computes on its way, at another block size too."""
    from pyiqa.archs import niqe_arch
    from pyiqa.utils.color_util import to_y_channel

    scales: list[Any] = []
    blockproc = niqe_arch.blockproc
    monkeypatch.setattr(niqe_arch, "blockproc", lambda *a, **k: scales.append(blockproc(*a, **k)) or scales[-1])
    grey = to_y_channel(images, 255, "yiq").round().double()
    n = len(images)
    niqe_arch.niqe(grey, torch.zeros(n, 36).double(), torch.eye(36).double().repeat(n, 1, 1), block, block)
    return torch.cat(scales, dim=-1)


@pytest.mark.parametrize(("height", "width", "block"), [(192, 192, 96), (100, 230, 96), (64, 64, 16), (128, 128, 32)])
def test_each_feature_is_pyiqas(height, width, block, monkeypatch):
    images = pictures(2, height, width)
    images[1, :, :, -block:] = 0.4  # flat blocks, which have no fit
    found = block_features(luma(images), block)
    expected = of_pyiqa(images, block, monkeypatch)
    assert found.shape == (2, (height // block) * (width // block), 36)
    assert torch.equal(found.nan_to_num(-1), expected.nan_to_num(-1))


def test_a_picture_is_the_same_alone_and_in_a_batch():
    images = pictures(5, 64, 64)
    together = block_features(luma(images), 16)
    assert torch.equal(together, torch.cat([block_features(luma(image[None]), 16) for image in images]))


def test_fit_finds_the_shape_and_scales_that_numbers_were_drawn_with():
    rng = np.random.RandomState(0)
    shape, left, right = 1.3, 0.5, 2.0
    drawn = rng.gamma(1 / shape, 1, 400_000) ** (1 / shape)  # half of a generalised Gaussian of scale 1
    sides = rng.uniform(size=drawn.size) < left / (left + right)
    values = torch.from_numpy(np.where(sides, -left * drawn, right * drawn))
    assert [float(x) for x in _asymmetric_gaussian(values)] == pytest.approx([shape, left, right], rel=0.02)
    assert values.square().mean().item() == pytest.approx(
        gamma(3 / shape) / gamma(1 / shape) * (left**3 + right**3) / (left + right), rel=0.02
    )


@pytest.mark.parametrize("flat", ["all", "all but one block"])
def test_too_few_blocks_have_no_distance(flat):
    image = torch.full((1, 3, 64, 64), 0.5)
    if flat != "all":
        image[..., :4, :4] = pictures(1, 4, 4)
    features = block_features(luma(image), 16)[0]
    assert np.isnan(distance(features, torch.zeros(36).double(), torch.eye(36).double()))


def test_flat_blocks_are_left_out():
    images = pictures(1, 64, 64)
    whole = block_features(luma(images), 16)[0]
    holes = torch.cat([whole, torch.full((3, 36), float("nan")).double()])
    mean, covariance = torch.zeros(36).double(), torch.eye(36).double()
    assert distance(holes, mean, covariance) == pytest.approx(distance(whole, mean, covariance), rel=1e-9)
    assert torch.equal(without_flat(holes), whole)
