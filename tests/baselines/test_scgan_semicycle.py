"""SCGAN's degradation network and discriminators: sizes and shapes as documented, and both stages of their training."""

import math
from pathlib import Path

import pytest
import torch
from made import picture_files, write_files
from torch import nn

from baselines.scgan.semicycle import NOISE, DegradationNetwork, Discriminator
from baselines.scgan.training import recipe
from fsrbench.tasks import TASKS
from fsrbench.training.recipe import Options


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


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("real", "trained"),
    [(False, {"restoration"}), (True, {"restoration", "degradation_forward", "judge_lr_forward", "judge_hr_backward"})],
)
def test_an_update_of_each_stage_trains_the_published_networks(tmp_path: Path, real: bool, trained: set[str]) -> None:
    faces = write_files(tmp_path / "faces", picture_files(["ann/1.png", "bob/1.png"]))
    lr = write_files(tmp_path / "lr", picture_files(["LR/a.png"], side=16)) if real else None
    torch.manual_seed(0)
    made = recipe(Options(TASKS["x4"], str(faces), torch.device("cpu"), lr and str(lr), amp=False, batch=1))
    before = {name: [p.clone() for p in made.modules[name].parameters()] for name in trained}
    losses = made.step(made.batch(0), 0.0)
    assert losses
    assert all(map(math.isfinite, losses.values()))
    for name, values in before.items():
        assert any(not torch.equal(*both) for both in zip(values, made.modules[name].parameters(), strict=True)), name
