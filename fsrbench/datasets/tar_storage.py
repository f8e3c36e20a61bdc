"""A tar archive of files, compressed or not, read by name. Nothing is ever extracted to disk."""

from __future__ import annotations

import lzma
import stat
import tarfile
import zlib
from functools import cached_property
from pathlib import Path
from typing import Final

from fsrbench.datasets.storage import MAX_BYTES, MAX_FILES, why_unreadable
from fsrbench.errors import UserError

MAX_TOTAL: Final = 32 * 2**30
"""Maximum bytes of an unpacked archive: finding its files means reading all of it."""
DAMAGE: Final = (tarfile.TarError, OSError, EOFError, ValueError, zlib.error, lzma.LZMAError)


class TarFiles:
    """The regular files in a tar archive; links are ignored. Can be pickled: the archive is opened again."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __getstate__(self) -> dict[str, Path]:
        return {"path": self.path}

    @cached_property
    def _archive(self) -> tarfile.TarFile:
        try:
            if not stat.S_ISREG(self.path.stat().st_mode):
                raise OSError("not a regular file")  # opening a pipe would wait for a writer
            return tarfile.open(self.path, errorlevel=2)
        except DAMAGE as error:
            raise UserError(
                f"{self.path} is not a readable tar: {why_unreadable(self.path) or _reason(error)}"
            ) from None

    @cached_property
    def _members(self) -> dict[str, tarfile.TarInfo]:
        members: dict[str, tarfile.TarInfo] = {}
        try:
            for member in self._archive:
                if len(members) >= MAX_FILES or member.offset_data + member.size > MAX_TOTAL:
                    raise UserError(
                        f"{self.path} holds more than {MAX_FILES:,} files or {MAX_TOTAL // 2**30} GiB; unpack it"
                    )
                if member.isreg():
                    members[member.name.removeprefix("./")] = member
        except DAMAGE as error:
            raise UserError(f"{self.path} is not a readable tar: {_reason(error)}") from None
        return members

    def names(self) -> list[str]:
        """All files, in sorted order.

        Raises:
            UserError: not a tar, damaged, or too large.
        """
        return sorted(self._members)

    def offset(self, name: str) -> int:
        """A file's place in the archive: reading in this order goes through a compressed one only once."""
        return self._members[name].offset

    def read(self, name: str) -> bytes:
        """The bytes of one file."""
        member = self._members[name]
        if member.size > MAX_BYTES:
            raise OSError(f"cannot be unpacked: more than {MAX_BYTES // 2**20} MiB")
        try:
            file = self._archive.extractfile(member)
            return file.read() if file else b""
        except DAMAGE as error:
            raise OSError(f"cannot be unpacked: {_reason(error)}") from None


def _reason(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or " ".join(str(error).split())[:200] or "damaged"
