"""The reference model: semi-cycle GAN with a face alignment network, a reconstruction of Fathy et al. 2026."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import ClassVar

import torch
from torch import Tensor

from fsrbench.methods.base import Method
from fsrbench.tasks import Task
from reference_model.generator import RestorationNetwork

WEIGHTS = Path(__file__).parent / "weights"


class Ours(Method):
    """Reference model, a reconstruction of the semi-cycle GAN with face alignment of Fathy et al. 2026.

    Layer sizes, losses' weights and schedule were never published; see the model card for ours.
    """

    tasks: ClassVar[tuple[str, ...] | None] = ("x4", "x8")
    any_side = True
    settings = ""
    stem: ClassVar[str] = "ours"
    """Start of the weight files' names."""

    def load(self, task: Task, device: torch.device) -> None:
        """Load the weights of the scale; the network is as wide and deep as they are."""
        trained = self.trained_task(task) or task
        file = WEIGHTS / f"{self.stem}_{trained.name}.safetensors"
        self.load_network(partial(RestorationNetwork.fitting, scale=task.scale), file, device)

    def upscale(self, lr: Tensor) -> Tensor:
        """Restore; the network works on RGB in [0, 1] and may overshoot a little, so clip."""
        assert self.network is not None
        sr: Tensor = self.network(lr)
        return sr.clamp(0, 1)


class OursPsnr(Ours):
    """The reference model for least distortion: the network of ours, trained with L1 alone."""

    tasks = ("x4",)
    stem = "ours_psnr"


class OursPaper(Ours):
    """The reference model with the losses of the paper as far as they are known, without an identity loss."""

    tasks: ClassVar[tuple[str, ...] | None] = ("x4",)
    stem = "ours_paper"


class OursShort(OursPaper):
    """The reference model with the losses of the paper, stopped early to have seen no more images than the baselines.

    At x4 72,000, where scgan has seen 80,000; at x8 53,600, where progressive has seen as many.
    """

    tasks = ("x4", "x8")
    stem = "ours_short"
