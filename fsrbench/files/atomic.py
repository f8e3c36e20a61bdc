"""Files that are there whole or not at all, whatever happens while they are written."""

from __future__ import annotations

import errno
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from fsrbench.errors import CannotWrite

PART: Final = ".part"
"""Ends the name of a file that is being written; a kill leaves it, and nothing reads it."""
NO_MORE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EFBIG})
"""Errors after which no other file can be written either: a disk that is full, read-only, broken or over its quota."""
KEPT: Final = "what was done is kept, and the same command goes on from there"
"""How an error for a full disk ends; commands for which it is not true put their own words in its place."""

_MADE: Final = re.compile(rf"\.[0-9a-f-]+\{PART}\.\w+")


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A new path to write to, in the folder of ``path``; on leaving without an error it takes the place of ``path``.

    What was there, a link even, is replaced and not written into; only a pipe or a device, such as ``/dev/stdout``, is
    written into as it is. The new path has the suffix of ``path``, because many libraries choose the format by it.

    Raises:
        CannotWrite: the disk takes no more.
        OSError: this file cannot be written, others perhaps can.
    """
    if _is_stream(path):
        with disk_errors(path):
            yield path
        return
    part = path.with_name(f".{secrets.token_hex(8)}{PART}{path.suffix}")  # machines may share the folder
    try:
        with disk_errors(path):
            yield part
            part.replace(path)
    finally:
        with suppress(OSError):  # on a disk that has become read-only; the reason to stop is on its way already
            part.unlink(missing_ok=True)


def _is_stream(path: Path) -> bool:
    """Whether nothing can take the place of ``path``; ``/dev/stdout`` may lead to a file, which a shell holds open."""
    return str(path).startswith(("/dev/stdout", "/dev/stderr", "/dev/fd/")) or path.is_fifo() or path.is_char_device()


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Say in one line that ``path`` cannot be written because the disk takes no more.

    Raises:
        CannotWrite: instead of such an error of the system.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in NO_MORE:
            raise
        reason = os.strerror(error.errno)
        raise CannotWrite(f"cannot write {path}: {reason}; {KEPT}") from error


def remove_parts(folder: Path) -> None:
    """Remove what killed processes were writing below ``folder``; links to folders elsewhere are not followed."""
    for top, _, names in os.walk(folder):
        for name in names:
            if name.endswith(PART) or _MADE.fullmatch(name):
                Path(top, name).unlink(missing_ok=True)
