"""An append-only file of records that survives a kill at any moment: each is on the disk whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fsrbench.errors import UserError
from fsrbench.files.atomic import disk_errors

Record = Mapping[str, Any]


class Journal:
    """One JSON object per line. One process writes at a time (see :func:`fsrbench.files.folders.only_writer`).

    Args:
        path: the file; made by the first :meth:`append`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def open(self) -> list[dict[str, Any]]:
        """All records; a last one that a kill left half-written is removed.

        Raises:
            UserError: a line before the last cannot be read: this is not a journal, or something else wrote into it.
        """
        if not self.path.exists():
            return []
        content = self.path.read_bytes()
        *lines, rest = content.split(b"\n")
        found = [_parsed(line) for line in lines]
        whole = len(content) - len(rest)
        if found and found[-1] is None:  # a power cut may leave a damaged last line
            found.pop()
            whole -= len(lines[len(found)]) + 1
        if None in found:
            raise UserError(f"{self.path}, line {found.index(None) + 1}: damaged; move it away to start anew")
        if whole < len(content):
            os.truncate(self.path, whole)
        return [record for record in found if record is not None]

    def append(self, record: Record) -> None:
        """Add a record; when this returns it is on the disk, and if it raises nothing was added.

        Raises:
            CannotWrite: the disk is full.
        """
        line = json.dumps(record, allow_nan=False).encode() + b"\n"
        with disk_errors(self.path):
            new = not self.path.exists()
            with self.path.open("ab", buffering=0) as file:
                before = file.tell()
                try:
                    view = memoryview(line)
                    while view:
                        view = view[file.write(view) :]
                    os.fsync(file.fileno())
                except BaseException:
                    file.truncate(before)  # the next record is not to follow half of this one
                    raise
            if new:
                _sync_folder(self.path.parent)


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None


def _sync_folder(folder: Path) -> None:
    """Flush a new file's name to the disk, too."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
