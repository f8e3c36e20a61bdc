"""Progressive face super-resolution via attention to facial landmark (Kim et al., BMVC 2019)."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from baselines.progressive.network import Generator
from fsrbench.methods.base import Method
from fsrbench.tasks import Task

WEIGHTS = Path(__file__).parent / "weights"


class Progressive(Method):
    """Progressive face super-resolution with facial attention (Kim et al. 2019, 8.97 M parameters).

    The network wants RGB in [-1, 1]. Its second step gives x4, but the third step's training moves the features under
    that output, so only x8 is offered.
    """

    tasks = ("x8",)
    any_side = True
    settings = ""

    def load(self, task: Task, device: torch.device) -> None:
        """Load the weights of the scale."""
        trained = self.trained_task(task) or task
        self.load_network(Generator(), WEIGHTS / f"progressive_{trained.name}.safetensors", device)

    def upscale(self, lr: Tensor) -> Tensor:
        """Convert to [-1, 1], enlarge step by step, convert back; not every output lies in range, so clip."""
        assert self.network is not None
        sr: Tensor = self.network(lr * 2 - 1, step=3)
        return ((sr + 1) / 2).clamp(0, 1)
