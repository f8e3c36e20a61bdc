"""Inception on pictures resized as pytorch-fid does, against the network fed by hand."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from made.networks import save_random_inception
from torch.nn import functional as F
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

from fsrbench import weights
from fsrbench.metrics.extractors.inception import Inception
from fsrbench.metrics.extractors.inception_resized import InceptionResized
from fsrbench.pictures.decode import to_tensor


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FeatureExtractorInceptionV3]:
    """Random weights: the published file is not the project's to ship."""
    file = tmp_path_factory.mktemp("weights") / "inception.pth"
    made = save_random_inception(file)
    with weights.override({"inception": file}):
        yield made


@pytest.mark.heavy
def test_activations_are_those_of_the_picture_that_pytorch_fid_feeds(network) -> None:
    pictures = np.random.RandomState(0).randint(0, 256, (2, 512, 512, 3)).astype(np.uint8)
    found = InceptionResized().extract(to_tensor(pictures), {})["activations"]
    rgb = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255
    resized = 2 * F.interpolate(rgb, (299, 299), mode="bilinear", align_corners=False, antialias=False) - 1
    hooked: list[torch.Tensor] = []
    network.Conv2d_1a_3x3.register_forward_pre_hook(lambda module, args: (resized,))
    network.AvgPool.register_forward_hook(lambda module, args, output: hooked.append(output))
    network(torch.zeros(2, 3, 299, 299, dtype=torch.uint8))  # its own resize is overridden by the hook
    np.testing.assert_allclose(found, hooked[0].flatten(1), rtol=1e-5, atol=1e-6)
    assert found.shape == (2, 2048)


def test_they_differ_from_those_of_tensorflows_resize(network) -> None:
    pictures = to_tensor(np.random.RandomState(1).randint(0, 256, (1, 512, 512, 3)).astype(np.uint8))
    ours, theirs = (kind().extract(pictures, {})["activations"] for kind in (Inception, InceptionResized))
    assert np.abs(ours - theirs).max() > 1e-3 * np.abs(ours).max()
