"""Output folders: created and checked before any work, written to by one process at a time."""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from fsrbench.errors import UserError
from fsrbench.files.atomic import remove_parts

LOCK: Final = ".lock"
"""File that names the writing process. The operating system holds the lock, so a killed process leaves none."""


def make_folder(path: Path, ours: Callable[[], bool], instead: str) -> None:
    """Create a folder, or accept one with our own files.

    Args:
        path: the folder.
        ours: whether its files are our own.
        instead: what the user can do instead, for the message.

    Raises:
        UserError: it cannot be created or written to, or holds other files.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass  # checking permissions is not enough: the file system may be read-only or full
    except OSError as error:
        raise UserError(f"cannot write to {path}: {error.strerror}") from None
    if not ours() and any(file.name != LOCK for file in path.iterdir()):
        raise UserError(f"{path} holds other files; {instead}")


@contextmanager
def only_writer(path: Path, instead: str = "give --out another folder") -> Iterator[None]:
    """Keep other processes from writing to a folder in the block; half-written files of killed ones are removed.

    Args:
        path: the folder.
        instead: what the user can do other than wait, for the message.

    Raises:
        UserError: another process writes to it.
    """
    lock = FileLock(path / LOCK)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        raise UserError(f"{path} is being written by {_holder(path / LOCK)}; wait for it, or {instead}") from None
    try:
        remove_parts(path)
        me = f"process {os.getpid()} on {platform.node()} since {datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
        (path / LOCK).write_text(me, encoding="utf-8")
        yield
    finally:
        lock.release()


def _holder(file: Path) -> str:
    try:
        text = file.read_text(encoding="utf-8", errors="replace")[:200]
    except OSError:
        text = ""
    return " ".join(text.split()) or "another process"
