"""The face descriptors of a watch's last pictures: one small file, written whole, that drops older ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from fsrbench.drift.known import SIDES
from fsrbench.files.atomic import whole
from fsrbench.runs.descriptors import Descriptors, read_descriptors, write_descriptors

Sides = Mapping[str, np.ndarray]
"""A picture's descriptors, by side."""


class DescriptorFile:
    """Descriptors by the sha256 of the watched picture, as a run keeps its own: 0.5 KB per picture for dlib.

    Args:
        path: the file; made by the first :meth:`add`.

    Raises:
        UserError: it is not what a watch writes.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known = self._read()

    def _read(self) -> Descriptors:
        return read_descriptors(self.path, "move it away to do without them") or Descriptors((), {})

    def add(self, new: Mapping[str, Sides], kept: Iterable[str]) -> None:
        """Add descriptors of new pictures, and drop all others but the ``kept``.

        Written before the journal has the pictures: after a kill in between, they are scored and written again.

        Raises:
            CannotWrite: the disk is full.
        """
        new = {key: sides for key, sides in new.items() if sides}
        if not new:
            return
        (length,) = {len(numbers) for sides in new.values() for numbers in sides.values()}
        earlier, none = [key for key in dict.fromkeys(kept) if key not in new], np.full(length, np.nan)
        rows = {}
        for side in SIDES:
            old = self._known.of(side, earlier)
            if old is None or old.shape[1] != length:  # another network's
                old = np.full((len(earlier), length), np.nan)
            rows[side] = np.concatenate([old, [sides.get(side, none) for sides in new.values()]])
        with whole(self.path) as part:
            write_descriptors(part, Descriptors((*earlier, *new), rows))
        self._known = self._read()  # of the file's precision, as a watch that begins anew has them

    def of(self, keys: Sequence[str]) -> dict[str, np.ndarray]:
        """Descriptors N,D of some pictures by side, NaN if missing; sides without any are left out."""
        found = {side: self._known.of(side, keys) for side in SIDES}
        return {side: numbers for side, numbers in found.items() if numbers is not None}
