"""Comma-separated lists of names, in flags and configuration files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from fsrbench.files.named_methods import split_label

PART: Final = re.compile(r'(?:^|,)(\s*(?:[^",:]+=)?"[^"]*"\s*(?=,|$)|[^,]*)')
QUOTED: Final = re.compile(r'((?:[^",:]+=)?)"([^"]*)"')
"""``"..."`` or ``NAME="..."``."""


def names_in(text: str) -> list[str]:
    """Split a comma-separated list of names.

    Commas inside double quotes do not separate, nor do those in an existing path: in ``images:sr,v2,bicubic`` the
    longest path after ``images:`` that exists is one name.

    Example:
        >>> names_in('bicubic, theirs="images:sr, v2"')
        ['bicubic', 'theirs=images:sr, v2']
    """
    parts = PART.findall(text)
    found: list[str] = []
    while parts:
        together = next((n for n in range(len(parts), 1, -1) if _is_path(",".join(parts[:n]))), 1)
        name = ",".join(parts[:together]).strip()
        found.append(QUOTED.sub(r"\1\2", name) if QUOTED.fullmatch(name) else name)
        parts = parts[together:]
    return [name for name in found if name]


def _is_path(name: str) -> bool:
    """Whether a name is a kind with an existing file or folder, such as ``images:DIR`` or ``NAME=images:DIR``."""
    label, method = split_label(name.strip())
    kind, colon, path = method.partition(":")
    try:
        return bool(
            colon
            and (label == method or "," not in label)
            and re.fullmatch(r"[a-z]+", kind)
            and path
            and Path(path).expanduser().exists()
        )
    except (OSError, RuntimeError, ValueError):
        return False
