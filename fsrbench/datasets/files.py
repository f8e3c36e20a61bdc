"""Where a dataset's files lie: a folder or a zip, read by name. Nothing is ever extracted to disk."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Protocol

from fsrbench.errors import UserError

MAX_BYTES = 512 * 2**20
"""A file with more is no picture of a face, a zip member that unpacks to more a bomb."""


class Files(Protocol):
    """Read access to named files; names are relative paths with forward slashes."""

    def names(self) -> list[str]:
        """All files, in sorted order."""

    def read(self, name: str) -> bytes:
        """The bytes of one file.

        Raises:
            OSError: it cannot be read; the message says why.
        """


class FolderFiles:
    """The files under a folder; links are followed. Safe to pickle for processes that were started elsewhere."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __getstate__(self) -> dict[str, Path]:
        return {"path": self.path.absolute()}

    def names(self) -> list[str]:
        """All files, in sorted order.

        Raises:
            UserError: a folder cannot be read.
        """
        try:
            return sorted(path.relative_to(self.path).as_posix() for path in _walk(self.path, ()))
        except OSError as error:
            raise UserError(f"cannot read {error.filename}: {error.strerror}") from None

    def read(self, name: str) -> bytes:
        """The bytes of one file."""
        path = self.path / name
        try:
            if path.stat().st_size > MAX_BYTES:
                raise OSError(f"more than {MAX_BYTES // 2**20} MiB")
            return path.read_bytes()
        except OSError as error:
            raise OSError(f"cannot be read: {error.strerror or error}") from None


def _walk(folder: Path, parents: tuple[Path, ...]) -> Iterator[Path]:
    real = folder.resolve()
    if real in parents:
        return  # a link back to where we came from
    for entry in os.scandir(folder):
        path = folder / entry.name
        if entry.is_dir():
            yield from _walk(path, (*parents, real))
        elif entry.is_file() or (entry.is_symlink() and not path.exists()):
            yield path  # a broken link too: whoever reads it reports it


class ZipFiles:
    """The files in a zip archive. Safe to pickle: the archive is opened again where it is needed, once a process."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        status = self.path.stat() if self.path.exists() else None
        return _zip_files, (self.path.absolute(), status and (status.st_size, status.st_mtime_ns))

    @cached_property
    def _archive(self) -> zipfile.ZipFile:
        try:
            return zipfile.ZipFile(self.path)
        except Exception as error:  # damaged directories make zipfile raise more than BadZipFile
            reason = error.strerror if isinstance(error, OSError) else error
            raise UserError(f"{self.path} is neither a folder nor a readable zip: {reason}") from None

    @cached_property
    def _members(self) -> dict[str, zipfile.ZipInfo]:
        # Some Windows programs write backslashes, against the format.
        return {i.filename.replace("\\", "/"): i for i in self._archive.infolist() if not i.is_dir()}

    def names(self) -> list[str]:
        """All files, in sorted order."""
        return sorted(self._members)

    def read(self, name: str) -> bytes:
        """The bytes of one file."""
        member = self._members[name]
        if member.file_size > MAX_BYTES:
            raise OSError(f"cannot be unpacked: more than {MAX_BYTES // 2**20} MiB")
        try:
            return self._archive.read(member)
        except Exception as error:  # encrypted, damaged: zipfile, zlib, bz2 and lzma each raise their own
            raise OSError(f"cannot be unpacked: {error}") from None


@lru_cache(maxsize=4)
def _zip_files(path: Path, version: tuple[int, int] | None) -> ZipFiles:
    """One object for all the units that come to a process: reading a large archive's directory takes seconds."""
    return ZipFiles(path)
