"""A folder or zip of files, read by name. Nothing is ever extracted to disk."""

from __future__ import annotations

import io
import os
import stat
import zipfile
from collections.abc import Iterator
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from fsrbench.errors import UserError

MAX_BYTES = 256 * 2**20
"""Maximum size of a file, unpacked; the largest picture that is decoded is smaller, even uncompressed."""
MAX_FILES = 500_000
"""Maximum files in a zip, or behind a folder's links; all of CelebA, HR and LR, has 405,198."""
MAX_FOLDERS = 10_000
"""Maximum folders behind links behind links: a few that link to each other multiply to millions."""
SMALL_STEP = 4096
"""Compressed bytes unpacked at a time if the format has no output limit: 40 of them can become a megabyte."""
ENTRY = b"PK\x01\x02"
"""Signature of each entry of a zip's directory."""


def why_unreadable(path: Path) -> str | None:
    """Why a file is not an archive, if its first bytes show it: half a download, a web page, a Git LFS pointer."""
    try:
        with path.open("rb") as file:
            head = file.read(1024)
    except OSError:
        return None
    text = head.decode("utf-8", "replace").lstrip("\ufeff \t\r\n").lower()
    if not head:
        return "it is empty"
    if head.startswith(b"PK\x03\x04"):
        return "it begins as a zip and its end is missing or damaged; was the download cut short?"
    if text.startswith(("<!doctype html", "<html", "<head", "<?xml", "<!--")) or "<html" in text:
        return "it is a web page; its link may have led to a login, a confirmation or an error"
    if text.startswith("version https://git-lfs"):
        return "it is a Git LFS pointer, not the file itself; `git lfs pull` fetches it"
    return None


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
    """The files under a folder; links are followed. Can be pickled, for processes with another working directory."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __getstate__(self) -> dict[str, Path]:
        return {"path": self.path.absolute()}

    def names(self) -> list[str]:
        """All files, in sorted order.

        Raises:
            UserError: a folder cannot be read, or its links multiply.
        """
        try:
            return sorted(_walk(self.path))
        except OSError as error:
            raise UserError(f"cannot read {_short(error.filename)}: {error.strerror}") from None

    def read(self, name: str) -> bytes:
        """The bytes of one file."""
        path = self.path / name
        try:
            if path.stat().st_size > MAX_BYTES:
                raise OSError(f"more than {MAX_BYTES // 2**20} MiB")
            return path.read_bytes()
        except OSError as error:
            raise OSError(f"cannot be read: {error.strerror or error}") from None


class _Folder(NamedTuple):
    """A folder to visit."""

    name: str
    """Relative path with a slash at its end; empty for the top."""
    parents: tuple[tuple[int, int], ...]
    """The folders around it, by device and inode."""
    links: int
    """How many links led here."""


def _walk(top: Path) -> Iterator[str]:
    waiting, files, folders = [_Folder("", (), 0)], 0, 0
    while waiting:
        folder = waiting.pop()
        path = f"{top}/{folder.name}"
        status = os.stat(path)  # noqa: PTH116 (Path's take half of the time)
        here = (status.st_dev, status.st_ino)
        if here in folder.parents:
            continue  # a link back to where we came from
        folders += folder.links > 1
        for entry in os.scandir(path):
            links = folder.links + entry.is_symlink()
            files += links > 0
            if files > MAX_FILES or folders > MAX_FOLDERS:
                raise UserError(f"{top}: its links lead to more than {MAX_FILES:,} files, or to links without end")
            name, kind = folder.name + entry.name, _kind(entry)
            if kind == stat.S_IFDIR:
                waiting.append(_Folder(f"{name}/", (*folder.parents, here), links))
            elif kind == stat.S_IFREG:
                yield name


def _kind(entry: os.DirEntry[str]) -> int:
    """Folder, file or anything else; a dangling link counts as a file, so that reading it reports it."""
    if not entry.is_symlink():
        return stat.S_IFDIR if entry.is_dir() else stat.S_IFREG if entry.is_file() else 0
    try:
        return stat.S_IFMT(entry.stat().st_mode)
    except OSError:
        return stat.S_IFREG


def _short(path: str, most: int = 200) -> str:
    return path if len(path) <= most else f"{path[:most]}..."


class ZipFiles:
    """The files in a zip archive. Can be pickled: each process opens the archive once."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        status = self.path.stat() if self.path.exists() else None
        return _zip_files, (self.path.absolute(), status and (status.st_size, status.st_mtime_ns))

    @cached_property
    def _archive(self) -> zipfile.ZipFile:
        try:
            if not stat.S_ISREG(self.path.stat().st_mode):
                raise OSError("not a regular file")  # opening a pipe would wait for a writer
            guarded = _Guarded(io.FileIO(self.path))
            archive = zipfile.ZipFile(guarded)
        except UserError:
            raise
        except Exception as error:  # damaged directories make zipfile raise more than BadZipFile
            reason = (error.strerror or error) if isinstance(error, OSError) else why_unreadable(self.path) or error
            raise UserError(f"{self.path} is neither a folder nor a readable zip: {reason}") from None
        guarded.opening = False
        size = self.path.stat().st_size
        if sum(max(0, min(i.compress_size, size - i.header_offset)) for i in archive.infolist()) > size:
            raise UserError(f"{self.path}: its members overlap, as only a zip bomb's do")
        return archive

    @cached_property
    def _members(self) -> dict[str, zipfile.ZipInfo]:
        # Some Windows programs write backslashes, against the specification
        members = ((info.filename.replace("\\", "/"), info) for info in self._archive.infolist())
        return {name: info for name, info in members if name and not name.endswith("/")}

    def entries(self) -> list[zipfile.ZipInfo]:
        """The directory as it was written: names may appear twice, and lead anywhere.

        Raises:
            UserError: not a zip, or a bomb.
        """
        return self._archive.infolist()

    def names(self) -> list[str]:
        """All files, in sorted order.

        Raises:
            UserError: not a zip, or a bomb.
        """
        return sorted(self._members)

    def read(self, name: str) -> bytes:
        """The bytes of one file."""
        member = self._members[name]
        if max(member.file_size, member.compress_size) > MAX_BYTES:
            raise OSError(f"cannot be unpacked: more than {MAX_BYTES // 2**20} MiB")
        try:
            with self._archive.open(member) as file:
                # Never more than the declared size at once: a bomb declares little and unpacks to much
                bounded = member.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
                step = max(member.file_size, 1) if bounded else SMALL_STEP
                return b"".join(iter(lambda: file.read(step), b""))
        except Exception as error:  # encrypted, damaged: zipfile, zlib, bz2 and lzma each raise their own
            raise OSError(f"cannot be unpacked: {error}") from None


class _Guarded(io.BufferedReader):
    """A zip's file that refuses a directory of too many entries before zipfile makes an object of each.

    Entries are counted: the number that the zip declares may be too low.
    """

    opening = True

    def read(self, size: int | None = -1, /) -> bytes:
        """Read; while the archive is being opened, check the directory that is read."""
        if self.opening and size is not None and size > MAX_BYTES:
            raise UserError(f"{self.name}: its directory has more than {MAX_BYTES // 2**20} MiB")
        data = super().read(size)
        if self.opening and data.count(ENTRY) > MAX_FILES:
            raise UserError(f"{self.name} holds more than {MAX_FILES:,} files; unpack it, or split it")
        return data

    def __del__(self) -> None:
        self.close()


@lru_cache(maxsize=4)
def _zip_files(path: Path, version: tuple[int, int] | None) -> ZipFiles:
    """One object per process: reading a large archive's directory takes seconds."""
    return ZipFiles(path)
