"""Weights of any number of dimensions get a layout that they can have, and give the same numbers."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch
from torch import nn

from fsrbench.methods import checkpoints
from fsrbench.methods.base import Method
from fsrbench.methods.memory_layout import set_layout
from fsrbench.methods.restorer import Restorer
from fsrbench.tasks import find_task


class Modulated(nn.Module):
    """One convolution with weights of five dimensions, as StyleGAN2 has them, and a plain one."""

    def __init__(self) -> None:
        super().__init__()
        self.plain = nn.Conv2d(3, 4, 3)
        self.weight = nn.Parameter(torch.randn(1, 5, 4, 3, 3))
        self.register_buffer("blur", torch.ones(1, 1, 3, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        made = nn.functional.conv2d(self.plain(x), self.weight[0, :3], padding=2)
        return nn.functional.interpolate(made, scale_factor=4)


def test_only_four_dimensions_are_laid_out_and_numbers_stay() -> None:
    network = Modulated()
    before, x = copy.deepcopy(network), torch.randn(2, 3, 9, 9)
    with pytest.raises(RuntimeError, match="rank 4"):
        copy.deepcopy(network).to(memory_format=torch.channels_last)
    weight = network.plain.weight
    assert set_layout(network, torch.channels_last) is network
    assert network.plain.weight is weight
    assert weight.is_contiguous(memory_format=torch.channels_last)
    assert network.weight.is_contiguous()
    torch.testing.assert_close(network(x), before(x))
    set_layout(network, torch.contiguous_format)
    assert weight.is_contiguous()
    for one, other in zip(network.state_dict().values(), before.state_dict().values(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("way", ["checkpoint", "method"])
def test_networks_with_five_dimensions_are_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    network, file = Modulated(), tmp_path / "made.pth"
    torch.save(network.state_dict(), file)
    x = torch.rand(2, 3, 16, 16)
    with torch.inference_mode():
        expected = network(x)
        if way == "checkpoint":
            restorer = Restorer("modulated", Modulated(), lambda images: restorer.network(images), scale=4)
            restorer.network.load_state_dict(network.state_dict())
            monkeypatch.setattr(checkpoints, "_recognise", lambda loaded, name: (lambda _: restorer, restorer))
            loaded = checkpoints.CheckpointMethod(file)
            loaded.load(find_task("x4"), torch.device("cpu"))
            torch.testing.assert_close(loaded.upscale(x), expected)
        else:
            mine = Mine()
            mine.load_network(Modulated(), file, torch.device("cpu"))
            torch.testing.assert_close(mine.upscale(x), expected)


class Mine(Method):
    """A method whose network has such weights."""

    def upscale(self, lr: torch.Tensor) -> torch.Tensor:
        assert self.network is not None
        made: torch.Tensor = self.network(lr)
        return made
