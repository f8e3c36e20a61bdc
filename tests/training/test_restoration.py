"""Training on pairs learns, in RGB and in BGR, and minds what guides it."""

import pytest
import torch
from torch import Tensor, nn

from fsrbench.training.data import Batch
from fsrbench.training.recipe import Options
from fsrbench.training.restoration import PairRecipe
from reference_model.generator import RestorationNetwork


@pytest.mark.heavy
def test_learns_a_batch(options: Options) -> None:
    torch.manual_seed(0)
    hr = nn.functional.interpolate(torch.rand(4, 3, 32, 32), scale_factor=2)
    batch = Batch(nn.functional.avg_pool2d(hr, 4), hr)
    recipe = PairRecipe(options, RestorationNetwork(4, channels=32, blocks=1), (1e-2, 1e-2))
    losses = [recipe.step(batch, 0.0)["pixel"] for _ in range(150)]
    assert losses[-1] < 0.6 * losses[0]


def test_rate_falls_on_a_cosine(options: Options) -> None:
    recipe = PairRecipe(options, RestorationNetwork(4, channels=8, blocks=1), (1e-2, 1e-4))
    rates = []
    for progress in (0.0, 0.5, 1.0):
        recipe.step(recipe.batch(0), progress)
        rates.append(recipe.optimizers["restoration"].param_groups[0]["lr"])
    assert rates == pytest.approx([1e-2, 5.05e-3, 1e-4])


class Spy(nn.Module):
    """Keeps what it sees; enlarges."""

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(()))

    def forward(self, lr: Tensor) -> Tensor:
        self.seen = lr
        return nn.functional.interpolate(lr * self.gain, scale_factor=4)


@pytest.mark.parametrize("signed_bgr", [False, True])
def test_network_sees_its_own_colours_and_the_loss_ours(options: Options, signed_bgr: bool) -> None:
    red = torch.zeros(1, 3, 16, 16)
    red[:, 0] = 1
    spy = Spy()
    sr = PairRecipe(options, spy, (1e-3, 1e-3), signed_bgr=signed_bgr).restore(spy, red)
    assert spy.seen[0, :, 0, 0].tolist() == ([-1, -1, 1] if signed_bgr else [1, 0, 0])
    assert sr[0, :, 0, 0].tolist() == [1, 0, 0]


def test_guidance_sees_pairs_and_is_learnt_from(options: Options) -> None:
    def brightness(sr: Tensor, hr: Tensor) -> dict[str, Tensor]:
        assert sr.shape == hr.shape
        return {"brightness": 10 * (sr.mean() - 1).abs()}

    torch.manual_seed(0)
    recipe = PairRecipe(options, RestorationNetwork(4, channels=8, blocks=1), (1e-2, 1e-2), brightness)
    batch = recipe.batch(0)
    losses = [recipe.step(batch, 0.0) for _ in range(50)]
    assert set(losses[0]) == {"pixel", "brightness"}
    assert losses[-1]["brightness"] < 0.5 * losses[0]["brightness"]
