"""The reference model's restoration network."""

import time

import pytest
import torch
from torch import nn

from baselines.scgan.network import RestorationNetwork as Scgan
from fsrbench.errors import UserError
from reference_model.generator import RestorationNetwork


@pytest.mark.parametrize("scale", [1, 2, 4, 8])
def test_starts_as_bicubic(scale: int) -> None:
    lr = torch.rand(2, 3, 16, 16)
    expected = nn.functional.interpolate(lr, scale_factor=scale, mode="bicubic", align_corners=False)
    assert torch.allclose(RestorationNetwork(scale)(lr), expected, atol=1e-6)


def test_other_scales_are_refused() -> None:
    with pytest.raises(UserError, match="enlarges by 1, 2, 4, 8, 16, not by 3"):
        RestorationNetwork(3)


@pytest.mark.parametrize("scale", [1, 2, 8])
def test_weights_give_the_network_back(scale: int) -> None:
    network = RestorationNetwork(scale, channels=16, blocks=2)
    fitting = RestorationNetwork.fitting(network.state_dict())
    fitting.load_state_dict(network.state_dict())
    assert fitting.scale == scale


@pytest.mark.heavy
def test_is_at_least_eight_times_faster_than_scgan() -> None:
    """On one thread, in turns, best of many: a busy machine slows both alike and seldom all the time."""
    networks = [n.eval().to(memory_format=torch.channels_last) for n in (RestorationNetwork(blocks=10), Scgan())]
    lr, threads = torch.rand(1, 3, 16, 16), torch.get_num_threads()
    best = [float("inf")] * len(networks)
    torch.set_num_threads(1)
    try:
        with torch.inference_mode():
            for _ in range(10):
                for i, network in enumerate(networks):
                    start = time.perf_counter()
                    network(lr)
                    best[i] = min(best[i], time.perf_counter() - start)
    finally:
        torch.set_num_threads(threads)
    assert best[1] / best[0] >= 8


def test_a_deeper_network_starts_as_the_one_it_was_made_from() -> None:
    shallow, deep = RestorationNetwork(4, channels=8, blocks=1), RestorationNetwork(4, channels=8, blocks=3)
    torch.nn.init.normal_(shallow.tail.weight)
    deep.start_from({name: value.half().float() for name, value in shallow.state_dict().items()})
    shallow.load_state_dict({name: value.half().float() for name, value in shallow.state_dict().items()})
    lr = torch.rand(2, 3, 16, 16)
    assert torch.allclose(deep(lr), shallow(lr), atol=1e-6)
    assert deep.body[2].conv1.weight.abs().sum() > 0  # it can learn
    with pytest.raises(RuntimeError, match="head"):
        deep.start_from({name: value for name, value in shallow.state_dict().items() if not name.startswith("head")})


def test_weights_of_another_scale_or_network_are_refused():
    network = RestorationNetwork(8, 16, 3)
    with pytest.raises(UserError, match="enlarges by 8, not by 4"):
        RestorationNetwork.fitting(network.state_dict(), scale=4)
    with pytest.raises(UserError, match="no residual blocks"):
        RestorationNetwork.fitting({"weight": torch.zeros(1)})
