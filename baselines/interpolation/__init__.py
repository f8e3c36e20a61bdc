"""Interpolation baselines: what any learned method has to beat."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from fsrbench.methods import Method
from fsrbench.tasks import Task


class Interpolation(Method):
    """Enlargement by one of Pillow's kernels, the same code that users call on their own pictures."""

    kernel: ClassVar[Image.Resampling]

    def load(self, task: Task, device: torch.device) -> None:
        """Nothing to load."""
        self.size = (task.hr_size, task.hr_size)

    def upscale(self, lr: Tensor) -> Tensor:
        """Enlarge each colour plane in 32-bit floats; overshoot is clipped as a saved picture would be."""
        planes = lr.cpu().numpy().reshape(-1, *lr.shape[-2:])
        enlarged = [np.asarray(Image.fromarray(plane).resize(self.size, self.kernel)) for plane in planes]
        return torch.from_numpy(np.stack(enlarged)).reshape(*lr.shape[:2], *self.size).clamp(0, 1).to(lr.device)


class Nearest(Interpolation):
    """Nearest-neighbour enlargement (Pillow)."""

    kernel = Image.Resampling.NEAREST


class Bilinear(Interpolation):
    """Bilinear enlargement (Pillow)."""

    kernel = Image.Resampling.BILINEAR


class Bicubic(Interpolation):
    """Bicubic enlargement (Pillow)."""

    kernel = Image.Resampling.BICUBIC


class Lanczos(Interpolation):
    """Lanczos enlargement, radius 3 (Pillow)."""

    kernel = Image.Resampling.LANCZOS
