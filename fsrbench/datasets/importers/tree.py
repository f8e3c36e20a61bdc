"""Files of a download: a folder and the archives in it, or one archive. Read by name, never extracted."""

from __future__ import annotations

import builtins
import hashlib
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

from fsrbench.datasets.layout import is_picture
from fsrbench.datasets.storage import Files, FolderFiles, ZipFiles
from fsrbench.datasets.tar_storage import TarFiles
from fsrbench.errors import UserError, one_line

TARS: Final = (".tgz", ".tar.gz", ".tar", ".tar.xz", ".tar.bz2")


class Entry(NamedTuple):
    """A file somewhere in the tree."""

    source: int
    name: str


class Text(NamedTuple):
    """An annotation file."""

    name: str
    """Its file name."""
    text: str


class Tree:
    """All files below a folder and in the archives there, or in one archive.

    Args:
        path: folder, zip or tar.
        archives: file names (patterns) of the archives that belong to the dataset; others are not opened.

    Raises:
        UserError: it does not exist or cannot be read.
    """

    def __init__(self, path: Path, archives: Sequence[str] = ()) -> None:
        self.path = path
        self.read: dict[str, str] = {}
        """sha256 of the annotation files read, by name."""
        try:
            if path.is_dir():
                folder = FolderFiles(path)
                found = [path / name for name in folder.names() if _is_archive(name, archives)]
                self.sources: tuple[Files, ...] = (folder, *map(open_archive, found))
                tops = [path.resolve().name, *(_stem(archive) for archive in found)]
            elif path.exists():
                self.sources, tops = (open_archive(path),), [_stem(path)]
            else:
                raise UserError(f"{path} does not exist")
        except (OSError, RuntimeError) as error:
            raise UserError(f"cannot open {path}: {one_line(error)}") from None
        self._names = [  # the name of the folder or archive counts as a folder
            (Entry(k, name), f"/{top}/{name}")
            for k, (files, top) in enumerate(zip(self.sources, tops, strict=True))
            for name in files.names()
        ]

    def text(self, *names: str) -> Text | None:
        """Read the first of these annotation files that exists, in any folder; of several, the least nested.

        Raises:
            UserError: it cannot be read, or is not UTF-8.
        """
        for name in names:
            found = [entry for entry, path in self._names if path.lower().endswith(f"/{name.lower()}")]
            if found:
                return self._text(min(found, key=lambda e: (e.name.count("/"), e)))
        return None

    def bytes(self, name: str) -> bytes | None:
        """The bytes of the first file of this name, as UTF-8 text."""
        text = self.text(name)
        return None if text is None else text.text.encode()

    def binary(self, name: str) -> builtins.bytes | None:
        """The bytes of the first file of this name, in any folder; of several, the least nested.

        Raises:
            UserError: it cannot be read.
        """
        found = [entry for entry, path in self._names if path.lower().endswith(f"/{name.lower()}")]
        if not found:
            return None
        entry = min(found, key=lambda e: (e.name.count("/"), e))
        try:
            data = self.sources[entry.source].read(entry.name)
        except OSError as error:
            raise UserError(f"{entry.name}: cannot be read: {one_line(error)}") from None
        self.read[name] = hashlib.sha256(data).hexdigest()
        return data

    def pictures(self, folder: str = "") -> Iterator[tuple[str, Entry]]:
        """Pictures below folders of this name, at any depth: path below the folder, and entry."""
        mark = f"/{folder}/" if folder else "/"
        for entry, path in self._names:
            if mark in path and is_picture(entry.name):
                yield (path.rpartition(mark)[2] if folder else entry.name), entry

    def _text(self, entry: Entry) -> Text:
        name = PurePosixPath(entry.name).name
        try:
            data = self.sources[entry.source].read(entry.name)
            text = data.decode("utf-8-sig")
        except (OSError, ValueError) as error:
            raise UserError(f"{entry.name}: cannot be read: {one_line(error)}") from None
        self.read[name] = hashlib.sha256(data).hexdigest()
        return Text(name, text)


def open_archive(path: Path) -> Files:
    """Open a zip or tar, by its suffix."""
    return TarFiles(path) if path.name.lower().endswith(TARS) else ZipFiles(path)


def _stem(path: Path) -> str:
    return path.name.partition(".")[0]


def _is_archive(name: str, patterns: Sequence[str]) -> bool:
    file = PurePosixPath(name).name.lower()
    return any(fnmatch(file, pattern.lower()) for pattern in patterns) and not file.startswith(".")
