"""SCGAN (Hou et al., Semi-Cycled GANs for Real-World Face Super-Resolution, IEEE TIP 32, 2023)."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from baselines.scgan.network import RestorationNetwork
from fsrbench.methods.base import Method
from fsrbench.tasks import Task

WEIGHTS = Path(__file__).parent / "weights"


class SCGAN(Method):
    """SCGAN's published restoration network (15.48 M parameters), retrained here.

    The network wants BGR in [-1, 1]. Its authors' test script stretches every output to its own minimum and maximum,
    which alone costs 2 dB of PSNR; this adapter does not.
    """

    tasks = ("x4",)
    any_side = True
    settings = ""

    def load(self, task: Task, device: torch.device) -> None:
        """Load the weights of the scale."""
        trained = self.trained_task(task) or task
        self.load_network(RestorationNetwork(), WEIGHTS / f"scgan_{trained.name}.safetensors", device)

    def upscale(self, lr: Tensor) -> Tensor:
        """Convert to BGR in [-1, 1], restore, convert back."""
        assert self.network is not None
        sr: Tensor = self.network(lr.flip(1) * 2 - 1)
        return (sr.flip(1) + 1) / 2
