"""The degradation network and the discriminators of the reference model."""

import pytest
import torch
from torch.nn.functional import avg_pool2d

from reference_model.degradation import NOISE, DegradationNetwork
from reference_model.discriminator import Discriminator, UNetDiscriminator


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


@pytest.mark.parametrize("size", [16, 64, 128])
def test_unet_discriminator_scores_the_whole_and_each_pixel(size: int) -> None:
    whole, pixels = UNetDiscriminator(size, 4)(torch.rand(3, 3, size, size)).scores
    assert whole.shape == (3, 1)
    assert pixels.shape == (3, 1, size, size)


def test_unet_discriminators_features_go_down_and_up_again() -> None:
    features = UNetDiscriminator(64, 4)(torch.rand(1, 3, 64, 64)).features
    assert [f.shape[-1] for f in features] == [64, 32, 16, 8, 16, 32, 64]


def test_pixels_scores_see_where_a_face_is_changed() -> None:
    torch.manual_seed(0)
    judge = UNetDiscriminator(64, 8).eval()
    faces = torch.rand(1, 3, 64, 64)
    changed = faces.clone()
    changed[..., 40:44, 40:44] += 0.5
    change = (judge(changed).scores[1] - judge(faces).scores[1]).abs()[0, 0]
    assert change[36:48, 36:48].mean() > 5 * change[:16, :16].mean()
