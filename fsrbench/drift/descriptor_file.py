"""The face descriptors of a watch's last pictures: one small file, written whole, that drops older ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from fsrbench.drift.known import SIDES
from fsrbench.errors import UserError
from fsrbench.files.atomic import whole

Sides = Mapping[str, np.ndarray]
"""A picture's descriptors, by side."""


class DescriptorFile:
    """Descriptors by the sha256 of the watched picture, as 16-bit floats: 0.5 KB per picture for dlib's of LR and SR.

    Args:
        path: the file; made by the first :meth:`add`.

    Raises:
        UserError: it is not what a watch writes.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._of: dict[str, Sides] = {}
        if path.is_file():
            try:
                self._read()
            except Exception:  # zipfile and numpy each raise their own, some with advice to trust the file
                raise UserError(f"{path} is not a file of descriptors; move it away to do without them") from None

    def _read(self) -> None:
        with np.load(self.path, allow_pickle=False) as file:
            for side in SIDES:
                for key, numbers in zip(map(str, file[f"{side}_sha256"]), file[side], strict=True):
                    self._of[key] = {**self._of.get(key, {}), side: numbers}

    def add(self, new: Mapping[str, Sides], kept: Iterable[str]) -> None:
        """Add descriptors of new pictures, and drop all others but the ``kept``.

        Written before the journal has the pictures: after a kill in between, they are scored and written again.

        Raises:
            CannotWrite: the disk is full.
        """
        new = {key: sides for key, sides in new.items() if sides}
        if not new:
            return
        lengths = {len(numbers) for sides in new.values() for numbers in sides.values()}
        earlier = {key: self._of[key] for key in kept if key in self._of}
        alike = {key: sides for key, sides in earlier.items() if {*map(len, sides.values())} <= lengths}
        remembered = alike | new  # without those of another network
        arrays: dict[str, np.ndarray] = {}
        for side in SIDES:
            keys = [key for key, sides in remembered.items() if side in sides]
            arrays[f"{side}_sha256"] = np.array(keys, dtype="U64")
            numbers = [np.asarray(remembered[key][side], np.float16) for key in keys]
            arrays[side] = np.stack(numbers) if numbers else np.empty((0, 0), np.float16)
        with whole(self.path) as part:
            np.savez(part, **arrays)  # type: ignore[arg-type]
        self._of = remembered

    def of(self, keys: Sequence[str]) -> dict[str, np.ndarray]:
        """Descriptors N,D of some pictures by side, NaN if missing; sides without any are left out."""
        found = {}
        for side in SIDES:
            known = {key: self._of[key][side] for key in keys if side in self._of.get(key, {})}
            if known:
                none = np.full(len(next(iter(known.values()))), np.nan)
                found[side] = np.stack([known.get(key, none) for key in keys]).astype(np.float64)
        return found
