"""Semi-cycle training (Hou et al., IEEE TIP 2023): two degradation pathways that share one restoration network.

Forward: HR -> degradation -> synthetic LR -> restoration -> HR. Backward: real LR -> restoration -> degradation -> LR.
Each pathway has its own degradation network and its own discriminators for LR and for HR.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from fsrbench.degradations import rng_for
from fsrbench.errors import UserError
from fsrbench.images import to_tensor
from fsrbench.training.data import Batch, draw_lr, load_lr
from fsrbench.training.distributed import rank
from fsrbench.training.recipe import Options, set_rate, trainable, update
from fsrbench.training.restoration import SHOWN, Guidance, RestorationRecipe, as_rows, enlarged


@dataclass(frozen=True)
class Networks:
    """The seven networks. Degradation networks take HR images and noise N,``noise``; discriminators give N scores."""

    restoration: nn.Module
    degradation_forward: nn.Module
    degradation_backward: nn.Module
    judge_lr_forward: nn.Module
    judge_lr_backward: nn.Module
    judge_hr_forward: nn.Module
    judge_hr_backward: nn.Module
    noise: int = 64


@dataclass(frozen=True)
class Weights:
    """Weights of the losses; the defaults are SCGAN's."""

    pixel: float = 1.0
    adversarial: float = 0.05
    forward: float = 1.0
    backward: float = 0.05
    """0 leaves the backward pathway out of the restoration network's training."""
    anchor: float = 1.0
    """Weight of the L1 between a restored real LR face and its bicubic enlargement, within the backward pathway."""
    pairs: float = 0.0
    """Weight of the losses on pairs from the common mixture of degradations, which SCGAN does not have."""
    detach: bool = True
    """Cut the gradient where an image goes from one generator to the next, as SCGAN's public code does, although the
    paper speaks of a cycle."""


@dataclass(eq=False)
class CycleBatch:
    """Unpaired HR and real LR, pairs made by the mixture of degradations, and noise for the two degradations."""

    hr: Tensor
    real: Tensor
    pairs: Batch
    noise: Tensor


