"""Inception activations, with random weights: the published file is not the project's to ship."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from made.networks import save_random_inception
from torch import Tensor

from fsrbench import weights
from fsrbench.metrics.extractors.inception import Inception
from fsrbench.pictures.decode import to_tensor


@pytest.fixture(scope="module")
def inception(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inception]:
    file = tmp_path_factory.mktemp("weights") / "inception.pth"
    save_random_inception(file)
    with weights.override({"inception": file}):
        extractor = Inception()
        extractor.check()
        yield extractor


def noise(count: int, side: int = 64) -> Tensor:
    return to_tensor(np.random.RandomState(0).randint(0, 256, (count, side, side, 3)).astype(np.uint8))


@pytest.mark.heavy
def test_activations_of_a_batch_are_those_of_each_picture(inception):
    pictures = noise(3)
    together = inception.extract(pictures, {})["activations"]
    singles = np.concatenate([inception.extract(p[None], {})["activations"] for p in pictures])
    assert together.shape == (3, 2048)
    np.testing.assert_allclose(together, singles, rtol=1e-4, atol=1e-5)
    assert np.abs(together[0] - together[1]).max() > 1e-3


def test_small_pictures_are_enlarged_to_299_px(inception):
    """A picture of 299 px is taken as it is, a smaller one as its bilinear enlargement whose corners stay put."""
    small = noise(1, 150)
    index = np.arange(299) * 150 / 299  # TensorFlow 1: no half pixel
    low = index.astype(int)
    high, share = np.minimum(low + 1, 149), index - low
    x = small[0].numpy() * 255
    rows = x[:, low] * (1 - share)[:, None] + x[:, high] * share[:, None]
    enlarged = rows[:, :, low] * (1 - share) + rows[:, :, high] * share
    large = torch.from_numpy(enlarged / 255).float()[None]
    of_small, of_large = (inception.extract(p, {})["activations"] for p in (small, large))
    np.testing.assert_allclose(of_small, of_large, rtol=0.05, atol=0.02)
