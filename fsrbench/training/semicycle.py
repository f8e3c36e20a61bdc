"""Semi-cycle training (Hou et al., IEEE TIP 2023): two degradation pathways that share one restoration network.

Forward: HR -> degradation -> synthetic LR -> restoration -> HR. Backward: real LR -> restoration -> degradation -> LR.
Each pathway has its own degradation network and its own discriminators for LR and for HR.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from fsrbench.degradations.base import rng_for
from fsrbench.errors import UserError
from fsrbench.pictures.decode import to_tensor
from fsrbench.training.data import Batch, draw_lr, load_lr
from fsrbench.training.distributed import rank
from fsrbench.training.recipe import Options, set_rate, trainable, update
from fsrbench.training.restoration import SHOWN, Guidance, RestorationRecipe, as_rows, enlarged


@dataclass(frozen=True)
class Networks:
    """The seven networks. Degradation networks take HR images and noise N,``noise``; discriminators (judges) return
    scores N,..., or a :class:`Judgement`."""

    restoration: nn.Module
    degradation_forward: nn.Module
    degradation_backward: nn.Module
    judge_lr_forward: nn.Module
    judge_lr_backward: nn.Module
    judge_hr_forward: nn.Module
    judge_hr_backward: nn.Module
    noise: int = 64


class Judgement(NamedTuple):
    """Output of a discriminator with features for N images; the hinge loss sums over the means of its scores."""

    scores: list[Tensor]
    """Each N,..., high for real images."""
    features: list[Tensor]


@dataclass(frozen=True)
class Weights:
    """Weights of the losses; the defaults are SCGAN's."""

    pixel: float = 1.0
    adversarial: float = 0.05
    forward: float = 1.0
    backward: float = 0.05
    """0 excludes the backward pathway from the restoration network's training."""
    anchor: float = 1.0
    """Weight of the L1 between a restored real LR face and its bicubic enlargement, within the backward pathway."""
    pairs: float = 0.0
    """Weight of the losses on pairs from the mixture of degradations, which SCGAN does not have; they include the
    forward pathway's HR discriminator."""
    features: float = 0.0
    """Weight of the L1 between that discriminator's features of SR and HR (Wang et al., pix2pixHD, CVPR 2018)."""
    cycle_every: int = 1
    """Every how many updates both pathways are used; the others use pairs only and cost a third."""
    detach: bool = True
    """Stop gradients between generators, as SCGAN's public code does, although the paper describes a cycle."""


@dataclass(frozen=True)
class Rates:
    """Settings of Adam; the defaults are those of SCGAN's public code, except ``betas``."""

    first: float = 1e-4
    last: float = 1e-5
    """The rate at the end of the cosine."""
    judges: float = 1.0
    """Learning rate of the discriminators, relative to the generators' (Heusel et al., NeurIPS 2017)."""
    betas: tuple[float, float] = (0.0, 0.9)


@dataclass(eq=False)
class CycleBatch:
    """Unpaired HR and real LR, pairs made by the mixture of degradations, and noise for the two degradations."""

    hr: Tensor
    real: Tensor
    pairs: Batch
    noise: Tensor
    cycle: bool = True
    """Whether this update uses both pathways."""


