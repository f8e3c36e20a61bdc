"""The degradation network and the discriminators of the reference model."""

import pytest
import torch
from torch.nn.functional import avg_pool2d

from reference_model.degradation import NOISE, DegradationNetwork
from reference_model.discriminator import Discriminator


@pytest.mark.parametrize(("scale", "side"), [(4, 64), (8, 128)])
def test_degradation_starts_as_area_averaging(scale: int, side: int) -> None:
    hr = torch.rand(2, 3, side, side)
    lr = DegradationNetwork(scale)(hr, torch.randn(2, NOISE))
    assert torch.allclose(lr, avg_pool2d(hr, scale), atol=1e-6)


def test_degradation_depends_on_its_noise() -> None:
    network = DegradationNetwork()
    torch.nn.init.normal_(network.tail.weight)
    hr = torch.rand(1, 3, 64, 64)
    assert not torch.allclose(network(hr, torch.zeros(1, NOISE)), network(hr, torch.ones(1, NOISE)))


@pytest.mark.parametrize("size", [16, 64, 128])
def test_discriminator_gives_a_score_an_image(size: int) -> None:
    assert Discriminator(size)(torch.rand(3, 3, size, size)).shape == (3,)
