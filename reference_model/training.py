"""Training of the reference model: on pairs first, then the semi-cycle with the face alignment losses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from torch import nn

from fsrbench.training.recipe import Options, Recipe, load_weights, parse_config
from fsrbench.training.restoration import Guidance, PairRecipe
from fsrbench.training.semicycle import Networks, SemiCycle, Weights
from reference_model import WEIGHTS
from reference_model.degradation import NOISE, DegradationNetwork
from reference_model.discriminator import Discriminator
from reference_model.fan import load_fan
from reference_model.generator import RestorationNetwork
from reference_model.identity import IdentityLoss
from reference_model.losses import AlignmentLosses


@dataclass(frozen=True)
class Config:
    """Settings of the reference model's training; the paper published none."""

    init: str = ""
    """Weights of the restoration network to start from, e.g. of the L1 stage."""
    blocks: int = 10
    """Residual blocks of the restoration network."""
    fan: str = str(WEIGHTS / "fan.safetensors")
    rate: float = 0.0
    """Adam's at the start, falling to 1e-6 on a cosine; 0 stands for 5e-4 on pairs and 2e-4 in the semi-cycle."""
    pixel: float = 1.0
    adversarial: float = 0.005
    backward: float = 0.05
    """Weight of the backward pathway in the restoration network's loss, SCGAN's; 0 leaves it out. With ten times as
    much the network draws checkerboards on real faces, where little but the discriminator guides it."""
    anchor: float = 0.1
    """Share of SCGAN's L1 between a restored real LR face and its bicubic enlargement. With all of it the network
    learns to give the enlargement: the loss falls to nothing, and so does the detail of real faces."""
    pairs: float = 1.0
    """Weight of the losses on pairs from the common mixture of degradations."""
    heatmap: float = 50.0
    """With ``attention`` at 5, heatmap, attention and pixel losses of pairs start about equal."""
    attention: float = 5.0
    identity: float = 0.0
    """Weight of the identity loss, which the paper does not have; needs ``teacher``."""
    teacher: str = ""
    """ONNX file of a face recognition network."""
    detach: bool = False
    """Cut the gradient between generators, as SCGAN's public code does."""


def recipe(options: Options) -> Recipe:
    """Without real LR faces on pairs alone (plain L1 if no other loss has a weight); with them the semi-cycle."""
    config = parse_config(Config, options.config)
    network = RestorationNetwork(options.task.scale, blocks=config.blocks)
    if config.init:
        load_weights(network, Path(config.init))
    guidance = _guidance(config, options)
    if options.lr_data is None:
        return PairRecipe(options, network, (config.rate or 5e-4, 1e-6), guidance)
    return SemiCycle(options, _networks(options, network), _weights(config), (config.rate or 2e-4, 1e-6), guidance)


def _networks(options: Options, restoration: nn.Module) -> Networks:
    task = options.task

    def degradation() -> DegradationNetwork:
        return DegradationNetwork(task.scale, lr_size=task.lr_size)

    return Networks(
        restoration=restoration,
        degradation_forward=degradation(),
        degradation_backward=degradation(),
        judge_lr_forward=Discriminator(task.lr_size),
        judge_lr_backward=Discriminator(task.lr_size),
        judge_hr_forward=Discriminator(task.hr_size),
        judge_hr_backward=Discriminator(task.hr_size),
        noise=NOISE,
    )


def _weights(config: Config) -> Weights:
    return Weights(
        pixel=config.pixel,
        adversarial=config.adversarial,
        backward=config.backward,
        anchor=config.anchor,
        pairs=config.pairs,
        detach=config.detach,
    )


def _guidance(config: Config, options: Options) -> Guidance | None:
    if not (config.heatmap or config.attention or config.identity):
        return None
    fan = load_fan(Path(config.fan)).to(options.device)
    losses: list[Guidance] = []
    if config.heatmap or config.attention:
        losses.append(AlignmentLosses(fan, config.heatmap, config.attention))
    if config.identity:
        losses.append(IdentityLoss(Path(config.teacher), fan, config.identity, options.device))
    return lambda sr, hr: {name: value for loss in losses for name, value in loss(sr, hr).items()}
