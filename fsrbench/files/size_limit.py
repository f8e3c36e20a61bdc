"""Keep a folder of stored results below a size limit: the least recently used files are removed first."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fsrbench.errors import counted

GIB: Final = 2**30


@dataclass(frozen=True)
class Entry:
    """A stored file."""

    path: Path
    size: int
    used: int
    """When it was last read or written, in nanoseconds; reads are noted by the store."""


def entries(folder: Path) -> Iterator[Entry]:
    """The files of a cache; another process may remove some meanwhile."""
    for path in folder.glob("*/*.npz"):
        with suppress(FileNotFoundError):
            status = path.stat()
            yield Entry(path, status.st_size, max(status.st_atime_ns, status.st_mtime_ns))


def remove(paths: Iterable[Path], excess: int) -> tuple[int, int]:
    """Remove files in their order until ``excess`` bytes are freed.

    Returns:
        Number and bytes of the removed files, without those that another process has removed.
    """
    number = freed = 0
    for path in paths:
        if freed >= excess:
            break
        with suppress(OSError):  # already gone, or on a read-only disk
            size = path.stat().st_size
            path.unlink()
            number, freed = number + 1, freed + size
    return number, freed


def remove_unused(
    folder: Path, limit: float, since: int | None = None, needed: Callable[[], Container[Path]] = tuple
) -> tuple[int, int]:
    """Remove the least recently used files until the cache is below a limit.

    Args:
        folder: of the cache.
        limit: in GiB.
        since: files used since then, in nanoseconds, stay; ``None`` for no such files.
        needed: returns further files that stay; called only if any must go.

    Returns:
        Number and bytes of the removed files.
    """
    found = list(entries(folder))
    excess = sum(entry.size for entry in found) - round(limit * GIB)
    if excess <= 0:
        return 0, 0
    unused = [entry for entry in sorted(found, key=lambda entry: entry.used) if since is None or entry.used < since]
    kept = needed() if unused else ()
    return remove((entry.path for entry in unused if entry.path not in kept), excess)


def removed_note(number: int, size: int, limit: float) -> str:
    """What was removed, in one line.

    >>> removed_note(3, 2**29, 1.5)
    'cache: 3 stored results (0.5 GiB) removed for --cache-limit 1.5'
    """
    return f"cache: {counted(number, 'stored result')} ({size / GIB:.2g} GiB) removed for --cache-limit {limit:g}"
