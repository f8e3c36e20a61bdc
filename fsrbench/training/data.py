"""Training faces, held in memory as 8-bit arrays, and batches of LR/HR pairs drawn from them."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor

from fsrbench.datasets.files import Files, FolderFiles, ZipFiles
from fsrbench.degradations import DEGRADATIONS
from fsrbench.errors import UserError
from fsrbench.images import SUFFIXES, BadImage, decode, to_tensor


@dataclass
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


def load_faces(source: Path, size: int, held_out: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Read every face of a zip or folder, reduced with LANCZOS to ``size``.

    Args:
        source: zip or folder of ``<identity>/<file>`` pictures.
        size: side in pixels.
        held_out: share of the identities (the last in sorted order) kept for validation.

    Returns:
        Training and validation faces, each uint8 N,size,size,3.

    Raises:
        UserError: no pictures, or one that cannot be read.
    """
    files: Files = FolderFiles(source) if source.is_dir() else ZipFiles(source)
    names = [n for n in files.names() if Path(n).suffix.lower() in SUFFIXES]
    if not names:
        raise UserError(f"no pictures in {source}")
    identities = sorted({n.rpartition("/")[0] for n in names})
    validation = set(identities[len(identities) - round(held_out * len(identities)) :])
    train: list[np.ndarray] = []
    valid: list[np.ndarray] = []
    for name in names:
        face = _decode(files, name).resize((size, size), Image.Resampling.LANCZOS)
        (valid if name.rpartition("/")[0] in validation else train).append(np.asarray(face))
    empty = np.empty((0, size, size, 3), np.uint8)
    return np.stack(train), np.stack(valid) if valid else empty


def _decode(files: Files, name: str) -> Image.Image:
    try:
        return decode(files.read(name))
    except (BadImage, OSError) as error:
        raise UserError(f"{name}: {error}") from None


def make_batch(faces: np.ndarray, lr_size: int, size: int, mixture: Mixture, rng: np.random.RandomState) -> Batch:
    """Draw ``size`` faces, mirror half of them, and degrade each by a degradation of the mixture."""
    hr = faces[rng.randint(len(faces), size=size)]
    mirrored = rng.uniform(size=size) < 0.5
    hr[mirrored] = hr[mirrored, :, ::-1]
    lr = [np.asarray(DEGRADATIONS[mixture.draw(rng)](Image.fromarray(face), lr_size, rng)[0]) for face in hr]
    return Batch(to_tensor(np.stack(lr)), to_tensor(hr))


def prefetch(make: Callable[[int], Batch], start: int, stop: int, depth: int = 8) -> Iterator[Batch]:
    """Yield ``make(step)`` for each step, made ahead of time in a thread.

    Each step's batch depends on its number alone, so that a resumed training sees what an undisturbed one would.
    """
    ready: queue.Queue[Batch | BaseException] = queue.Queue(depth)

    def fill() -> None:
        for step in range(start, stop):
            try:
                ready.put(make(step))
            except BaseException as error:  # handed to the consumer, who raises it
                ready.put(error)
                return

    threading.Thread(target=fill, daemon=True).start()
    for _ in range(start, stop):
        batch = ready.get()
        if isinstance(batch, BaseException):
            raise batch
        yield batch
