"""The published networks, held to the published counts and shapes."""

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from baselines.progressive.network import Generator
from baselines.scgan.network import ResidualBlock, RestorationNetwork


def parameters(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def gmacs(network: nn.Module, *inputs: torch.Tensor) -> float:
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        network.eval()(*inputs)
    return counter.get_total_flops() / 2e9


def test_scgan_has_the_published_size_and_cost() -> None:
    network = RestorationNetwork()
    assert parameters(network) == 15_476_323  # 15.48 M
    assert gmacs(network, torch.rand(1, 3, 16, 16)) == pytest.approx(5.38, abs=0.01)


def test_progressive_has_the_published_size_and_cost() -> None:
    generator = Generator()
    assert parameters(generator) == 8_969_097  # 8.97 M
    assert gmacs(generator, torch.rand(1, 3, 16, 16)) == pytest.approx(5.24, abs=0.01)


def test_scgan_output_is_in_range() -> None:
    out = RestorationNetwork().eval()(torch.rand(2, 3, 16, 16) * 2 - 1)
    assert out.shape == (2, 3, 64, 64)
    assert out.abs().max() <= 1


def test_scgan_skip_sees_the_activated_input() -> None:
    """The authors' in-place ReLU changes what the skip adds; loading their weights needs the same."""
    block = ResidualBlock(4, 4)
    nn.init.zeros_(block.conv2.weight)
    x = torch.tensor([-1.0, 2.0]).view(1, 1, 1, 2).expand(1, 4, 1, 2)
    assert torch.equal(block(x), x.relu())


@pytest.mark.parametrize(("step", "size"), [(1, 32), (2, 64), (3, 128)])
def test_progressive_doubles_at_each_step(step: int, size: int) -> None:
    assert Generator().eval()(torch.rand(1, 3, 16, 16), step=step).shape == (1, 3, size, size)


def test_progressive_fades_a_step_in() -> None:
    generator, lr = Generator().eval(), torch.rand(1, 3, 16, 16)
    before = nn.functional.interpolate(generator(lr, step=1), scale_factor=2, mode="nearest")
    after = generator(lr, step=2)
    assert torch.allclose(generator(lr, step=2, alpha=0.0), before, atol=1e-6)
    assert torch.allclose(generator(lr, step=2, alpha=0.25), 0.75 * before + 0.25 * after, atol=1e-5)
