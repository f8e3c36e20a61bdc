"""Compute a metric or features of a unit's images; an image that fails does not affect the others."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from fsrbench.engine.store import Store, key_of, pack_json, unpack_json
from fsrbench.errors import CannotWrite, FsrbenchError, one_line
from fsrbench.process.containment import contained

Arrays = Mapping[str, np.ndarray]
Compute = Callable[[slice], Arrays]
"""Maps a slice of the images to named arrays with one row per image; may raise anything."""
PROBLEMS = "problems of images"
"""Name under which problems are stored beside the arrays."""


@dataclass(eq=False)
class Rows:
    """Named arrays with one row per image that could be computed, and why the other images failed."""

    arrays: Arrays
    """Empty if no image could be computed."""
    problems: dict[str, str] = field(default_factory=dict)
    """Reasons by image."""

    @classmethod
    def unpack(cls, stored: Arrays) -> Rows:
        """Restore what :meth:`pack` made."""
        arrays = {name: array for name, array in stored.items() if name != PROBLEMS}
        return cls(arrays, unpack_json(stored[PROBLEMS]) if PROBLEMS in stored else {})

    def pack(self) -> Arrays:
        """As arrays to store."""
        return {**self.arrays, PROBLEMS: pack_json(self.problems)} if self.problems else self.arrays

    def of(self, wanted: Sequence[str], tried: Sequence[str]) -> Arrays:
        """The rows of the ``wanted`` images; ``tried`` are all images, including those with problems, in order."""
        row_of = {image: row for row, image in enumerate(i for i in tried if i not in self.problems)}
        rows = [row_of[image] for image in wanted]
        return {name: array[rows] for name, array in self.arrays.items()}


def row_key(key: str, run: str, problems: Mapping[str, str]) -> str:
    """Key under which rows are stored; with problems it is the run's own, so that another run retries the images."""
    return key_of(of=key, run=run) if problems else key


def get_rows(store: Store, kind: str, key: str, run: str) -> Rows | None:
    """The rows stored under a key: complete ones, or incomplete ones of this run."""
    for where in (key, key_of(of=key, run=run)):
        if (stored := store.get(kind, where)) is not None:
            return Rows.unpack(stored)
    return None


def put_rows(store: Store, kind: str, key: str, run: str, rows: Rows) -> None:
    """Store rows for :func:`get_rows`."""
    store.put(kind, row_key(key, run, rows.problems), rows.pack())


def by_image(compute: Compute, ids: Sequence[str], may_be_nan: Collection[str] | None = None) -> Rows:
    """Compute all images at once; on an error halve them recursively, so that only images that fail alone are lost.

    Args:
        compute: the computation.
        ids: of the images.
        may_be_nan: arrays in which NaN is a result; NaN in any other, or infinity, fails the image. ``None`` accepts
            every number.

    Raises:
        ValueError: an array does not have one row per image.
    """
    parts = _parts(compute, slice(0, len(ids)), ids, may_be_nan) if ids else []
    names = {name: None for part in parts for name in part.arrays}
    arrays = {name: np.concatenate([part.arrays[name] for part in parts if part.arrays]) for name in names}
    return Rows(arrays, {image: why for part in parts for image, why in part.problems.items()})


def _parts(compute: Compute, part: slice, ids: Sequence[str], may_be_nan: Collection[str] | None) -> list[Rows]:
    inside = ids[part]
    try:
        with contained():
            arrays = compute(part)
    except CannotWrite:
        raise
    except Exception as error:  # a plug-in's code may raise anything
        if len(inside) == 1:
            return [Rows({}, {inside[0]: str(error) if isinstance(error, FsrbenchError) else one_line(error)})]
        middle = part.start + len(inside) // 2
        halves = slice(part.start, middle), slice(middle, part.stop)
        return [rows for half in halves for rows in _parts(compute, half, ids, may_be_nan)]
    for array in arrays.values():
        if np.shape(array)[:1] != (len(inside),):
            raise ValueError(f"gave {(np.shape(array) or (1,))[0]} values for {len(inside)} images")
    return [Rows(arrays) if may_be_nan is None else _finite(Rows(arrays), inside, may_be_nan)]


def _finite(found: Rows, ids: Sequence[str], may_be_nan: Collection[str]) -> Rows:
    """The rows without the images that have NaN or infinite values."""
    problems: dict[str, str] = {}
    for name, array in found.arrays.items():
        if np.issubdtype(array.dtype, np.inexact):
            wrong = np.isinf(array) if name in may_be_nan else ~np.isfinite(array)
            for row in np.flatnonzero(wrong.reshape(len(ids), -1).any(axis=1)).tolist():
                problems.setdefault(ids[row], f"{name} is not finite")
    finite = [image for image in ids if image not in problems]
    return Rows(found.of(finite, ids) if finite else {}, problems) if problems else found
