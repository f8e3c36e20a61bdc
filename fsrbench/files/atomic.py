"""Write files whole or not at all, whatever happens meanwhile."""

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
"""Suffix of a file that is being written; one left by a kill is never read."""
NO_MORE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EFBIG})
"""Errors that concern the whole disk: full, read-only, broken or over quota."""
KEPT: Final = "finished work is kept; run the same command to continue"
"""End of the message for a full disk; commands for which it is not true replace it."""

_MADE: Final = re.compile(rf"\.[0-9a-f-]+\{PART}\.\w+")


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yield a temporary path in the folder of ``path``; without an error inside, it then replaces ``path``.

    An existing file or link is replaced, never written into; a pipe or device, such as ``/dev/stdout``, is yielded
    itself. The temporary path has the suffix of ``path``, by which many libraries choose the format.

    Raises:
        CannotWrite: the disk is full, read-only, broken or over quota.
        OSError: this path cannot be written; others may be.
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
        with suppress(OSError):  # on a disk that has become read-only, which is being reported
            part.unlink(missing_ok=True)


def _is_stream(path: Path) -> bool:
    """Whether ``path`` must be written into; ``/dev/stdout`` may lead to a file that a shell holds open."""
    return str(path).startswith(("/dev/stdout", "/dev/stderr", "/dev/fd/")) or path.is_fifo() or path.is_char_device()


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn system errors that concern the whole disk into one line that names ``path``.

    Raises:
        CannotWrite: the disk is full, read-only, broken or over quota.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in NO_MORE:
            raise
        reason = os.strerror(error.errno)
        raise CannotWrite(f"cannot write {path}: {reason}; {KEPT}") from error


def remove_parts(folder: Path) -> None:
    """Remove files that killed processes left half-written below ``folder``; links are not followed."""
    for top, _, names in os.walk(folder):
        for name in names:
            if name.endswith(PART) or _MADE.fullmatch(name):
                Path(top, name).unlink(missing_ok=True)
