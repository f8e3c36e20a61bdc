"""Training of SCGAN: plain L1 as a warm-up, then its semi-cycle."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from baselines.scgan.network import RestorationNetwork
from baselines.scgan.semicycle import NOISE, DegradationNetwork, Discriminator
from fsrbench.errors import UserError
from fsrbench.training.recipe import Options, Recipe, load_weights, parse_config
from fsrbench.training.restoration import PairRecipe
from fsrbench.training.semicycle import Networks, SemiCycle, Weights


@dataclass(frozen=True)
class Config:
    """Settings of the training."""

    init: str = ""
    """Weights of the restoration network to start from, e.g. of the L1 stage."""
    detach: bool = True
    """Cut the gradient between generators, as the public code does, although the paper describes a cycle."""


def recipe(options: Options) -> Recipe:
    """Without real LR faces: L1 only, 2e-4 falling to 1e-6 on a cosine; with them: the published losses and schedule.

    The published training: hinge GAN, L1 plus 0.05 adversarial, 0.05 of the backward pathway, gradients cut between
    generators, Adam at 1e-4 falling to 1e-5 on a cosine, batch 64, BGR in [-1, 1].
    """
    if options.task.scale != 4:
        raise UserError("scgan does x4 only")
    config = parse_config(Config, options.config)
    network = RestorationNetwork()
    if config.init:
        load_weights(network, Path(config.init))
    if options.lr_data is None:
        pairs = PairRecipe(options, network, (2e-4, 1e-6), signed_bgr=True)
        pairs.note_unused(["detach"])
        return pairs
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
    return SemiCycle(options, networks, Weights(detach=config.detach), signed_bgr=True)
