"""Stored results: arrays by key in the run's folder, each written atomically."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from fsrbench.files.atomic import disk_errors, whole

INPUTS, PICTURES, FEATURES, SCORES, CHECKS = "inputs", "pictures", "features", "scores", "checks"
"""Kinds of stored results."""


def key_of(**parts: Any) -> str:
    """A short hash of everything that a stored result depends on."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


class Store:
    """Named arrays by key; an interrupted write leaves nothing behind."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, kind: str, key: str, only: Collection[str] | None = None) -> dict[str, np.ndarray] | None:
        """The arrays stored under a key, or ``None`` if there are none or the file cannot be read.

        Args:
            kind: of result.
            key: of the result.
            only: names of the arrays to read; the others stay on disk.
        """
        try:
            with np.load(self._path(kind, key), allow_pickle=False) as file:
                return dict(file) if only is None else {name: file[name] for name in only}
        except Exception:  # damaged bytes make numpy and zipfile raise a dozen types
            return None

    def put(self, kind: str, key: str, arrays: Mapping[str, np.ndarray]) -> None:
        """Store arrays under a key, replacing what was there.

        Raises:
            CannotWrite: the disk is full.
        """
        path = self._path(kind, key)
        with disk_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with whole(path) as part, part.open("wb") as file:
                np.savez(file, **arrays)  # type: ignore[arg-type]

    def _path(self, kind: str, key: str) -> Path:
        return self.folder / kind / f"{key}.npz"


def pack_json(value: Any) -> np.ndarray:
    """A JSON value as an array, to be stored beside others."""
    return np.frombuffer(json.dumps(value).encode(), dtype=np.uint8)


def unpack_json(array: np.ndarray) -> Any:
    """The value that :func:`pack_json` packed."""
    return json.loads(array.tobytes().decode())
