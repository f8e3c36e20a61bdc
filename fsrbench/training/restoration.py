"""Recipes of restoration networks, trained on LR/HR pairs and validated by PSNR on held-out identities."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Any, ClassVar

import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from fsrbench.degradations.base import rng_for
from fsrbench.degradations.recipes import find_degradation
from fsrbench.pictures.decode import to_uint8
from fsrbench.training.data import Batch, load_faces, make_batch
from fsrbench.training.distributed import rank
from fsrbench.training.held_out import RULE
from fsrbench.training.recipe import Options, Recipe, set_rate, trainable, update

Guidance = Callable[[Tensor, Tensor], dict[str, Tensor]]
"""Maps SR and HR, N,3,H,W in [0, 1], to named losses, already weighted."""

HELD_OUT = 0.04
"""Share of the identities held out for validation."""
SHOWN = 8
"""Faces in a picture of the log."""


class RestorationRecipe(Recipe):
    """Base of trainings of restoration networks.

    Args:
        options: of the training.
        network: maps LR to HR.
        guidance: further losses where HR is known.
        signed_bgr: the network's input and output are BGR in [-1, 1], not RGB in [0, 1].
    """

    scored_by: ClassVar[str] = "fsrbench run --methods bicubic,checkpoint:{weights} --task {task}"

    def __init__(
        self, options: Options, network: nn.Module, guidance: Guidance | None = None, signed_bgr: bool = False
    ) -> None:
        super().__init__(options)
        self.guidance, self.signed_bgr = guidance, signed_bgr
        self.modules["restoration"] = self.to_device(network)
        digest = sha256()
        self.faces, held_out = load_faces(options.data, options.task.hr_size, HELD_OUT, digest, self.notes)
        self.facts |= {"data_sha256": digest.hexdigest(), "held_out": f"{RULE}; share {HELD_OUT}"}
        size = options.task.lr_size
        self.held_out: dict[str, Batch] = {
            name: make_batch(held_out, size, min(256, len(held_out)), {name: 1.0}, rng_for("validation"))
            for name in ("realworld", "wild", "bicubic")
            if len(held_out) and find_degradation(name).suits(options.task)
        }
        if not self.held_out:
            self.notes.append(f"{options.data}: all faces are of one person, so none is held out: no validation")

    def batch(self, step: int) -> Any:
        """A batch of pairs."""
        return self.pairs(step)

    def pairs(self, step: int) -> Batch:
        """Pairs of a step, with LR made by the mixture of degradations."""
        rng = rng_for(f"step {step} of process {rank()}", self.options.seed)
        return make_batch(self.faces, self.options.task.lr_size, self.options.batch, self.options.lr_mix, rng)

    def encode(self, images: Tensor) -> Tensor:
        """Convert RGB images in [0, 1] to the networks' input, on their device."""
        images = images.to(self.device, memory_format=torch.channels_last)
        return images.flip(1) * 2 - 1 if self.signed_bgr else images

    def decode(self, images: Tensor) -> Tensor:
        """Convert the networks' output to RGB in [0, 1], not clipped."""
        images = images.float()
        return (images.flip(1) + 1) / 2 if self.signed_bgr else images

    def restore(self, network: nn.Module, lr: Tensor) -> Tensor:
        """Super-resolve N,3,h,w in [0, 1] to N,3,H,W in [0, 1], not clipped."""
        with self.autocast():
            sr: Tensor = network(self.encode(lr))
        return self.decode(sr)

    def losses(self, sr: Tensor, hr: Tensor) -> dict[str, Tensor]:
        """L1 between SR and HR, N,3,H,W in [0, 1], and the guidance."""
        losses = {"pixel": F.l1_loss(sr, hr)}
        return losses | self.guidance(sr, hr) if self.guidance else losses

    def pair_losses(self, pairs: Batch) -> dict[str, Tensor]:
        """The losses of a batch of pairs."""
        hr = pairs.hr.to(self.device, memory_format=torch.channels_last)
        return self.losses(self.restore(self.network, pairs.lr), hr)

    def validate(self, network: nn.Module) -> dict[str, float]:
        """Mean RGB PSNR (dB) on held-out identities, for each of some degradations."""
        result = {}
        for name, batch in self.held_out.items():
            sr = self.restore(network, batch.lr).clamp(0, 1).cpu()
            result[f"psnr_{name}"] = round(psnr(sr, batch.hr), 3)
        return result

    def picture(self, network: nn.Module) -> Image.Image | None:
        """Rows of LR, SR and HR."""
        if not self.held_out:
            return None
        batch = self.held_out["realworld"]
        lr, hr = batch.lr[:SHOWN], batch.hr[:SHOWN]
        return as_rows(enlarged(lr, hr.shape[-1]), self.restore(network, lr).clamp(0, 1).cpu(), hr)


def enlarged(lr: Tensor, side: int) -> Tensor:
    """LR faces N,3,h,w enlarged to visible pixels, N,3,side,side."""
    return F.interpolate(lr, size=(side, side), mode="nearest")


def as_rows(*rows: Tensor) -> Image.Image:
    """One picture of faces N,3,H,W in [0, 1], one row per tensor."""
    return Image.fromarray(to_uint8(torch.cat([torch.cat(list(row), dim=2)[None] for row in rows], dim=2))[0])


def psnr(sr: Tensor, hr: Tensor) -> float:
    """Mean PSNR (dB) over images N,3,H,W in [0, 1]."""
    return float((-10 * (sr - hr).square().mean(dim=(1, 2, 3)).log10()).mean())


class PairRecipe(RestorationRecipe):
    """Train on pairs: L1 and the guidance, by Adam with a cosine from ``rates[0]`` to ``rates[1]``."""

    def __init__(
        self,
        options: Options,
        network: nn.Module,
        rates: tuple[float, float],
        guidance: Guidance | None = None,
        signed_bgr: bool = False,
    ) -> None:
        super().__init__(options, network, guidance, signed_bgr)
        self.rates = rates
        self.optimizers["restoration"] = torch.optim.Adam(trainable(self.network), lr=rates[0])

    def note_unused(self, settings: Iterable[str]) -> None:
        """Warn of the user's settings that only trainings with real LR faces use."""
        if unused := [name for name in settings if name in self.options.config]:
            self.notes.append(f"without --lr-data these settings have no effect: {', '.join(unused)}")

    def step(self, batch: Batch, progress: float) -> dict[str, float]:
        """One update."""
        set_rate(self.optimizers.values(), *self.rates, progress)
        losses = self.pair_losses(batch)
        update(torch.stack(list(losses.values())).sum(), self.optimizers["restoration"])
        return {name: loss.item() for name, loss in losses.items()}
