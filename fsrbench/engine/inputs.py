"""From a sample to the LR and HR pictures of a task: decoded once, sized once, degraded once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from fsrbench.datasets import Picture, Sample
from fsrbench.degradations import Degradation, rng_for
from fsrbench.images import BadImage, centre_square, decode
from fsrbench.tasks import Task


@dataclass(frozen=True)
class Inputs:
    """The usable images of a shard, and what was wrong with the others."""

    ids: list[str]
    lr: np.ndarray
    """uint8 N,h,w,3"""
    hr: np.ndarray | None
    """uint8 N,H,W,3"""
    degraded: dict[str, dict[str, Any]]
    """Drawn parameters of the degradation by image."""
    problems: dict[str, str]
    """Why an image was left out, by image."""
    notes: dict[str, str]
    """What was changed about an image that was used, by image."""


def prepare(samples: Iterable[Sample], task: Task, degradation: Degradation, seed: int) -> Inputs:
    """Decode and size the images of some samples; LR is made from HR where it is not given."""
    ids, lrs, hrs = [], [], []
    degraded: dict[str, dict[str, Any]] = {}
    problems: dict[str, str] = {}
    notes: dict[str, str] = {}
    for sample in samples:
        try:
            hr = _read_hr(sample.hr, task, sample.id, notes) if sample.hr else None
            if sample.lr:
                lr = _read_lr(sample.lr, task, sample.id, notes)
            else:
                assert hr is not None
                lr, degraded[sample.id] = degradation(hr, task.lr_size, rng_for(sample.id, seed))
        except (BadImage, OSError) as error:
            problems[sample.id] = str(error)
            notes.pop(sample.id, None)  # notes are about images that were used
            continue
        ids.append(sample.id)
        lrs.append(np.asarray(lr))
        hrs.append(None if hr is None else np.asarray(hr))
    lr_array = np.stack(lrs) if lrs else np.empty((0, task.lr_size, task.lr_size, 3), np.uint8)
    hr_array = None if any(h is None for h in hrs) else _stack(hrs, task.hr_size)
    return Inputs(ids, lr_array, hr_array, degraded, problems, notes)


def _stack(pictures: list[Any], side: int) -> np.ndarray:
    return np.stack(pictures) if pictures else np.empty((0, side, side, 3), np.uint8)


def _read_hr(picture: Picture, task: Task, image_id: str, notes: dict[str, str]) -> Image.Image:
    image = _read_square(picture, image_id, notes)
    if image.width < task.hr_size:
        raise BadImage(f"HR is {image.width} px, task {task.name} needs at least {task.hr_size}")
    if image.width > task.hr_size:
        image = image.resize((task.hr_size, task.hr_size), Image.Resampling.LANCZOS)
    return image


def _read_lr(picture: Picture, task: Task, image_id: str, notes: dict[str, str]) -> Image.Image:
    image = _read_square(picture, image_id, notes)
    if image.width != task.lr_size:
        image = image.resize((task.lr_size, task.lr_size), Image.Resampling.BICUBIC)
    return image


def _read_square(picture: Picture, image_id: str, notes: dict[str, str]) -> Image.Image:
    image = decode(picture.read())
    square = centre_square(image)
    if square is not image:
        notes[image_id] = f"{image.width} x {image.height} px cut to the central square"
    return square
