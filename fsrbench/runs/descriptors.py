"""Face descriptors of the pictures that a run keeps, in a file of its folder, for comparison with other runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from fsrbench.errors import UserError

FILE: Final = "descriptors.npz"


@dataclass(frozen=True, eq=False)
class Descriptors:
    """Face descriptors of some images of a run or a watch, all by the same network."""

    images: tuple[str, ...]
    rows: Mapping[str, np.ndarray]
    """By row of the run, a method's or ``lr``: N,D, NaN where an image has none."""

    def of(self, row: str, images: Sequence[str]) -> np.ndarray | None:
        """Descriptors N,D of some images, NaN where missing; ``None`` if the row has none of any of them."""
        if row not in self.rows:
            return None
        place = {image: number for number, image in enumerate(self.images)}
        found = np.full((len(images), self.rows[row].shape[1]), np.nan)
        for number, image in enumerate(images):
            if image in place:
                found[number] = self.rows[row][place[image]]
        return found if np.isfinite(found).any() else None


def write_descriptors(path: Path, descriptors: Descriptors) -> None:
    """Write them as 16-bit floats: 256 bytes for a descriptor of 128 numbers."""
    numbers = np.stack(list(descriptors.rows.values())).astype(np.float16)
    rows, images = np.array(list(descriptors.rows), str), np.array(descriptors.images, str)
    with path.open("wb") as file:
        np.savez(file, descriptors=numbers, rows=rows, images=images)


def read_descriptors(path: Path, instead: str = "run it again") -> Descriptors | None:
    """Read a run's descriptors; ``None`` if it keeps none.

    Args:
        path: the file.
        instead: what a user can do if it is damaged.

    Raises:
        UserError: the file is not what :func:`write_descriptors` writes.
    """
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            numbers, rows, images = (file[name] for name in ("descriptors", "rows", "images"))
    except Exception:  # zipfile and numpy each raise their own, some with advice to trust the file
        raise UserError(f"{path} is not a file of descriptors; {instead}") from None
    if numbers.dtype.kind != "f":
        raise UserError(f"{path}: its descriptors are of type {numbers.dtype}, not floating-point; {instead}")
    if numbers.ndim != 3 or numbers.shape[:2] != (rows.size, images.size):
        raise UserError(f"{path}: its descriptors are {numbers.shape}, not rows, images, numbers; {instead}")
    finite = np.where(np.isfinite(numbers), numbers, np.nan).astype(np.float64)
    return Descriptors(tuple(map(str, images)), dict(zip(map(str, rows), finite, strict=True)))
