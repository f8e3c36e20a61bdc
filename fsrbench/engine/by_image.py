"""Metrics and extractors on the images of a unit: an image that one of them fails on takes no other with it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from fsrbench.engine.store import Store, key_of, pack_json, unpack_json
from fsrbench.errors import CannotWrite, FsrbenchError, one_line
from fsrbench.process.containment import contained

Arrays = Mapping[str, np.ndarray]
Compute = Callable[[slice], Arrays]
"""From a part of the images to named arrays with a row for each; may raise anything."""
PROBLEMS = "problems of images"
"""Name under which problems are stored beside the arrays."""


@dataclass(eq=False)
class Rows:
    """Named arrays with a row for each image that could be computed, and why the other images have none."""

    arrays: Arrays
    """Empty where no image could be computed."""
    problems: dict[str, str] = field(default_factory=dict)
    """By image."""

    @classmethod
    def unpack(cls, stored: Arrays) -> Rows:
        """What :meth:`pack` packed."""
        arrays = {name: array for name, array in stored.items() if name != PROBLEMS}
        return cls(arrays, unpack_json(stored[PROBLEMS]) if PROBLEMS in stored else {})

    def pack(self) -> Arrays:
        """As arrays, to be stored."""
        return {**self.arrays, PROBLEMS: pack_json(self.problems)} if self.problems else self.arrays

    def of(self, wanted: Sequence[str], tried: Sequence[str]) -> Arrays:
        """The arrays' rows of the ``wanted`` images, of all that were ``tried``."""
        row_of = {image: row for row, image in enumerate(i for i in tried if i not in self.problems)}
        rows = [row_of[image] for image in wanted]
        return {name: array[rows] for name, array in self.arrays.items()}


def place(key: str, run: str, problems: Mapping[str, str]) -> str:
    """Where rows are stored: those that lack images are of one run alone, another run tries these images again."""
    return key_of(of=key, run=run) if problems else key


def get_rows(store: Store, kind: str, key: str, run: str) -> Rows | None:
    """What is stored under a key, with all images or by this run."""
    for where in (key, key_of(of=key, run=run)):
        if (stored := store.get(kind, where)) is not None:
            return Rows.unpack(stored)
    return None


def put_rows(store: Store, kind: str, key: str, run: str, rows: Rows) -> None:
    """Store what was computed, for :func:`get_rows`."""
    store.put(kind, place(key, run, rows.problems), rows.pack())


def by_image(compute: Compute, ids: Sequence[str], may_be_nan: Collection[str] | None = None) -> Rows:
    """Compute all images at once; if that raises, ever fewer, so that only those are lost that it raises on alone.

    Args:
        compute: what is computed.
        ids: of the images.
        may_be_nan: arrays in which NaN is a result; NaN in any other, or infinity, fails the image. ``None`` takes
            every number.

    Raises:
        ValueError: an array has another number of rows.
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
    """Without the images that have a number which is none."""
    problems: dict[str, str] = {}
    for name, array in found.arrays.items():
        if np.issubdtype(array.dtype, np.inexact):
            wrong = np.isinf(array) if name in may_be_nan else ~np.isfinite(array)
            for row in np.flatnonzero(wrong.reshape(len(ids), -1).any(axis=1)).tolist():
                problems.setdefault(ids[row], f"{name} is not finite")
    finite = [image for image in ids if image not in problems]
    return Rows(found.of(finite, ids) if finite else {}, problems) if problems else found
