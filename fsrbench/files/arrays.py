"""Arrays too large for memory: kept in a file and read a part at a time."""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO

import numpy as np

from fsrbench.files.atomic import disk_errors

MOST_BYTES = 2**28
"""Largest array kept in memory; 2048 activations of 32,768 images."""
PART = 2048
"""Rows per part."""


def join(parts: Iterable[Mapping[str, np.ndarray]], folder: Path) -> dict[str, np.ndarray]:
    """Concatenate the arrays of several parts along their rows, name by name.

    Args:
        parts: read one by one.
        folder: for temporary files of arrays of more than :data:`MOST_BYTES`; nothing is left in it.

    Raises:
        CannotWrite: the disk is full.
    """
    columns: dict[str, _Column] = {}
    for part in parts:
        for name, array in part.items():
            columns.setdefault(name, _Column(folder)).add(array)
    return {name: column.joined() for name, column in columns.items()}


class _Column:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._parts: list[np.ndarray] = []
        self._bytes, self._rows = 0, 0
        self._file: IO[bytes] | None = None

    def add(self, array: np.ndarray) -> None:
        self._parts.append(array)
        self._bytes += array.nbytes
        self._rows += len(array)
        if self._file or self._bytes > MOST_BYTES:
            with disk_errors(self.folder):
                self._file = self._file or tempfile.TemporaryFile(dir=self.folder)  # noqa: SIM115 (the array owns it)
                for part in self._parts:
                    self._file.write(np.ascontiguousarray(part).data)
            self._parts = [array[:0]]

    def joined(self) -> np.ndarray:
        last = self._parts[-1]
        if self._file is None:
            return np.concatenate(self._parts)
        self._file.flush()
        return np.memmap(self._file, last.dtype, "r", shape=(self._rows, *last.shape[1:]))


def rows(array: np.ndarray, wanted: np.ndarray | slice) -> np.ndarray:
    """Some rows as float64; rows of an array in a file do not stay cached in memory."""
    found = array[wanted].astype(np.float64)
    if isinstance(array, np.memmap) and hasattr(mmap, "MADV_DONTNEED"):
        array._mmap.madvise(mmap.MADV_DONTNEED)  # type: ignore[attr-defined]
    return np.asarray(found)


def parts(array: np.ndarray) -> Iterator[np.ndarray]:
    """All rows as float64, :data:`PART` at a time."""
    for start in range(0, len(array), PART):
        yield rows(array, slice(start, start + PART))


def mean_and_covariance(array: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean D and sample covariance D,D of N,D rows, in two passes over them."""
    mean = sum(part.sum(axis=0) for part in parts(array)) / len(array)
    outer = sum((part - mean).T @ (part - mean) for part in parts(array))
    return mean, np.asarray(outer) / (len(array) - 1)
