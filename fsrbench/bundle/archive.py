"""The zip of an untrusted bundle: opened only if its entries are files of a bundle and of limited size."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path
from typing import Final

from fsrbench.bundle.names import DOCUMENT, why_refused
from fsrbench.datasets.storage import MAX_BYTES, ZipFiles
from fsrbench.errors import UserError

MOST_FILES: Final = 250_000
"""All of CelebA has 202,599 pictures."""
MOST_BYTES: Final = 64 * 2**30
"""Maximum bytes of all files together, unpacked."""
MOST_RATIO: Final = 500
"""Maximum ratio of unpacked to packed size; tables of equal numbers reach 100, and deflate's limit is 1,032."""
SMALL: Final = 2**20
"""Files below this size may have any ratio."""


def open_archive(path: Path) -> ZipFiles:
    """The zip, whose files are read one at a time and never extracted to disk.

    Raises:
        UserError: it is not a readable zip, or an entry does not belong in a bundle.
    """
    if not path.exists():
        raise UserError(f"{path}: no such file")
    if not path.is_file():
        raise UserError(f"{path}: not a file")
    archive = ZipFiles(path)
    entries = archive.entries()
    if len(entries) > MOST_FILES:
        raise UserError(f"{path}: holds {len(entries):,} files; a bundle has at most {MOST_FILES:,}")
    seen: set[str] = set()
    for entry in entries:
        if reason := _why_refused(entry) or ("appears twice" if entry.filename in seen else ""):
            raise UserError(f"{path}: {entry.filename[:200]!r} {reason}")
        seen.add(entry.filename)
    if sum(entry.file_size for entry in entries) > MOST_BYTES:
        raise UserError(f"{path}: unpacks to more than {MOST_BYTES // 2**30} GiB")
    if DOCUMENT not in seen:
        raise UserError(f"{path} is not a bundle: it has no {DOCUMENT}; `fsrbench submit` makes one")
    return archive


def _why_refused(entry: zipfile.ZipInfo) -> str:
    if reason := why_refused(entry.filename):
        return reason
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG):
        return "is a link, which a bundle may not have" if kind == stat.S_IFLNK else "is not a regular file"
    if entry.flag_bits & 0x1:
        return "is encrypted"
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "is compressed by another method than deflate"
    if entry.file_size > MAX_BYTES:
        return f"has more than {MAX_BYTES // 2**20} MiB"
    if entry.file_size > SMALL and entry.file_size > MOST_RATIO * entry.compress_size:
        return f"grows more than {MOST_RATIO} times, as only a zip bomb does"
    return ""
