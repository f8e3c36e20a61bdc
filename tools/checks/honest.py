"""Methods that do nothing wrong: those that come with fsrbench, filters, and one that invents detail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
import torch
from PIL import Image, ImageFilter

from fsrbench.checks.equality import KERNELS
from fsrbench.errors import FsrbenchError
from fsrbench.methods.base import METHODS
from fsrbench.methods.names import load_method
from fsrbench.pictures.decode import to_tensor, to_uint8
from fsrbench.tasks import Task, find_task

Upscale = Callable[[np.ndarray], np.ndarray]
"""From LR to SR, uint8 N,H,W,3."""
FILTERS: Final = {
    "sharpened": ImageFilter.UnsharpMask(radius=2, percent=150, threshold=0),
    "smoothed": ImageFilter.GaussianBlur(1.5),
    "median": ImageFilter.MedianFilter(3),
}
"""After the bicubic interpolation."""
INVENTING: Final = "ours of 16 px"
"""LR averaged down to 16 px, the reference method at x8, and bicubic interpolation: most of SR is made up."""
BATCH: Final = 16


def upscalers(task: Task) -> Iterator[tuple[str, Upscale]]:
    """Every registered method that does the task, filters, and for LR above 16 px one that invents detail."""
    for name in METHODS.names():
        if task.is_restoration and name in KERNELS:
            continue  # it is LR itself
        try:
            method = load_method(name, task, torch.device("cpu"))
        except FsrbenchError:  # it does another task
            continue
        yield name, lambda lr, method=method: _super_resolved(method, lr)
    for name, effect in FILTERS.items():
        yield name, lambda lr, effect=effect: _each(lr, task.hr_size, effect)
    if task.lr_size > 16:
        yield INVENTING, lambda lr: _invented(lr, task.hr_size)


def _super_resolved(method: Callable[[torch.Tensor], torch.Tensor], lr: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        parts = [method.upscale(to_tensor(lr[i : i + BATCH])) for i in range(0, len(lr), BATCH)]
    return to_uint8(torch.cat(parts).clamp(0, 1))


def _invented(lr: np.ndarray, side: int) -> np.ndarray:
    small = np.stack([np.asarray(Image.fromarray(picture).resize((16, 16), Image.Resampling.BOX)) for picture in lr])
    return _each(_super_resolved(load_method("ours", find_task("x8"), torch.device("cpu")), small), side)


def _each(pictures: np.ndarray, side: int, effect: ImageFilter.Filter | None = None) -> np.ndarray:
    """Enlarged, and filtered."""
    large = [Image.fromarray(picture).resize((side, side), Image.Resampling.BICUBIC) for picture in pictures]
    return np.stack([np.asarray(picture.filter(effect) if effect else picture) for picture in large])
