"""Honest pictures: every method at hand on every degradation at hand, and native outputs of published methods."""

from __future__ import annotations

import io
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

import numpy as np
import torch
from PIL import Image

from fsrbench.checks.equality import KERNELS
from fsrbench.datasets import open_dataset
from fsrbench.datasets.inputs import Inputs, prepare
from fsrbench.degradations.recipes import find_degradation
from fsrbench.errors import FsrbenchError
from fsrbench.methods.base import METHODS
from fsrbench.methods.names import load_method
from fsrbench.pictures.decode import to_tensor, to_uint8
from fsrbench.tasks import Task

SMALL: Final = (Task(16, 4), Task(16, 8))
LARGE: Final = Task(128, 4)
DEGRADATIONS: Final = (
    "bicubic",
    "area",
    "opencv-cubic",
    "opencv-linear",
    "skimage-rescale",
    "realworld",
    "wild",
    "noise:25",
    "jpeg:30",
    "blur:2",
)


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


def computed(source: str, images: int) -> Iterator[Case]:
    """Every registered method on images spread over a dataset, at x4 and x8."""
    dataset = open_dataset(source)
    samples = list(dataset)[:: max(1, len(dataset) // images)][:images]
    for task in SMALL:
        for degradation in DEGRADATIONS:
            inputs = prepare(samples, task, find_degradation(degradation), 0)
            for name in METHODS.names():
                if (sr := _super_resolved(name, task, inputs)) is not None:
                    yield Case(Path(source).stem, task.name, degradation, name, sr, inputs.lr, inputs.hr)


def enlarged(source: str, images: int) -> Iterator[Case]:
    """Interpolations of degraded faces to 512 px."""
    dataset = open_dataset(source)
    samples = list(dataset)[:images]
    for degradation in DEGRADATIONS:
        inputs = prepare(samples, LARGE, find_degradation(degradation), 0)
        for name, kernel in KERNELS.items():
            side = (LARGE.hr_size, LARGE.hr_size)
            sr = np.stack([np.asarray(Image.fromarray(lr).resize(side, kernel)) for lr in inputs.lr])
            yield Case(Path(source).stem, LARGE.name, degradation, name, sr, inputs.lr, inputs.hr)


def native(archive: Path) -> Iterator[Case]:
    """Outputs of published methods: ``native512/SR/METHOD/NAME`` of ``native512/LR/NAME``."""
    with zipfile.ZipFile(archive) as file:
        names = [PurePosixPath(name) for name in file.namelist() if name.startswith("native512/") and name[-1] != "/"]
        given = {name.stem: name for name in names if name.parts[1] == "LR"}
        made = defaultdict(list)
        for name in names:
            if name.parts[1] == "SR" and name.stem in given:
                made[name.parts[2]].append(name)
        for method, found in made.items():
            sr, lr = (np.stack([_decoded(file, n) for n in of]) for of in (found, [given[n.stem] for n in found]))
            yield Case("native512", "512x1", "as given", method, sr, lr, None)


def _super_resolved(name: str, task: Task, inputs: Inputs) -> np.ndarray | None:
    try:
        method = load_method(name, task, torch.device("cpu"))
    except FsrbenchError:  # it does another task
        return None
    with torch.inference_mode():
        parts = [method.upscale(to_tensor(inputs.lr[i : i + 16])) for i in range(0, len(inputs.ids), 16)]
    return to_uint8(torch.cat(parts).clamp(0, 1))


def _decoded(file: zipfile.ZipFile, name: PurePosixPath) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(file.read(str(name)))).convert("RGB"))
