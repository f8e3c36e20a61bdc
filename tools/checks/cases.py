"""Honest pictures: every available method on every degradation, and native outputs of published methods."""

from __future__ import annotations

import io
import zipfile
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

import numpy as np
from PIL import Image

from fsrbench.datasets import open_dataset
from fsrbench.datasets.base import Sample
from fsrbench.datasets.inputs import prepare
from fsrbench.degradations.recipes import find_degradation
from fsrbench.tasks import find_task
from tools.checks.honest import upscalers
from tools.checks.split import part

FIXED: Final = (
    "bicubic",
    "wild",
    "realworld",
    "noise:25",
    "jpeg:30",
    "blur:2",
    "area",
    "opencv-cubic",
    "opencv-linear",
)
DEGRADATIONS: Final = {
    "x4": (*FIXED, "skimage-rescale"),
    "x8": (*FIXED, "skimage-rescale"),
    "64x2": FIXED,
    "128x4": ("bicubic", "wild", "jpeg:30", "gfpgan", "codeformer-large"),
    "512x1": ("gfpgan", "codeformer-small", "codeformer-large", "daefr", "difface-test"),
}
"""By task."""
GIVEN: Final = "as given"
"""Instead of a degradation, of real LR."""


@dataclass(frozen=True, eq=False)
class Case:
    """One method's pictures."""

    data: str
    task: str
    degradation: str
    method: str
    sr: np.ndarray
    """uint8 N,H,W,3"""
    lr: np.ndarray
    hr: np.ndarray | None

    @property
    def name(self) -> str:
        """``sample x4 wild ours``."""
        return f"{self.data} {self.task} {self.degradation} {self.method}"


def computed(
    source: str, task: str, degradation: str, half: str, images: int, only: Collection[str] | None = None
) -> Iterator[Case]:
    """Every method of a task, or some, on one degradation of images of a dataset, or on its real LR."""
    samples = part(list(open_dataset(source)), half, images)
    geometry = find_task(task)
    inputs = prepare(samples, geometry, find_degradation("bicubic" if degradation == GIVEN else degradation), 0)
    for name, upscale in upscalers(geometry):
        if only is not None and name not in only:
            continue
        yield Case(Path(source).stem, task, degradation, name, upscale(inputs.lr), inputs.lr, inputs.hr)


def native(archive: Path, half: str = "all") -> Iterator[Case]:
    """Outputs of published methods: ``native512/SR/METHOD/NAME`` of ``native512/LR/NAME``."""
    with zipfile.ZipFile(archive) as file:
        names = [PurePosixPath(name) for name in file.namelist() if name.startswith("native512/") and name[-1] != "/"]
        given = {name.stem: name for name in names if name.parts[1] == "LR"}
        made = defaultdict(list)
        for name in names:
            if name.parts[1] == "SR" and name.stem in given:
                made[name.parts[2]].append(name)
        for method, found in made.items():
            kept = {sample.id for sample in _half([Sample(name.stem) for name in found], half)}
            used = [name for name in found if name.stem in kept]
            sr, lr = (np.stack([_decoded(file, n) for n in of]) for of in (used, [given[n.stem] for n in used]))
            yield Case("native512", "512x1", GIVEN, method, sr, lr, None)


def _half(samples: Sequence[Sample], half: str) -> Sequence[Sample]:
    """Few pictures are not split."""
    return part(samples, half) if len(samples) >= 16 else samples


def _decoded(file: zipfile.ZipFile, name: PurePosixPath) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(file.read(str(name)))).convert("RGB"))
