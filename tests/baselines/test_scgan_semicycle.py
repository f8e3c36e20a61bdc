"""SCGAN's degradation network and discriminators: sizes and shapes as documented."""

import pytest
import torch
from torch import nn

from baselines.scgan.semicycle import NOISE, DegradationNetwork, Discriminator


def size(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def test_degradation_network() -> None:
    network = DegradationNetwork()
    assert size(network) == 12_200_131
    lr = network(torch.rand(2, 3, 64, 64), torch.randn(2, NOISE))
    assert lr.shape == (2, 3, 16, 16)
    assert -1 <= lr.min() < lr.max() <= 1


@pytest.mark.parametrize("side", [16, 64])
def test_discriminator(side: int) -> None:
    network = Discriminator(side)
    assert size(network) == 15_131_777
    assert network(torch.rand(2, 3, side, side)).shape == (2,)
