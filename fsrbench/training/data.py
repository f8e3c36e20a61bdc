"""Training faces, kept in memory as 8-bit arrays, and batches of LR/HR pairs drawn from them."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
from PIL import Image
from torch import Tensor

from fsrbench.datasets import Picture, open_dataset
from fsrbench.datasets.inputs import transparency_warning
from fsrbench.degradations.recipes import check_task, find_degradation
from fsrbench.errors import UserError
from fsrbench.pictures.decode import FLATTENED, BadImage, centre_square, decode, to_tensor
from fsrbench.tasks import Task
from fsrbench.training.held_out import held_out_names

B = TypeVar("B")


class Digest(Protocol):
    """A hash object of hashlib."""

    def update(self, data: bytes, /) -> None:
        """Add bytes."""


@dataclass(eq=False)
class Batch:
    """LR and HR faces of one step: float N,3,H,W in [0, 1], RGB."""

    lr: Tensor
    hr: Tensor


Mixture = Mapping[str, float]
"""Shares of degradations, by name (such as ``noise:10``), in making the LR of pairs; relative to their sum."""

MIXTURE: Mixture = {
    "wild": 0.65,
    "realworld": 0.15,
    "bicubic": 0.1,
    "area": 0.03,
    "opencv-cubic": 0.04,
    "opencv-linear": 0.03,
}
"""The default mixture, the same for all restoration networks, so that tables compare networks and not data."""


def default_mixture(task: Task) -> Mixture:
    """The part of :data:`MIXTURE` that suits a task: in restoration those that do more than reduce.

    Example:
        >>> from fsrbench.tasks import TASKS
        >>> default_mixture(TASKS["x4"]) == MIXTURE
        True
    """
    return {name: share for name, share in MIXTURE.items() if find_degradation(name).suits(task)}


def check_mixture(values: Any, task: Task) -> Mixture:
    """Validate a mixture from the file of ``--lr-mix``.

    Raises:
        UserError: degradations that are unknown or do not suit the task, or shares that are negative, not numbers or
            all 0.
    """
    if not isinstance(values, Mapping) or not values:
        raise UserError("a mixture of degradations is written as lines of NAME: SHARE, such as wild: 0.7")
    for name, share in values.items():
        check_task(find_degradation(str(name)), task)
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share < math.inf:
            raise UserError(f"mixture of degradations: the share of {name} must be 0 or more, not {share!r}")
    if not sum(values.values()):
        raise UserError("mixture of degradations: all shares are 0")
    return {str(name): float(share) for name, share in values.items()}


def load_faces(
    source: str, size: int, held_out: float = 0.0, digest: Digest | None = None, notes: list[str] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Read all HR faces of a dataset: central squares, reduced to ``size`` by LANCZOS as in a run.

    Args:
        source: a dataset's name, a folder or a zip, as for ``fsrbench run --data``.
        size: side in pixels.
        held_out: share of identities (without identities, of pictures) for validation; see :func:`held_out_names`.
        digest: receives the names and bytes of all picture files.
        notes: receives the dataset's warnings.

    Returns:
        Training and validation faces, each uint8 N,size,size,3.

    Raises:
        UserError: no HR pictures, or one that cannot be read or is smaller than ``size``.
    """
    dataset = open_dataset(source)
    if notes is not None:
        notes += dataset.warnings
    samples = [sample for sample in dataset if sample.hr]
    if not samples:
        raise UserError(f"no HR pictures in {source}; real LR faces are named by --lr-data")
    validation = held_out_names((sample.identity or sample.id for sample in samples), held_out)
    train: list[np.ndarray] = []
    valid: list[np.ndarray] = []
    transparent: list[str] = []
    for sample in samples:
        face = _square(sample.hr, digest, sample.id)
        if FLATTENED in face.info:
            transparent.append(sample.id)
        if face.width < size:
            raise UserError(f"{source}: {sample.id} is {face.width} px, HR faces of {size} px are needed")
        face = face.resize((size, size), Image.Resampling.LANCZOS)
        (valid if (sample.identity or sample.id) in validation else train).append(np.asarray(face))
    if notes is not None and (line := transparency_warning(transparent)):
        notes.append(line)
    empty = np.empty((0, size, size, 3), np.uint8)
    return np.stack(train), np.stack(valid) if valid else empty


def load_lr(source: str, size: int, digest: Digest | None = None) -> np.ndarray:
    """Read all real LR faces of a dataset, resized to ``size`` by BICUBIC as in a run.

    Args:
        source: as for :func:`load_faces`; pictures outside of ``LR/`` count as LR, too.
        size: side in pixels.
        digest: receives the names and bytes of all picture files.

    Returns:
        uint8 N,size,size,3.

    Raises:
        UserError: no pictures, or one that cannot be read.
    """
    squares = [_square(sample.lr or sample.hr, digest, sample.id) for sample in open_dataset(source)]
    faces = [face.resize((size, size), Image.Resampling.BICUBIC) for face in squares]
    return np.stack([np.asarray(face) for face in faces])


def _square(picture: Picture | None, digest: Digest | None, name: str) -> Image.Image:
    assert picture is not None
    try:
        data = picture.read()
        if digest is not None:
            digest.update(f"{name} {len(data)}:".encode("utf-8", "surrogateescape") + data)
        return centre_square(decode(data))
    except (BadImage, OSError) as error:
        raise UserError(f"{picture.name}: {error}") from None


def make_batch(faces: np.ndarray, lr_size: int, size: int, mixture: Mixture, rng: np.random.RandomState) -> Batch:
    """Draw ``size`` faces, mirror each with probability 1/2, and degrade it by a degradation of the mixture."""
    hr = _draw(faces, size, rng)
    names = sorted(mixture)
    shares = np.array([mixture[name] for name in names])
    drawn = rng.choice(names, size=size, p=shares / shares.sum())
    lr = [
        np.asarray(find_degradation(str(name))(Image.fromarray(face), lr_size, rng)[0])
        for name, face in zip(drawn, hr, strict=True)
    ]
    return Batch(to_tensor(np.stack(lr)), to_tensor(hr))


def draw_lr(faces: np.ndarray, size: int, rng: np.random.RandomState) -> Tensor:
    """Draw ``size`` real LR faces and mirror each with probability 1/2: float N,3,h,w in [0, 1]."""
    return to_tensor(_draw(faces, size, rng))


def _draw(faces: np.ndarray, size: int, rng: np.random.RandomState) -> np.ndarray:
    drawn = faces[rng.randint(len(faces), size=size)]
    mirrored = rng.uniform(size=size) < 0.5
    drawn[mirrored] = drawn[mirrored, :, ::-1]
    return drawn


def prefetch(make: Callable[[int], B], start: int, stop: int, depth: int = 8) -> Generator[B, None, None]:
    """Yield ``make(step)`` for each step, made up to ``depth`` steps ahead in a thread; closing ends the thread."""
    pool = ThreadPoolExecutor(1, "fsrbench-batches")
    try:
        coming = deque(pool.submit(make, step) for step in range(start, min(start + depth, stop)))
        for step in range(start + depth, stop + depth):
            batch = coming.popleft().result()
            if step < stop:
                coming.append(pool.submit(make, step))
            yield batch
    finally:
        pool.shutdown(cancel_futures=True)
