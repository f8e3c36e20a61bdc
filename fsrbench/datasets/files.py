"""Where a dataset's files lie: a folder or a zip, read by name. Nothing is ever extracted to disk."""

from __future__ import annotations

import zipfile
from functools import cached_property
from pathlib import Path
from typing import Protocol

from fsrbench.errors import UserError


class Files(Protocol):
    """Read access to named files; names are relative paths with forward slashes."""

    def names(self) -> list[str]:
        """All files, in sorted order."""

    def read(self, name: str) -> bytes:
        """The bytes of one file."""


class FolderFiles:
    """The files under a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def names(self) -> list[str]:
        """All files, in sorted order."""
        return sorted(p.relative_to(self.path).as_posix() for p in self.path.rglob("*") if p.is_file())

    def read(self, name: str) -> bytes:
        """The bytes of one file."""
        return (self.path / name).read_bytes()


class ZipFiles:
    """The files in a zip archive. Safe to pickle: the archive is opened again where it is needed."""

    MAX_BYTES = 512 * 2**20
    """A member that unpacks to more is no picture but a bomb."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __getstate__(self) -> dict[str, Path]:
        return {"path": self.path}

    @cached_property
    def _archive(self) -> zipfile.ZipFile:
        try:
            return zipfile.ZipFile(self.path)
        except (zipfile.BadZipFile, OSError) as error:
            raise UserError(f"{self.path} is not a readable zip: {error}") from None

    def names(self) -> list[str]:
        """All files, in sorted order."""
        return sorted(i.filename for i in self._archive.infolist() if not i.is_dir())

    def read(self, name: str) -> bytes:
        """The bytes of one file.

        Raises:
            OSError: damaged, encrypted or absurdly large.
        """
        if self._archive.getinfo(name).file_size > self.MAX_BYTES:
            raise OSError("unpacks to more than 512 MiB")
        try:
            return self._archive.read(name)
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError) as error:
            raise OSError(str(error)) from None
        except Exception as error:  # zlib.error and friends have no common base
            raise OSError(f"damaged: {error}") from None
