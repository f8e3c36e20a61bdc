"""Training of the reference model: on pairs first, then the semi-cycle with the face alignment losses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from fsrbench.errors import UserError
from fsrbench.training.recipe import Options, Recipe, check_settings, load_weights, parse_config
from fsrbench.training.restoration import Guidance, PairRecipe
from fsrbench.training.semicycle import Networks, Rates, SemiCycle, Weights
from reference_model import WEIGHTS
from reference_model.degradation import NOISE, DegradationNetwork
from reference_model.discriminator import Discriminator, UNetDiscriminator
from reference_model.fan import load_fan
from reference_model.generator import RestorationNetwork
from reference_model.identity import IdentityLoss
from reference_model.losses import AlignmentLosses


@dataclass(frozen=True)
class Config:
    """Settings of the reference model's training; the paper published none."""

    init: str = ""
    """Weights of the restoration network to start from, e.g. of the L1 stage; one with fewer blocks will do."""
    blocks: int = 10
    """Residual blocks of the restoration network."""
    fan: str = str(WEIGHTS / "fan.safetensors")
    rate: float = 0.0
    """Adam's at the start, falling to 1e-6 on a cosine; 0 stands for 5e-4 on pairs and 2e-4 in the semi-cycle."""
    pixel: float = 1.0
    adversarial: float = 0.01
    judge: str = "unet"
    """HR discriminators: ``unet`` (one score per pixel and one for the whole) or ``plain`` (one for the whole)."""
    features: float = 0.05
    """Weight of the distance between the discriminator's features of SR and HR, on pairs."""
    cycle_every: int = 4
    """Every n-th update goes through both pathways; the others see only pairs."""
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

    def __post_init__(self) -> None:
        check_settings(self)
        if self.identity and not self.teacher:
            raise UserError("setting identity needs teacher: the ONNX file of a face recognition network")
        if self.teacher and not self.identity:
            raise UserError("setting teacher has no effect without identity, the weight of its loss, e.g. 0.6")


CYCLE_ONLY = ("adversarial", "judge", "features", "cycle_every", "backward", "anchor", "pairs", "detach")
"""Settings that only the semi-cycle uses."""


def recipe(options: Options) -> Recipe:
    """Without real LR faces, train on pairs (plain L1 if no other loss has a weight); with them, by the semi-cycle."""
    config = parse_config(Config, options.config)
    network = RestorationNetwork(options.task.scale, blocks=config.blocks)
    if config.init:
        load_weights(network, Path(config.init), network.start_from)
    guidance = _guidance(config, options)
    if options.lr_data is None:
        pairs = PairRecipe(options, network, (config.rate or 5e-4, 1e-6), guidance)
        pairs.note_unused(CYCLE_ONLY)
        return pairs
    rates = Rates(config.rate or 2e-4, 1e-6, judges=2.0, betas=(0.5, 0.99))
    return SemiCycle(options, _networks(config, options, network), _weights(config), rates, guidance)


def _networks(config: Config, options: Options, restoration: nn.Module) -> Networks:
    task = options.task
    judges: dict[str, Callable[[int], nn.Module]] = {"unet": UNetDiscriminator, "plain": Discriminator}
    if config.judge not in judges:
        raise UserError(f"setting judge must be {' or '.join(judges)}, not {config.judge!r}")
    judge = judges[config.judge]

    def degradation() -> DegradationNetwork:
        return DegradationNetwork(task.scale, lr_size=task.lr_size)

    return Networks(
        restoration=restoration,
        degradation_forward=degradation(),
        degradation_backward=degradation(),
        judge_lr_forward=Discriminator(task.lr_size),
        judge_lr_backward=Discriminator(task.lr_size),
        judge_hr_forward=judge(task.hr_size),
        judge_hr_backward=judge(task.hr_size),
        noise=NOISE,
    )


def _weights(config: Config) -> Weights:
    return Weights(
        pixel=config.pixel,
        adversarial=config.adversarial,
        backward=config.backward,
        anchor=config.anchor,
        pairs=config.pairs,
        features=config.features,
        cycle_every=config.cycle_every,
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

    def guidance(sr: Tensor, hr: Tensor) -> dict[str, Tensor]:
        with torch.autocast(options.device.type, torch.bfloat16, enabled=options.amp):
            return {name: value.float() for loss in losses for name, value in loss(sr, hr).items()}

    return guidance
