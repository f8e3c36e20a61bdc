"""Make the LR and HR pictures of a task from samples: decoded, resized and degraded once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import numpy as np
from PIL import Image

from fsrbench.datasets import Picture, Sample
from fsrbench.degradations.base import Degradation, rng_for
from fsrbench.errors import counted
from fsrbench.pictures.decode import FLATTENED, BadImage, centre_square, decode, pad_square
from fsrbench.pictures.properties import signal_properties
from fsrbench.tasks import Task

FITTED: Final = {"cut": "cut to the central square", "pad": "padded to a square by their edges"}
"""Notes on pictures that are not square."""
TRANSPARENT: Final = "transparent in places, laid on white"
"""Note of an image with transparency."""


@dataclass(frozen=True, eq=False)
class Inputs:
    """The usable images of a shard, and why others cannot be used."""

    ids: list[str]
    lr: np.ndarray
    """uint8 N,h,w,3"""
    hr: np.ndarray | None
    """uint8 N,H,W,3"""
    degraded: dict[str, dict[str, Any]]
    """Parameters that the degradation drew, by image."""
    problems: dict[str, str]
    """Why an image was left out, by image."""
    notes: dict[str, str]
    """How a used image was changed, by image."""
    sizes: dict[str, dict[str, int]] = field(default_factory=dict)
    """By side (HR or LR) and image: the size in pixels of pictures that were resized to the task's."""
    properties: dict[str, dict[str, float]] = field(default_factory=dict)
    """By image: :func:`fsrbench.pictures.properties.signal_properties` of its LR picture."""


@dataclass(frozen=True, eq=False)
class _Pair:
    """One usable image."""

    id: str
    lr: np.ndarray
    hr: np.ndarray | None
    degraded: dict[str, Any] | None
    notes: dict[str, str]
    sizes: dict[str, int]
    """Size in pixels of HR or LR before it was resized."""
    properties: dict[str, float]
    """Of the LR picture."""


def prepare(
    samples: Iterable[Sample], task: Task, degradation: Degradation, seed: int, decoders: Executor | None = None
) -> Inputs:
    """Decode and resize the images of some samples; LR is made from HR if it is not given.

    Args:
        samples: in the order of the rows.
        task: sizes of LR and HR.
        degradation: makes LR from HR.
        seed: of the degradation.
        decoders: threads to decode in; by default this one.
    """
    samples = list(samples)
    each = decoders.map if decoders else map
    outcomes = list(each(partial(_try_prepare, task=task, degradation=degradation, seed=seed), samples))
    pairs = [found for found in outcomes if isinstance(found, _Pair)]
    lrs, hrs = [pair.lr for pair in pairs], [pair.hr for pair in pairs]
    return Inputs(
        ids=[pair.id for pair in pairs],
        lr=_stack(lrs, task.lr_size),
        hr=None if any(hr is None for hr in hrs) else _stack(hrs, task.hr_size),
        degraded={pair.id: pair.degraded for pair in pairs if pair.degraded is not None},
        problems={sample.id: found for sample, found in zip(samples, outcomes, strict=True) if isinstance(found, str)},
        notes={image: note for pair in pairs for image, note in pair.notes.items()},
        sizes={s: {pair.id: pair.sizes[s] for pair in pairs if s in pair.sizes} for s in ("HR", "LR")},
        properties={pair.id: pair.properties for pair in pairs},
    )


def hr_picture(sample: Sample, task: Task) -> np.ndarray:
    """The HR picture of a sample at the task's size, uint8 H,W,3; as :func:`prepare` makes it.

    Raises:
        BadImage: it cannot be used.
        OSError: it cannot be read.
    """
    assert sample.hr is not None
    return np.asarray(_read_hr(sample.hr, task, sample, {}, {}))


def resized_note(side: str, sizes: Mapping[str, int], images: int, to: int, kernel: str) -> str:
    """``LR resized from 24..51 px to 16 px by BICUBIC``, with the number of images if not all were.

    Args:
        side: HR or LR.
        sizes: sizes in pixels of the resized pictures, by image.
        images: number of all images.
        to: the task's size in pixels.
        kernel: of Pillow.
    """
    if not sizes:
        return ""
    low, high = min(sizes.values()), max(sizes.values())
    line = f"{side} resized from {low if low == high else f'{low}..{high}'} px to {to} px by {kernel}"
    return line if len(sizes) == images else f"{line} ({len(sizes)} of {counted(images, 'image')})"


def transparency_warning(images: Sequence[str]) -> str:
    """One line on images whose transparency was laid on white; empty if there are none."""
    if not images:
        return ""
    shown = ", ".join(image[:200] for image in images[:3]) + (", ..." if len(images) > 3 else "")
    return f"{len(images)} pictures are transparent in places; their transparency is laid on white: {shown}"


def _try_prepare(sample: Sample, task: Task, degradation: Degradation, seed: int) -> _Pair | str:
    """One image, or why it cannot be used."""
    try:
        return _prepare(sample, task, degradation, seed)
    except (BadImage, OSError) as error:
        return str(error)


def _prepare(sample: Sample, task: Task, degradation: Degradation, seed: int) -> _Pair:
    notes: dict[str, str] = {}
    sizes: dict[str, int] = {}
    hr = _read_hr(sample.hr, task, sample, notes, sizes) if sample.hr else None
    if sample.lr:
        lr, degraded = _read_lr(sample.lr, task, sample, notes, sizes), None
    else:
        assert hr is not None
        lr, degraded = degradation(hr, task.lr_size, rng_for(sample.id, seed))
    pixels = np.asarray(lr)
    properties = signal_properties(pixels)
    return _Pair(sample.id, pixels, None if hr is None else np.asarray(hr), degraded, notes, sizes, properties)


def _stack(pictures: list[Any], side: int) -> np.ndarray:
    return np.stack(pictures) if pictures else np.empty((0, side, side, 3), np.uint8)


def _read_hr(picture: Picture, task: Task, sample: Sample, notes: dict[str, str], sizes: dict[str, int]) -> Image.Image:
    image = _read_square(picture, sample, notes)
    if image.width < task.hr_size:
        raise BadImage(f"HR is {image.width} px, task {task.name} needs at least {task.hr_size}")
    if image.width > task.hr_size:
        sizes["HR"] = image.width
        image = image.resize((task.hr_size, task.hr_size), Image.Resampling.LANCZOS)
    return image


def _read_lr(picture: Picture, task: Task, sample: Sample, notes: dict[str, str], sizes: dict[str, int]) -> Image.Image:
    side = task.lr_size
    image = _read_square(picture, sample, notes)
    if image.size != (side, side):
        sizes["LR"] = min(image.size)
        image = image.resize((side, side), Image.Resampling.BICUBIC)
    return image


def _read_square(picture: Picture, sample: Sample, notes: dict[str, str]) -> Image.Image:
    """Make a picture square, as :attr:`Sample.fit` says; LR to be stretched is left to the later resizing."""
    image = decode(picture.read())
    stretched = sample.fit == "stretch" and picture is sample.lr
    square = image if stretched else pad_square(image) if sample.fit == "pad" else centre_square(image)
    how = "stretched to a square" if stretched else FITTED.get(sample.fit, FITTED["cut"])
    changes = {
        f"{image.width} x {image.height} px {how}": image.width != image.height,
        TRANSPARENT: FLATTENED in image.info,
    }
    if any(changes.values()):
        notes[sample.id] = "; ".join(note for note, made in changes.items() if made)
    return square
