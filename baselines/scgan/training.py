"""Training of SCGAN: plain L1 as a warm-up, then its semi-cycle."""

from __future__ import annotations

from baselines.scgan.network import RestorationNetwork
from baselines.scgan.semicycle import NOISE, DegradationNetwork, Discriminator
from fsrbench.errors import UserError
from fsrbench.training.recipe import Options, Recipe
from fsrbench.training.restoration import PixelRecipe
from fsrbench.training.semicycle import Networks, SemiCycle, Weights


def recipe(options: Options) -> Recipe:
    """Without real LR faces L1 alone, 2e-4 falling to 1e-6 on a cosine; with them the published losses and schedule.

    The published training: hinge GAN, L1 plus 0.05 adversarial, 0.05 of the backward pathway, gradients cut between
    generators, Adam at 1e-4 falling to 1e-5 on a cosine, batch 64, BGR in [-1, 1].
    """
    if options.task.scale != 4:
        raise UserError("scgan does x4 only")
    network = RestorationNetwork()
    if options.lr_data is None:
        return PixelRecipe(options, network, 2e-4, 1e-6, signed_bgr=True)
    networks = Networks(
        restoration=network,
        degradation_forward=DegradationNetwork(),
        degradation_backward=DegradationNetwork(),
        judge_lr_forward=Discriminator(16),
        judge_lr_backward=Discriminator(16),
        judge_hr_forward=Discriminator(64),
        judge_hr_backward=Discriminator(64),
        noise=NOISE,
    )
    return SemiCycle(options, networks, Weights(), signed_bgr=True)
