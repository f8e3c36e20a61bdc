"""Adversarial training of the detail network.

Half of each batch are smooth versions of training faces, with a target; half are faces drawn from the population,
without one: on those only the judges and the likeness to the smooth face count. So the network learns to finish what
it will be given when the sample is drawn.
"""

from __future__ import annotations

import copy
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from tools.sample.appearance import SIZE
from tools.sample.detail import NOISE, Discriminator, Experts, Generator
from tools.sample.render import Appearance, face_weight, place_of

LOG = logging.getLogger(__name__)
STABLE = 30
"""The first texture coefficients (layout, light) are never perturbed."""


@dataclass
class Corpus:
    """What the training needs of the faces: coefficients and lattice nodes, mirrored versions, and drawn ones."""

    pictures: Tensor
    nodes: Tensor
    coefficients: Tensor
    mirrored: Tensor
    drawn: Tensor
    drawn_nodes: Tensor


@dataclass
class Batch:
    """Real pictures and the generator's inputs; the first ``paired`` inputs belong to the first pictures."""

    real: Tensor
    real_place: Tensor
    smooth: Tensor
    place: Tensor
    paired: int


class Batches:
    """Random batches of a corpus."""

    def __init__(self, corpus: Corpus, appearance: Appearance, paired: int, drawn: int, seed: int) -> None:
        self.corpus, self.appearance, self.paired, self.drawn = corpus, appearance, paired, drawn
        self.rng = np.random.default_rng(seed)

    def reals(self, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """Pictures in -1..1, their places and coefficients, half of them mirrored."""
        index = torch.from_numpy(self.rng.integers(0, len(self.corpus.pictures), count))
        mirror = torch.from_numpy(self.rng.random(count) < 0.5)
        wide = mirror[:, None, None, None]
        picture = self.corpus.pictures[index].permute(0, 3, 1, 2).float() / 127.5 - 1
        place = place_of(self.corpus.nodes[index])
        other = place.flip(3) * torch.tensor([-1.0, 1.0])[:, None, None]
        rows = torch.where(mirror[:, None], self.corpus.mirrored[index], self.corpus.coefficients[index])
        return torch.where(wide, picture.flip(3), picture), torch.where(wide, other, place), rows

    def perturbed(self, rows: Tensor) -> Tensor:
        """Coefficients whose fine texture is partly replaced by chance, as it is in drawn faces."""
        column = torch.arange(rows.shape[1])
        movable = (column >= STABLE) & (column < len(self.appearance.texture_basis))
        amount = torch.from_numpy(self.rng.uniform(0, 0.5, (len(rows), 1))).float() * movable
        return (1 - amount**2).sqrt() * rows + amount * torch.randn(rows.shape)

    def next(self) -> Batch:
        """A new batch."""
        real, place, rows = self.reals(self.paired + self.drawn)
        index = torch.from_numpy(self.rng.integers(0, len(self.corpus.drawn), self.drawn))
        all_rows = torch.cat([self.perturbed(rows[: self.paired]), self.corpus.drawn[index]])
        all_places = torch.cat([place[: self.paired], place_of(self.corpus.drawn_nodes[index])])
        return Batch(real, place, self.appearance.smooth(all_rows, all_places), all_places, self.paired)


def log_spectrum(pictures: Tensor) -> Tensor:
    """Logarithm of the mean power spectrum of a batch, smoothed over neighbouring frequencies."""
    side = torch.hann_window(SIZE, periodic=False)
    centred = (pictures - pictures.mean((2, 3), keepdim=True)) * side[:, None] * side
    power = torch.fft.rfft2(centred).abs().square().mean((0, 1))[None, None]
    return F.avg_pool2d(F.pad(power, (1, 1, 1, 1), mode="replicate"), 3, 1).add(1e-2).log()


def likeness(made: Tensor, batch: Batch) -> Tensor:
    """Distance of the pictures from their targets, and of the drawn ones from their smooth versions when reduced."""
    n, weight = batch.paired, face_weight(batch.place)
    error = made[:n] - batch.real[:n]
    paired = 2 * (error.abs() * (weight[:n] + 0.25)).mean() + 3 * F.avg_pool2d(error, 4).abs().mean()
    change = made - batch.smooth
    face = (F.avg_pool2d(change, 4)[n:].abs() * F.avg_pool2d(weight[n:], 4)).mean()
    return paired + 6 * face + 1.8 * F.avg_pool2d(change, 16)[n:].abs().mean()


class Trainer:
    """Generator, discriminator, their optimisers, and the generator's running average."""

    def __init__(self, batches: Batches) -> None:
        layout = torch.channels_last
        self.batches = batches
        self.generator = Generator().to(memory_format=layout)
        self.judge = Discriminator().to(memory_format=layout)
        self.average = copy.deepcopy(self.generator)
        self.experts = Experts().to(memory_format=layout)
        self.experts.calibrate(batches.reals(64)[0])
        self.spectrum = log_spectrum(batches.reals(512)[0])
        self.generator_steps = torch.optim.Adam(self.generator.parameters(), 1e-4, (0.0, 0.99))
        self.judge_steps = torch.optim.Adam(self.judge.parameters(), 4e-4, (0.0, 0.99))
        self.done = 0

    def _judge_loss(self, batch: Batch, made: Tensor, expert: list[Tensor], steady: bool) -> Tensor:
        real = self.judge(batch.real, batch.real_place, expert)
        fake = self.judge(made, batch.place, self.experts(made))
        loss = sum(
            (F.softplus(-r.float()).mean() + F.softplus(f.float()).mean() for r, f in zip(real, fake, strict=True)),
            torch.zeros(()),
        )
        if not steady:
            return loss
        n = batch.paired
        near = batch.real[:n] + 0.05 * torch.randn_like(batch.real[:n])
        moved = self.judge(near, batch.real_place[:n], self.experts(near))
        return loss + 2 * sum((m.float() - r[:n].float()).square().mean() for m, r in zip(moved, real, strict=True))

    def step(self) -> None:
        """Two steps of the judge, one of the generator."""
        batch, n = self.batches.next(), self.batches.paired
        with torch.autocast("cpu", torch.bfloat16):
            made = self.generator(batch.smooth, batch.place, torch.randn(len(batch.smooth), NOISE, SIZE, SIZE)).float()
            expert = self.experts(batch.real)
        for turn in range(2):
            with torch.autocast("cpu", torch.bfloat16):
                loss = self._judge_loss(batch, made.detach(), expert, steady=turn == 0)
            self.judge_steps.zero_grad()
            loss.backward()
            self.judge_steps.step()
        self.judge.requires_grad_(False)
        with torch.autocast("cpu", torch.bfloat16):
            seen = self.experts(made)
            judged = self.judge(made, batch.place, seen)
        fooled = sum(F.softplus(-j.float()).mean() for j in judged)
        features = sum((s[:n].float() - e[:n].float()).abs().mean() for s, e in zip(seen, expert, strict=True))
        self.generator_steps.zero_grad()
        spectrum = 1.5 * (log_spectrum(made) - self.spectrum).abs().mean()
        (min(1.0, self.done / 50) * fooled + features + spectrum + likeness(made, batch)).backward()
        self.generator_steps.step()
        self.judge.requires_grad_(True)
        self._follow(min(0.993, self.done / (self.done + 20)))
        self.done += 1

    @torch.no_grad()
    def _follow(self, keep: float) -> None:
        for mean, value in zip(self.average.parameters(), self.generator.parameters(), strict=True):
            mean.lerp_(value, 1 - keep)


def train(batches: Batches, minutes: float, save: Callable[[Generator], None], every: int = 100) -> Generator:
    """Train for a time; ``save`` gets the averaged generator every so many steps."""
    trainer, end = Trainer(batches), time.monotonic() + 60 * minutes
    while time.monotonic() < end:
        trainer.step()
        if trainer.done % every == 0:
            LOG.info("step %d", trainer.done)
            save(trainer.average)
    return trainer.average
