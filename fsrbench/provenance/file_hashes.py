"""Hashes of files, including the external files of an ONNX graph's tensors."""

from __future__ import annotations

import functools
import hashlib
import mmap
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_LOCATION: Final = re.compile(rb"\n\x08location\x12([\x80-\xff]{0,2}[\x00-\x7f])")
"""The key ``location`` of a tensor's external data in protobuf's encoding, and the length of the name after it."""


def sha256_of(path: Path) -> str:
    """sha256 of one file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def file_parts(path: Path) -> list[Path]:
    """A file and, for an ONNX graph, the files it names as external data of its tensors."""
    status = path.stat()
    names = _external(path.absolute(), status.st_size, status.st_mtime_ns) if status.st_size else ()
    folders = dict.fromkeys([path.parent, path.resolve().parent])
    beside = [folder / os.fsdecode(name) for name in names if b"\0" not in name for folder in folders]
    return [path, *(file for file in beside if file.is_file())]


@functools.cache
def _external(path: Path, _size: int, _changed: int) -> list[bytes]:
    """The names of a file's external data; a file is searched again once it has changed."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        # Searched as bytes: onnx may not be installed, and tensors may be in any subgraph
        return sorted({data[found.end() : found.end() + _varint(found[1])] for found in _LOCATION.finditer(data)})


def _varint(data: bytes) -> int:
    return sum((byte & 0x7F) << (7 * place) for place, byte in enumerate(data))


def file_hash(path: Path) -> str:
    """sha256 of a file; of a graph with external files, sha256 over the hashes of all, one per line."""
    return _combined([sha256_of(part) for part in file_parts(path)])


def hash_of_all(paths: Iterable[Path]) -> str:
    """The :func:`file_hash` of a file; of several, sha256 over their hashes."""
    return _combined([file_hash(path) for path in paths])


def _combined(hashes: list[str]) -> str:
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("\n".join(hashes).encode()).hexdigest()
