"""Any number of synthetic pictures, made when they are read: what a run of 100,000 costs without 100,000 files."""

from __future__ import annotations

import io
import sys
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from fsrbench.datasets import Dataset, Picture, Sample, open_dataset
from fsrbench.metrics.extractors.base import EXTRACTORS, Extractor, Features
from fsrbench.pictures.decode import decode

PEOPLE_OF = 5
"""Pictures a person."""
LARGE = 512
"""Side in pixels of large faces."""


def large_face(number: int) -> Image.Image:
    """One of the sample's faces at 512 px, with fine noise, as a photograph has and an enlarged picture lacks."""
    samples = open_dataset("sample").samples
    sample = samples[number % len(samples)]
    assert sample.hr is not None
    face = decode(sample.hr.read()).resize((LARGE, LARGE), Image.Resampling.LANCZOS)
    noise = np.random.default_rng(number).normal(0, 3, (LARGE, LARGE, 3))
    return Image.fromarray(np.clip(np.asarray(face) + noise, 0, 255).round().astype(np.uint8))


@dataclass(frozen=True)
class MadeFiles:
    """Smooth noise at 64 px, another for each name."""

    def names(self) -> list[str]:
        """Not asked for: the samples are listed without it."""
        return []

    def read(self, name: str) -> bytes:
        """A BMP, which costs little to make and to read."""
        rng = np.random.default_rng(int(name))
        coarse = Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8))
        file = io.BytesIO()
        coarse.resize((64, 64), Image.Resampling.BICUBIC).save(file, "BMP")
        return file.getvalue()


@dataclass(frozen=True)
class LargeFiles(MadeFiles):
    """Faces at 512 px."""

    def read(self, name: str) -> bytes:
        """A BMP."""
        file = io.BytesIO()
        large_face(int(name)).save(file, "BMP")
        return file.getvalue()


def made(count: int, large: bool = False) -> Dataset:
    """``count`` pictures, five a person."""
    files = LargeFiles() if large else MadeFiles()
    ids = [f"{i // PEOPLE_OF:06d}/{i:07d}" for i in range(count)]
    return Dataset(
        "made", tuple(Sample(i, Picture(files, i.rpartition("/")[2]), identity=i.partition("/")[0]) for i in ids)
    )


class Projection(Extractor):
    """A descriptor that costs next to nothing: 128 random projections of the picture."""

    feature, width = "descriptor", 128

    @cached_property
    def _matrix(self) -> Tensor:
        return torch.randn(3 * 64 * 64, self.width, generator=torch.Generator().manual_seed(0)) / 100

    def extract(self, images: Tensor, guide: Features) -> dict[str, np.ndarray]:
        """N,128."""
        return {self.feature: (images.flatten(1) @ self._matrix).numpy()}


class WideProjection(Projection):
    """As many as Inception's activations."""

    feature, width = "activations", 2048


def install(count: int, large: bool = False) -> None:
    """Make ``--data made``; dlib's place and Inception's taken, in this process."""
    from fsrbench.datasets.base import DATASETS

    module = sys.modules[__name__]
    module.dataset = lambda: made(count, large)  # type: ignore[attr-defined]
    DATASETS._targets["made"] = f"{__name__}:dataset"
    EXTRACTORS._targets["dlib"] = f"{__name__}:Projection"
    EXTRACTORS._targets["inception"] = f"{__name__}:WideProjection"
