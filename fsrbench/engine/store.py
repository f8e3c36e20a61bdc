"""Stored results: arrays by key in the run's folder, each written atomically; large pictures are compressed."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import numpy as np

from fsrbench.files.atomic import disk_errors, whole
from fsrbench.pictures.packing import can_pack, pack, unpack

INPUTS, HR_PICTURES, PICTURES = "inputs", "hr", "pictures"
FEATURES, SCORES, CHECKS = "features", "scores", "checks"
"""Kinds of stored results."""
RAW_SIDE: Final = 128
"""Pictures up to this side are stored as they are: compressed, 64 of them take 70 ms longer to be written and read."""
PACKED: Final = (" packed", " layout")
"""Suffixes of the arrays that hold compressed pictures: their bytes, and what else :func:`unpack` needs."""
OWN: Final = "stored as"
"""Name of an array with the result's kind and key, to recognise files of other results or programs."""


def key_of(**parts: Any) -> str:
    """A short hash of everything that a stored result depends on."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


class Store:
    """Named arrays by key; an interrupted write leaves nothing behind."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.damaged: set[Path] = set()
        """Files that were there and could not be read."""

    def get(self, kind: str, key: str, only: Collection[str] | None = None) -> dict[str, np.ndarray] | None:
        """The arrays stored under a key, or ``None`` if there are none, or the file is damaged or another result's.

        Sets the file's access time to now, for :mod:`fsrbench.files.size_limit`.

        Args:
            kind: of result.
            key: of the result.
            only: names of the arrays to read; the others stay on disk.
        """
        path = self.path(kind, key)
        try:
            with np.load(path, allow_pickle=False) as file:
                if str(file[OWN]) != f"{kind}/{key}":
                    raise ValueError("another result's")
                stored = (name for name in file.files if name != OWN)
                names = dict.fromkeys(name.removesuffix(PACKED[0]).removesuffix(PACKED[1]) for name in stored)
                found = {name: _read(file, name) for name in (names if only is None else only)}
        except FileNotFoundError:
            return None
        except Exception:  # damaged bytes make numpy, zipfile and Pillow raise a dozen types
            self.damaged.add(path)
            return None
        self.touch(kind, key)
        return found

    def touch(self, kind: str, key: str) -> bool:
        """Mark a stored result as used now; returns whether it exists."""
        path = self.path(kind, key)
        with suppress(OSError):  # another user's file, or a read-only disk
            os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))
        return path.exists()

    def put(self, kind: str, key: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Store arrays under a key, replacing what was there.

        Raises:
            CannotWrite: the disk is full.
        """
        path = self.path(kind, key)
        with disk_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with whole(path) as part, part.open("wb") as file:
                np.savez(file, **_packed(arrays), **{OWN: np.array(f"{kind}/{key}")})  # type: ignore[arg-type]

    def path(self, kind: str, key: str) -> Path:
        """The file of a key."""
        return self.folder / kind / f"{key}.npz"


def _packed(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays, with large pictures compressed."""
    found: dict[str, np.ndarray] = {}
    for name, array in arrays.items():
        if can_pack(array) and array.shape[1] > RAW_SIDE:
            found |= dict(zip((name + end for end in PACKED), pack(array), strict=True))
        else:
            found[name] = array
    return found


def _read(file: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    return unpack(*(file[name + end] for end in PACKED)) if name + PACKED[0] in file else file[name]


def pack_json(value: Any) -> np.ndarray:
    """A JSON value as an array, to store beside others."""
    return np.frombuffer(json.dumps(value).encode(), dtype=np.uint8)


def unpack_json(array: np.ndarray) -> Any:
    """The value that :func:`pack_json` packed."""
    return json.loads(array.tobytes().decode())
