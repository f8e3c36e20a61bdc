"""Interpolation baselines: what any learned method has to beat."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from fsrbench.methods.base import Method
from fsrbench.pictures.decode import to_tensor, to_uint8
from fsrbench.tasks import Task


class Interpolation(Method):
    """Enlargement by one of Pillow's kernels, the same code that users call on their own pictures."""

    training = "none"
    settings = ""
    kernel: ClassVar[Image.Resampling]

    def load(self, task: Task, device: torch.device) -> None:
        """Nothing to load."""
        self.size = (task.hr_size, task.hr_size)

    def upscale(self, lr: Tensor) -> Tensor:
        """Enlarge in 8 bits, as LR is and as Pillow does it on a file."""
        enlarged = [np.asarray(Image.fromarray(picture).resize(self.size, self.kernel)) for picture in to_uint8(lr)]
        return to_tensor(np.stack(enlarged)).to(lr.device)


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