class SemiCycle(RestorationRecipe):
    """Semi-cycle training of a restoration network.

    Args:
        options: what it is made for; needs ``lr_data``.
        networks: what is trained.
        weights: of the losses.
        rates: Adam's learning rate at the start and at the end.
        guidance: further losses between SR and HR wherever HR is known.
        signed_bgr: the networks want and give BGR in [-1, 1].

    Raises:
        UserError: no real LR faces are named.
    """

    def __init__(
        self,
        options: Options,
        networks: Networks,
        weights: Weights,
        rates: tuple[float, float] = (1e-4, 1e-5),
        guidance: Guidance | None = None,
        signed_bgr: bool = False,
    ) -> None:
        super().__init__(options, networks.restoration, guidance, signed_bgr)
        if options.lr_data is None:
            raise UserError("semi-cycle training needs real LR faces: --lr-data")
        self.real = load_lr(options.lr_data, options.task.lr_size)
        self.weights, self.rates, self.noise = weights, rates, networks.noise
        names = ("degradation_forward", "degradation_backward", *(f"judge_{s}_{p}" for s in ("lr", "hr") for p in WAYS))
        self.modules |= {name: self.place(getattr(networks, name)) for name in names}
        judges = [self.modules[name] for name in names if name.startswith("judge")]
        generators = [module for name, module in self.modules.items() if not name.startswith("judge")]
        self.optimizers["generators"] = torch.optim.Adam(trainable(*generators), lr=rates[0], betas=(0.0, 0.9))
        self.optimizers["judges"] = torch.optim.Adam(trainable(*judges), lr=rates[0], betas=(0.0, 0.9))

    def batch(self, step: int) -> CycleBatch:
        """HR and LR of a step are drawn apart: nothing in them belongs together."""
        rng = rng_for(f"cycle {step} of process {rank()}", self.options.seed)
        pairs = self.pairs(step)
        noise = rng.standard_normal((2, len(pairs.hr), self.noise)).astype("float32")
        return CycleBatch(pairs.hr, draw_lr(self.real, len(pairs.hr), rng), pairs, torch.from_numpy(noise))

    def step(self, batch: CycleBatch, progress: float) -> dict[str, float]:
        """Update the generators, then the discriminators on the same images."""
        set_rate(self.optimizers.values(), *self.rates, progress)
        hr, real, noise = self.encode(batch.hr), self.encode(batch.real), batch.noise.to(self.device)
        with self.autocast():
            made = self._generate(hr, real, noise)
        losses = self._generator_losses(made, hr, real)
        if self.weights.pairs:
            paired = self.pair_losses(batch.pairs)
            losses |= {f"{name}_pairs": self.weights.pairs * loss for name, loss in paired.items()}
        update(torch.stack(list(losses.values())).sum(), self.optimizers["generators"])
        judged = self._judge_losses(made, hr, real)
        update(torch.stack(list(judged.values())).sum(), self.optimizers["judges"])
        return {name: loss.item() for name, loss in (losses | judged).items()}

    def picture(self, network: nn.Module) -> Image.Image | None:
        """Rows of LR, SR and HR, then of real LR and its SR, which no number here watches."""
        upper = super().picture(network)
        real = to_tensor(self.real[:SHOWN])
        lower = as_rows(enlarged(real, self.options.task.hr_size), self.restore(network, real).clamp(0, 1).cpu())
        if upper is None:
            return lower
        both = Image.new("RGB", (max(upper.width, lower.width), upper.height + lower.height))
        both.paste(upper, (0, 0))
        both.paste(lower, (0, upper.height))
        return both

    def _generate(self, hr: Tensor, real: Tensor, noise: Tensor) -> dict[str, Tensor]:
        cut = torch.detach if self.weights.detach else _pass
        restore = self.modules["restoration"]
        lr_forward = self.modules["degradation_forward"](hr, noise[0])
        hr_backward = restore(real)
        made = {
            "lr_forward": lr_forward,
            "hr_forward": restore(cut(lr_forward)),
            "hr_backward": hr_backward,
            "lr_backward": self.modules["degradation_backward"](
                _scaled(cut(hr_backward), self.weights.backward), noise[1]
            ),
        }
        return {name: image.float() for name, image in made.items()}

    def _generator_losses(self, made: dict[str, Tensor], hr: Tensor, real: Tensor) -> dict[str, Tensor]:
        weights = self.weights
        targets = {
            "lr_forward": F.adaptive_avg_pool2d(hr, real.shape[-1]),
            "hr_forward": hr,
            "hr_backward": F.interpolate(real, size=hr.shape[-2:], mode="bicubic", align_corners=False),
            "lr_backward": real,
        }
        # The restoration network serves both ways and weighs them; each degradation network serves one.
        ways = {"lr_forward": 1.0, "hr_forward": weights.forward, "hr_backward": weights.backward, "lr_backward": 1.0}
        pixel = dict.fromkeys(ways, weights.pixel) | {"hr_backward": weights.pixel * weights.anchor}
        losses = {}
        for name, image in made.items():
            losses[f"pixel_{name}"] = ways[name] * pixel[name] * F.l1_loss(image, targets[name])
            with self.autocast(), _frozen(self.modules[f"judge_{name}"]):
                score = self.modules[f"judge_{name}"](image)
            losses[f"fool_{name}"] = -ways[name] * weights.adversarial * score.float().mean()
        if self.guidance is not None:
            losses |= self.guidance(self.decode(made["hr_forward"]), self.decode(hr))
        return losses

    def _judge_losses(self, made: dict[str, Tensor], hr: Tensor, real: Tensor) -> dict[str, Tensor]:
        """Hinge losses (Miyato et al., ICLR 2018)."""
        losses = {}
        for name, image in made.items():
            judge = self.modules[f"judge_{name}"]
            with self.autocast():
                true, false = judge(hr if name.startswith("hr") else real), judge(image.detach())
            losses[f"judge_{name}"] = F.relu(1 - true.float()).mean() + F.relu(1 + false.float()).mean()
        return losses


WAYS = ("forward", "backward")


def _pass(image: Tensor) -> Tensor:
    return image


def _scaled(image: Tensor, weight: float) -> Tensor:
    """The same image with its gradient times ``weight``: what comes back from the second half of the backward pathway
    counts for the restoration network as much as its first half does."""
    return image.detach() + weight * (image - image.detach())


class _frozen:
    """Inside, a module's parameters need no gradient."""

    def __init__(self, module: nn.Module) -> None:
        self.parameters = list(module.parameters())

    def __enter__(self) -> None:
        for parameter in self.parameters:
            parameter.requires_grad_(False)

    def __exit__(self, *_: object) -> None:
        for parameter in self.parameters:
            parameter.requires_grad_(True)
