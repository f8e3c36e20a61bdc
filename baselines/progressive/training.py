"""Training of progressive face super-resolution (Kim et al., BMVC 2019): three steps, each twice the size."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from baselines.progressive.discriminator import Discriminator
from baselines.progressive.network import Generator
from fsrbench.errors import UserError
from fsrbench.training.data import Batch
from fsrbench.training.recipe import Options, check_settings, load_weights, parse_config, set_rate, trainable, update
from fsrbench.training.restoration import RestorationRecipe
from reference_model.fan import load_fan
from reference_model.losses import AlignmentLosses
from reference_model.training import Config as OursConfig

STEPS = 3
GRADIENT_PENALTY, DRIFT = 10.0, 0.001
LAST_RATE = 1e-6
"""Learning rate at the end of a training that continues from weights."""


@dataclass(frozen=True)
class LossWeights:
    """Weights of one step's losses, as in the authors' public training code.

    Its VGG loss (0.01, 0.01, 0.001) is left out: it needs weights that are not part of this project.
    """

    pixel: float
    adversarial: float
    attention: float = 0.0
    heatmap: float = 0.0


LOSSES = (LossWeights(10, 1), LossWeights(10, 1, 500, 50), LossWeights(10, 0.1, 50, 50))


@dataclass(frozen=True)
class Config:
    """Settings of the training."""

    rate: float = 1e-3
    init: str = ""
    """Weights of a trained generator to continue from, at the third step and with a rate that falls to 1e-6."""
    fan: str = OursConfig.fan
    """Weights of the face alignment network; the reference model's, a better one than the paper's."""
    adversarial: bool = True
    """Without it only pixel, attention and heatmap losses remain."""
    judge_every: int = 1
    """Every how many updates the discriminator is used and trained: it takes nine tenths of the time."""

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True)
class StepBatch:
    """A batch of pairs of faces, and whether its update uses the discriminator."""

    pairs: Batch
    adversarial: bool


class ProgressiveRecipe(RestorationRecipe):
    """A quarter of the updates for each of the first two steps, half for the third; each fades in over its first half.

    The published schedule is 50,000, 50,000 and 100,000 updates. WGAN-GP, Adam with betas 0 and 0.99.
    """

    def __init__(self, options: Options) -> None:
        if options.task.scale != 8:
            raise UserError("progressive is trained as x8: --task x8")
        self.config = parse_config(Config, options.config)
        network = Generator()
        if self.config.init:
            load_weights(network, Path(self.config.init))
        super().__init__(options, network)
        self.modules["judge"] = self.to_device(Discriminator())
        for name in ("restoration", "judge"):
            parameters = trainable(self.modules[name])
            self.optimizers[name] = torch.optim.Adam(parameters, lr=self.config.rate, betas=(0.0, 0.99))
        fan = load_fan(Path(self.config.fan)).to(self.device)
        self.alignment = AlignmentLosses(fan, heatmap=1.0, attention=1.0)
        self.reached, _ = self._stage(0.0)
        self.note_no_lr_data()

    def _stage(self, progress: float) -> tuple[int, float]:
        return (STEPS, 1.0) if self.config.init else stage(progress)

    def batch(self, step: int) -> StepBatch:
        """A batch of pairs."""
        return StepBatch(self.pairs(step), self.config.adversarial and step % self.config.judge_every == 0)

    def step(self, batch: StepBatch, progress: float) -> dict[str, float]:
        """Update the discriminator, then the generator, both at the step that the training has reached."""
        step, alpha = self._stage(progress)
        self.reached = step
        if self.config.init:
            set_rate(self.optimizers.values(), self.config.rate, LAST_RATE, progress)
        hr = F.avg_pool2d(batch.pairs.hr.to(self.device), 2 ** (STEPS - step))
        lr = batch.pairs.lr.to(self.device) * 2 - 1
        with self.autocast():
            made = self.network(lr, step, alpha)
        made = made.float()
        losses = self._losses(made, hr, LOSSES[step - 1])
        report = {}
        if batch.adversarial:
            judged = self._judge(made.detach(), hr * 2 - 1, step, alpha)
            update(judged, self.optimizers["judge"])
            losses["fool"] = -LOSSES[step - 1].adversarial * self._score(made, step, alpha).mean()
            report["judge"] = judged.item()
        update(torch.stack(list(losses.values())).sum(), self.optimizers["restoration"])
        return {"reached": float(step), **report, **{name: loss.item() for name, loss in losses.items()}}

    def _losses(self, made: Tensor, hr: Tensor, weights: LossWeights) -> dict[str, Tensor]:
        losses = {"pixel": weights.pixel * F.l1_loss(made, hr * 2 - 1)}
        if weights.attention or weights.heatmap:
            found = self.alignment((made + 1) / 2, hr)
            losses["heatmap"] = weights.heatmap * found["heatmap"]
            losses["attention"] = weights.attention * found["attention"]
        return losses

    def _judge(self, made: Tensor, real: Tensor, step: int, alpha: float) -> Tensor:
        """WGAN-GP (Gulrajani et al., NeurIPS 2017) with a small drift term (Karras et al., ICLR 2018)."""
        true = self._score(real, step, alpha)
        mix = torch.rand(len(real), 1, 1, 1, device=self.device)
        between = (mix * real + (1 - mix) * made).requires_grad_()
        (slope,) = torch.autograd.grad(self._score(between, step, alpha).sum(), between, create_graph=True)
        penalty = (slope.flatten(1).norm(dim=1) - 1).square().mean()
        distance = self._score(made, step, alpha).mean() - true.mean()
        loss: Tensor = distance + GRADIENT_PENALTY * penalty + DRIFT * true.square().mean()
        return loss

    def _score(self, faces: Tensor, step: int, alpha: float) -> Tensor:
        with self.autocast():
            scores: Tensor = self.modules["judge"](faces, step, alpha)
        return scores.float()

    def restore(self, network: nn.Module, lr: Tensor) -> Tensor:
        """The output of the step reached, enlarged to HR size."""
        with self.autocast():
            made = network(lr.to(self.device) * 2 - 1, self.reached)
        sr: Tensor = (made.float() + 1) / 2
        larger = 2 ** (STEPS - self.reached)
        return F.interpolate(sr, scale_factor=larger, mode="bicubic") if larger > 1 else sr


def stage(progress: float) -> tuple[int, float]:
    """The step reached at a point of the training, and how far it has faded in.

    Example:
        >>> [stage(p) for p in (0.0, 0.25, 0.3125, 0.5, 0.9)]
        [(1, 1.0), (2, 0.0), (2, 0.5), (3, 0.0), (3, 1.0)]
    """
    bounds = (0.0, 0.25, 0.5, 1.0)
    step = sum(progress >= bound for bound in bounds[:STEPS])
    # The published fade takes half of 50,000 updates, which is an eighth of the training, in the third step too.
    return step, 1.0 if step == 1 else min(1.0, (progress - bounds[step - 1]) / 0.125)
