"""Training faces, held in memory as 8-bit arrays, and batches of LR/HR pairs drawn from them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from PIL import Image
from torch import Tensor

from fsrbench.datasets import Picture, open_dataset
from fsrbench.degradations import DEGRADATIONS
from fsrbench.errors import UserError
from fsrbench.images import BadImage, centre_square, decode, to_tensor

B = TypeVar("B")


@dataclass(eq=False)
class Batch:
    """LR and HR faces of one step, float N,3,H,W in [0, 1], RGB."""

    lr: Tensor
    hr: Tensor


@dataclass(frozen=True)
class Mixture:
    """Which degradations the training pairs are made with, and how often each."""

    weights: dict[str, float]

    def draw(self, rng: np.random.RandomState) -> str:
        """The name of one degradation."""
        names = sorted(self.weights)
        p = np.array([self.weights[n] for n in names])
        return str(rng.choice(names, p=p / p.sum()))


MIXTURE = Mixture({"realworld": 0.6, "bicubic": 0.2, "area": 0.1, "bilinear-steps": 0.1})
"""What all restoration networks are trained on, so that their table compares networks and not data."""


def load_faces(source: str, size: int, held_out: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Read every HR face of a dataset: its central square, reduced with LANCZOS to ``size`` as the benchmark does.

    Args:
        source: a dataset's name, a folder or a zip, as for ``fsrbench run --data``.
        size: side in pixels.
        held_out: share of the identities (the last in sorted order) kept for validation; where none are known, of the
            pictures.

    Returns:
        Training and validation faces, each uint8 N,size,size,3.

    Raises:
        UserError: no HR pictures, or one that cannot be read or is smaller than ``size``.
    """
    samples = [sample for sample in open_dataset(source) if sample.hr]
    if not samples:
        raise UserError(f"no HR pictures in {source}; real LR faces are named by --lr-data")
    identities = sorted({sample.identity or sample.id for sample in samples})
    validation = set(identities[len(identities) - round(held_out * len(identities)) :])
    train: list[np.ndarray] = []
    valid: list[np.ndarray] = []
    for sample in samples:
        assert sample.hr is not None
        face = _square(sample.hr)
        if face.width < size:
            raise UserError(f"{source}: {sample.id} is {face.width} px, HR faces of {size} px are needed")
        face = face.resize((size, size), Image.Resampling.LANCZOS)
        (valid if (sample.identity or sample.id) in validation else train).append(np.asarray(face))
    empty = np.empty((0, size, size, 3), np.uint8)
    return np.stack(train), np.stack(valid) if valid else empty


def load_lr(source: str, size: int) -> np.ndarray:
    """Read every real LR face of a dataset, brought to ``size`` with BICUBIC as the benchmark does.

    Args:
        source: as for :func:`load_faces`; pictures that lie in no ``LR/`` are taken for LR, too.
        size: side in pixels.

    Returns:
        uint8 N,size,size,3.

    Raises:
        UserError: no pictures, or one that cannot be read.
    """
    pictures = [sample.lr or sample.hr for sample in open_dataset(source)]
    faces = [_square(p).resize((size, size), Image.Resampling.BICUBIC) for p in pictures if p is not None]
    return np.stack([np.asarray(face) for face in faces])


def _square(picture: Picture) -> Image.Image:
    try:
        return centre_square(decode(picture.read()))
    except (BadImage, OSError) as error:
        raise UserError(f"{picture.name}: {error}") from None


def make_batch(faces: np.ndarray, lr_size: int, size: int, mixture: Mixture, rng: np.random.RandomState) -> Batch:
    """Draw ``size`` faces, mirror half of them, and degrade each by a degradation of the mixture."""
    hr = faces[rng.randint(len(faces), size=size)]
    mirrored = rng.uniform(size=size) < 0.5
    hr[mirrored] = hr[mirrored, :, ::-1]
    lr = [np.asarray(DEGRADATIONS[mixture.draw(rng)](Image.fromarray(face), lr_size, rng)[0]) for face in hr]
    return Batch(to_tensor(np.stack(lr)), to_tensor(hr))


def draw_lr(faces: np.ndarray, size: int, rng: np.random.RandomState) -> Tensor:
    """Draw ``size`` real LR faces and mirror half of them: float N,3,h,w in [0, 1]."""
    lr = faces[rng.randint(len(faces), size=size)]
    mirrored = rng.uniform(size=size) < 0.5
    lr[mirrored] = lr[mirrored, :, ::-1]
    return to_tensor(lr)


def prefetch(make: Callable[[int], B], start: int, stop: int, depth: int = 8) -> Generator[B, None, None]:
    """Yield ``make(step)`` for each step, made ahead of time in a thread.

    Each step's batch depends on its number alone, so that a resumed training sees what an undisturbed one would. Who
    stops before the end closes the iterator, which ends the thread.
    """
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