class SemiCycle(RestorationRecipe):
    """Semi-cycle training of a restoration network.

    Args:
        options: of the training; ``lr_data`` is required.
        networks: all that are trained.
        weights: of the losses.
        rates: of the optimisers.
        guidance: further losses between SR and HR where HR is known.
        signed_bgr: the networks' input and output are BGR in [-1, 1].

    Raises:
        UserError: ``lr_data`` is missing.
    """

    def __init__(
        self,
        options: Options,
        networks: Networks,
        weights: Weights,
        rates: Rates = Rates(),
        guidance: Guidance | None = None,
        signed_bgr: bool = False,
    ) -> None:
        super().__init__(options, networks.restoration, guidance, signed_bgr)
        if options.lr_data is None:
            raise UserError("semi-cycle training needs real LR faces: --lr-data")
        digest = sha256()
        self.real = load_lr(options.lr_data, options.task.lr_size, digest)
        self.facts["lr_data_sha256"] = digest.hexdigest()
        self.weights, self.rates, self.noise = weights, rates, networks.noise
        names = ("degradation_forward", "degradation_backward", *(f"judge_{s}_{p}" for s in ("lr", "hr") for p in WAYS))
        self.modules |= {name: self.to_device(getattr(networks, name)) for name in names}
        judges = [self.modules[name] for name in names if name.startswith("judge")]
        generators = [module for name, module in self.modules.items() if not name.startswith("judge")]
        self.optimizers["generators"] = torch.optim.Adam(trainable(*generators), lr=rates.first, betas=rates.betas)
        self.optimizers["judges"] = torch.optim.Adam(trainable(*judges), lr=rates.first, betas=rates.betas)

    def batch(self, step: int) -> CycleBatch:
        """Draw HR and real LR of a step independently; they are unpaired."""
        rng = rng_for(f"cycle {step} of process {rank()}", self.options.seed)
        pairs = self.pairs(step)
        noise = rng.standard_normal((2, len(pairs.hr), self.noise)).astype("float32")
        real = draw_lr(self.real, len(pairs.hr), rng)
        return CycleBatch(pairs.hr, real, pairs, torch.from_numpy(noise), cycle=step % self.weights.cycle_every == 0)

    def step(self, batch: CycleBatch, progress: float) -> dict[str, float]:
        """Update the generators, then the discriminators on the same images."""
        rates = self.rates
        set_rate([self.optimizers["generators"]], rates.first, rates.last, progress)
        set_rate([self.optimizers["judges"]], rates.judges * rates.first, rates.judges * rates.last, progress)
        hr, real, noise = self.encode(batch.hr), self.encode(batch.real), batch.noise.to(self.device)
        made: dict[str, Tensor] = {}
        losses: dict[str, Tensor] = {}
        if batch.cycle:
            with self.autocast():
                made = self._generate(hr, real, noise)
            losses = self._generator_losses(made, hr, real)
        if self.weights.pairs:
            made["hr_pairs"], paired = self._pairs(batch.pairs, hr)
            losses |= {f"{name}_pairs": self.weights.pairs * loss for name, loss in paired.items()}
        update(torch.stack(list(losses.values())).sum(), self.optimizers["generators"])
        judged = self._judge_losses(made, hr, real)
        update(torch.stack(list(judged.values())).sum(), self.optimizers["judges"])
        return {name: loss.item() for name, loss in (losses | judged).items()}

    def _pairs(self, pairs: Batch, hr: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """The network's output for pairs, and its losses."""
        with self.autocast():
            made = self.network(self.encode(pairs.lr)).float()
        losses = self.losses(self.decode(made), pairs.hr.to(self.device, memory_format=torch.channels_last))
        if self.weights.adversarial or self.weights.features:
            judged = self._ask("hr_forward", made)
            losses["fool"] = self.weights.adversarial * _fool(judged)
            if self.weights.features:
                with torch.no_grad():
                    truth = self._ask("hr_forward", hr).features
                distances = [F.l1_loss(a.float(), b.float()) for a, b in zip(judged.features, truth, strict=True)]
                losses["features"] = self.weights.features * torch.stack(distances).mean()
        return made, losses

    def _ask(self, way: str, images: Tensor) -> Judgement:
        """A discriminator's output, without gradients to its weights."""
        judge = self.modules[f"judge_{way}"]
        with self.autocast(), _frozen(judge):
            return _judgement(judge(images))

    def picture(self, network: nn.Module) -> Image.Image | None:
        """Rows of LR, SR and HR, then of real LR and its SR, which no validation number covers."""
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
        # Only the restoration network takes part in both pathways and weighs them
        ways = {"lr_forward": 1.0, "hr_forward": weights.forward, "hr_backward": weights.backward, "lr_backward": 1.0}
        pixel = dict.fromkeys(ways, weights.pixel) | {"hr_backward": weights.pixel * weights.anchor}
        losses = {}
        for name, image in made.items():
            losses[f"pixel_{name}"] = ways[name] * pixel[name] * F.l1_loss(image, targets[name])
            losses[f"fool_{name}"] = ways[name] * weights.adversarial * _fool(self._ask(name, image))
        if self.guidance is not None:
            losses |= self.guidance(self.decode(made["hr_forward"]), self.decode(hr))
        return losses

    def _judge_losses(self, made: dict[str, Tensor], hr: Tensor, real: Tensor) -> dict[str, Tensor]:
        """Hinge losses (Miyato et al., ICLR 2018)."""
        judged_by: dict[str, list[Tensor]] = {}
        for name, image in made.items():
            judged_by.setdefault("hr_forward" if name == "hr_pairs" else name, []).append(image.detach())
        losses = {}
        for name, images in judged_by.items():
            judge = self.modules[f"judge_{name}"]
            with self.autocast():
                true = _judgement(judge(hr if name.startswith("hr") else real)).scores
                false = _judgement(judge(torch.cat(images))).scores
            hinges = [F.relu(1 - scores.float()).mean() for scores in true]
            hinges += [F.relu(1 + scores.float()).mean() for scores in false]
            losses[f"judge_{name}"] = torch.stack(hinges).sum()
        return losses


def _judgement(output: Tensor | Judgement) -> Judgement:
    return Judgement([output], []) if isinstance(output, Tensor) else output


def _fool(judged: Judgement) -> Tensor:
    return -torch.stack([scores.float().mean() for scores in judged.scores]).sum()


WAYS = ("forward", "backward")


def _pass(image: Tensor) -> Tensor:
    return image


def _scaled(image: Tensor, weight: float) -> Tensor:
    """The same image with its gradient scaled by ``weight``, so that both halves of the backward pathway count equally
    for the restoration network."""
    return image.detach() + weight * (image - image.detach())


class _frozen:
    """Inside, a module's parameters require no gradient."""

    def __init__(self, module: nn.Module) -> None:
        self.parameters = list(module.parameters())

    def __enter__(self) -> None:
        for parameter in self.parameters:
            parameter.requires_grad_(False)

    def __exit__(self, *_: object) -> None:
        for parameter in self.parameters:
            parameter.requires_grad_(True)
