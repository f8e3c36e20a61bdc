"""The pictures that a run keeps: one folder per row, and an index of the files that belong to the run.

The engine writes it and the reports read it, so nothing here needs torch.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

import numpy as np
from PIL import Image

from fsrbench.files.atomic import disk_errors, whole
from fsrbench.runs.names import LR

MAX_BYTES: Final = 150
"""Longest name of a row's folder; longer ones are cut and marked by a hash."""
INDEX: Final = "index.json"
COMPRESSION: Final = 1
"""PNG compression level: half the time of the usual 6, files a tenth larger."""


@dataclass(frozen=True)
class KeptRow:
    """The pictures of one method, or of LR or HR."""

    key: str
    """Changes whenever the pictures may have changed."""
    missing: dict[str, str] = field(default_factory=dict)
    """Images of the run that have no picture here, and why."""


@dataclass(frozen=True)
class Index:
    """The folder's content."""

    images: tuple[str, ...] = ()
    """In the dataset's order."""
    rows: dict[str, KeptRow] = field(default_factory=dict)
    grid: tuple[str, ...] | None = None
    """The images of the run's own grid; ``None`` in runs of earlier versions."""

    def complete(self, rows: Iterable[str]) -> list[str]:
        """The images that have a picture in every one of these rows."""
        missing = {image for row in rows if row in self.rows for image in self.rows[row].missing}
        return [image for image in self.images if image not in missing]

    def methods_of(self, methods: Iterable[str]) -> dict[str, list[str]]:
        """By image with an LR picture, the methods that have a picture of it; without images of no method."""
        known = [name for name in methods if name in self.rows]
        there = {i: [name for name in known if i not in self.rows[name].missing] for i in self.complete([LR])}
        return {image: names for image, names in there.items() if names}

    def sharing(self, methods: Iterable[str]) -> str:
        """Says how many images have a picture of every method that has any; empty if all images do."""
        there = self.methods_of(methods)
        most = len({name for names in there.values() for name in names})
        shared = sum(len(names) == most for names in there.values())
        if shared == len(self.images):
            return ""
        how_many = f"{shared} of {len(self.images)} images have" if shared else "no image has"
        return f"{how_many} a picture of every method" if there else "no method has a picture"


class PictureFolder:
    """``RUN/images``: ``<row>/<image>.png``, where a row is a method, ``lr`` or ``hr``.

    Args:
        path: the folder.
        rows: those that it has, or is to have; by default those of its index.
    """

    def __init__(self, path: Path, rows: Iterable[str] | None = None) -> None:
        self.path = path
        self._folders = folder_names(self.read_index().rows if rows is None else rows)

    def file(self, row: str, image: str) -> Path:
        """Path of a picture."""
        return self.path / self._folders.get(row, safe_name(row)) / f"{image}.png"

    def read_index(self) -> Index:
        """The index of an earlier run; empty if it is missing or cannot be read."""
        try:
            found = json.loads((self.path / INDEX).read_text(encoding="utf-8"))
            images = tuple(str(image) for image in found["images"] if _inside(str(image)))
            rows = {str(name): KeptRow(str(row["key"]), dict(row["missing"])) for name, row in found["rows"].items()}
            grid = found.get("grid")
            shown = None if grid is None else tuple(str(image) for image in grid if image in images)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return Index()
        return Index(images, rows, shown)

    def holds(self, index: Index, row: str, key: str) -> bool:
        """Whether the row has this key and all its pictures exist."""
        kept = index.rows.get(row)
        if kept is None or kept.key != key:
            return False
        return all(self.file(row, image).is_file() for image in index.images if image not in kept.missing)

    def write(self, row: str, pictures: Iterable[tuple[str, np.ndarray]]) -> dict[str, str]:
        """Write pictures of a row.

        Args:
            row: a method, ``lr`` or ``hr``.
            pictures: pairs of image and uint8 H,W,3.

        Returns:
            Images that could not be written, and why: the file system may reject their names.
        """
        (self.path / INDEX).unlink(missing_ok=True)  # a kill from here on leaves pictures without an index
        problems: dict[str, str] = {}
        for image, pixels in pictures:
            try:
                self._check_inside(self.file(row, image))
                _save(pixels, self.file(row, image))
            except OSError as error:
                problems[image] = error.strerror or type(error).__name__
        return problems

    def finish(self, index: Index) -> None:
        """Write the index and remove the pictures of earlier runs that are not in it."""
        if index == self.read_index():
            return
        self.path.mkdir(parents=True, exist_ok=True)
        self._tidy(
            {
                self.file(row, image)
                for row, kept in index.rows.items()
                for image in index.images
                if image not in kept.missing
            }
        )
        rows = {name: {"key": row.key, "missing": row.missing} for name, row in index.rows.items()}
        text = json.dumps({"images": index.images, "rows": rows, "grid": index.grid}, indent=1, ensure_ascii=False)
        with whole(self.path / INDEX) as part:
            part.write_text(text + "\n", encoding="utf-8")

    def _check_inside(self, file: Path) -> None:
        """Refuse to write through links out of the folder; the folder itself may be a link."""
        if not Path(os.path.realpath(file.parent)).is_relative_to(os.path.realpath(self.path)):
            raise OSError(errno.EXDEV, "a link leads out of the run's folder")

    def _tidy(self, belonging: set[Path]) -> None:
        """Remove other PNG files and folders left empty; links to folders elsewhere are not followed."""
        if self.path.is_symlink():
            return
        for top, _, names in os.walk(self.path, topdown=False):
            folder = Path(top)
            for file in (folder / name for name in names if name.endswith(".png")):
                if file not in belonging:
                    file.unlink()
            if folder != self.path and not any(folder.iterdir()):
                folder.rmdir()


def safe_name(method: str) -> str:
    """A method's name as a folder's name: ``python:pkg.module:Class`` has colons, which some systems refuse."""
    return re.sub(r"[^\w.+-]", "_", method)


def folder_names(rows: Iterable[str]) -> dict[str, str]:
    """A folder's name for each row, distinct on any file system."""
    names = list(rows)
    plain = {row: safe_name(row) for row in names}
    times = Counter(_folded(name) for name in plain.values())
    return {row: name if _is_good(name) and times[_folded(name)] == 1 else _marked(row) for row, name in plain.items()}


def _folded(name: str) -> str:
    """Equal for names that some file systems treat as one."""
    return unicodedata.normalize("NFKC", name).casefold()


def _is_good(name: str) -> bool:
    return len(name.encode()) <= MAX_BYTES and bool(name.strip("."))


def _marked(row: str) -> str:
    """A shortened name with a hash of the whole one."""
    short = safe_name(row).strip(".").encode()[:MAX_BYTES].decode(errors="ignore")
    return f"{short}-{hashlib.sha256(row.encode(errors='surrogateescape')).hexdigest()[:12]}"


def _inside(image: str) -> bool:
    """Whether an image's path stays in the folder: the index is untrusted input."""
    path = PurePosixPath(image)
    return not path.is_absolute() and ".." not in path.parts


def _save(pixels: np.ndarray, path: Path) -> None:
    """Write a picture whole or not at all; an existing file or link is replaced, not written through."""
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as part:
        Image.fromarray(pixels).save(part, "PNG", compress_level=COMPRESSION)
