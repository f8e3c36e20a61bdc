"""Networks whose sizes are not the task's: resizing before and after them, and a note on it."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional as F

from fsrbench.tasks import Task


@dataclass(frozen=True)
class Fit:
    """Sides of square pictures, in pixels, before, in and after a network."""

    lr: int
    """The task's LR."""
    input: int
    """The network's input."""
    output: int
    """The network's output."""
    hr: int
    """The task's HR."""

    @classmethod
    def of(cls, task: Task, scale: int, side: int | None = None, minimum: int = 1) -> Fit:
        """The fit of a network that enlarges by ``scale``.

        Its input has the task's LR size if the output is then large enough, else the smallest size for which it is.

        Args:
            task: gives the sizes of LR and HR.
            scale: of the network; 1 for one that restores without enlarging.
            side: the only input side, in pixels, that it takes or was trained for.
            minimum: the smallest input side that it takes.
        """
        size = side or max(task.lr_size, -(-task.hr_size // scale), minimum)
        return cls(task.lr_size, size, size * scale, task.hr_size)

    def before(self, lr: Tensor) -> Tensor:
        """N,C,lr,lr -> N,C,input,input."""
        return _resized(lr, self.input).clamp(0, 1)  # networks expect no overshoot

    def after(self, sr: Tensor) -> Tensor:
        """N,C,output,output -> N,C,hr,hr, not clipped: a wrong range must stay visible."""
        return _resized(sr, self.hr)

    def __str__(self) -> str:
        """One line for the manifest and the table's notes; empty if nothing is resized."""
        steps = [
            f"LR {self.lr} to {self.input} px before" if self.input != self.lr else "",
            f"SR {self.output} to {self.hr} px after" if self.output != self.hr else "",
        ]
        resized = " and ".join(filter(None, steps))
        return f"resized {resized} the network (bicubic, antialiased)" if resized else ""


def _resized(images: Tensor, side: int) -> Tensor:
    if images.shape[-1] == side:
        return images
    # With antialiasing torch's kernel is that of Pillow's BICUBIC
    return F.interpolate(images, (side, side), mode="bicubic", antialias=True, align_corners=False)
