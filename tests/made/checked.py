"""Honest pictures for the checks: the sample's faces enlarged by Pillow, and faults made in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from PIL import Image

from fsrbench.checks import method
from fsrbench.checks.finding import Finding
from fsrbench.datasets import open_dataset
from fsrbench.datasets.inputs import prepare
from fsrbench.degradations.recipes import find_degradation
from fsrbench.tasks import find_task


@dataclass(frozen=True, eq=False)
class Pictures:
    """SR, LR and HR of some images, uint8 N,H,W,3."""

    sr: np.ndarray
    lr: np.ndarray
    hr: np.ndarray | None

    def without_hr(self) -> Pictures:
        return replace(self, hr=None)

    def changed(self, fault: Callable[[np.ndarray], np.ndarray]) -> Pictures:
        """With a fault in each SR picture."""
        return replace(self, sr=np.stack([fault(picture) for picture in self.sr]))

    def findings(self) -> list[Finding]:
        side, scale = self.sr.shape[1], self.sr.shape[1] // self.lr.shape[1]
        ids = [f"face{row}" for row in range(len(self.sr))]
        return method.judge(method.measure(self.sr, self.lr, self.hr), ids, side, scale)

    def found(self) -> dict[str, Finding]:
        """Findings by check."""
        return {finding.check: finding for finding in self.findings()}


@lru_cache
def honest(
    task: str = "x4",
    degradation: str = "bicubic",
    kernel: Image.Resampling = Image.Resampling.BICUBIC,
    images: int = 12,
) -> Pictures:
    """The sample's first faces, degraded and enlarged."""
    geometry = find_task(task)
    samples = open_dataset("sample").head(images)
    inputs = prepare(samples, geometry, find_degradation(degradation), 0)
    return Pictures(np.stack([enlarged(lr, geometry.hr_size, kernel) for lr in inputs.lr]), inputs.lr, inputs.hr)


def enlarged(picture: np.ndarray, side: int, kernel: Image.Resampling = Image.Resampling.BICUBIC) -> np.ndarray:
    return np.asarray(Image.fromarray(picture).resize((side, side), kernel))


def crops(pictures: np.ndarray) -> np.ndarray:
    """Random parts of pictures, at their size: faces as a detector's boxes frame them, or nothing does."""
    generator, side = np.random.default_rng(0), pictures.shape[1]
    made = []
    for picture in pictures:
        part = generator.integers(side * 5 // 8, side + 1)
        top, left = generator.integers(0, side - part + 1, 2)
        made.append(enlarged(picture[top : top + part, left : left + part], side))
    return np.stack(made)


def levels(values: np.ndarray) -> np.ndarray:
    """Rounded to uint8."""
    return values.round().clip(0, 255).astype(np.uint8)
