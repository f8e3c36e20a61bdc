"""Training of the reference model: plain L1 first, then the semi-cycle with the face alignment losses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from safetensors.torch import load_file
from torch import nn

from fsrbench.errors import UserError
from fsrbench.training.recipe import Options, Recipe, parse_config
from fsrbench.training.restoration import PixelRecipe
from fsrbench.training.semicycle import Guidance, Networks, SemiCycle, Weights
from reference_model import WEIGHTS
from reference_model.degradation import NOISE, DegradationNetwork
from reference_model.discriminator import Discriminator
from reference_model.fan import FAN
from reference_model.generator import RestorationNetwork
from reference_model.identity import IdentityLoss
from reference_model.losses import AlignmentLosses


@dataclass(frozen=True)
class Config:
    """Settings of the reference model's training; the paper published none."""

    init: str = ""
    """Weights of the restoration network to start from, e.g. of the L1 stage."""
    fan: str = str(WEIGHTS / "fan.safetensors")
    rate: float = 2e-4
    pixel: float = 1.0
    adversarial: float = 0.005
    backward: float = 0.2
    """Weight of the backward pathway in the restoration network's loss; 0 leaves it out."""
    pairs: float = 1.0
    """Weight of the losses on pairs from the common mixture of degradations."""
    heatmap: float = 5.0
    """With ``attention``, relative to ``pixel`` as in the last step of Kim et al. (BMVC 2019)."""
    attention: float = 5.0
    identity: float = 0.0
    """Weight of the identity loss, which the paper does not have; needs ``teacher``."""
    teacher: str = ""
    """ONNX file of a face recognition network."""
    detach: bool = False
    """Cut the gradient between generators, as SCGAN's public code does."""


def recipe(options: Options) -> Recipe:
    """Without real LR faces L1 alone, 5e-4 falling to 1e-6 on a cosine; with them the semi-cycle."""
    config = parse_config(Config, options.config)
    network = RestorationNetwork(options.task.scale)
    if config.init:
        load_weights(network, Path(config.init))
    if options.lr_data is None:
        return PixelRecipe(options, network, 5e-4, 1e-6)
    return SemiCycle(
        options, _networks(options, network), _weights(config), (config.rate, 1e-6), _guidance(config, options)
    )


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
        pairs=config.pairs,
        detach=config.detach,
    )


def _guidance(config: Config, options: Options) -> Guidance | None:
    if not (config.heatmap or config.attention or config.identity):
        return None
    fan = FAN()
    load_weights(fan, Path(config.fan))
    fan = fan.to(options.device)
    losses: list[Guidance] = []
    if config.heatmap or config.attention:
        losses.append(AlignmentLosses(fan, config.heatmap, config.attention))
    if config.identity:
        losses.append(IdentityLoss(Path(config.teacher), fan, config.identity, options.device))
    return lambda sr, hr: {name: value for loss in losses for name, value in loss(sr, hr).items()}


def load_weights(network: nn.Module, path: Path) -> None:
    """Load a .safetensors file of any precision.

    Raises:
        UserError: it is not there, or of another network.
    """
    try:
        network.load_state_dict(load_file(path))
    except (OSError, RuntimeError) as error:
        raise UserError(f"{path} cannot be loaded: {str(error).splitlines()[0]}") from None
