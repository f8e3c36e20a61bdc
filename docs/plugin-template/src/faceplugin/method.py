"""A method: whatever turns LR faces into SR faces."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from fsrbench import Method, Task


class Sharpened(Method):
    """Bicubic enlargement, sharpened; this line is shown by `fsrbench list methods`."""

    tasks = ("x4", "x8")
    training = "none"
    settings = ""  # nothing besides this code; see "When pictures are reused" in docs/methods.md

    def load(self, task: Task, device: torch.device) -> None:
        """Called once. A network of yours: self.load_network(MyNetwork(), Path("weights.safetensors"), device)."""
        self.enlarge = nn.Upsample(scale_factor=task.scale, mode="bicubic")
        self.blur = nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)

    def upscale(self, lr: Tensor) -> Tensor:
        """Float N,3,h,w in [0, 1], RGB, to N,3,h*scale,w*scale, also in [0, 1] and RGB."""
        large = self.enlarge(lr)
        return (large + 0.5 * (large - self.blur(large))).clamp(0, 1)
