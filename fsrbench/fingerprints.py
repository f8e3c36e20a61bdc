"""What changes when somebody's code does: so that stored results of the code before are not taken for its own."""

from __future__ import annotations

import hashlib
import inspect
import sys
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

LIBRARIES: Final = frozenset({"torch", "torchvision", "numpy", "scipy", "PIL", *sys.stdlib_module_names})
"""Modules whose version is in every key of a stored result; see :mod:`fsrbench.versions`."""


def source(code: Any) -> Path | None:
    """The file that a class, function or module was written in; ``None`` if it was made in a shell or notebook."""
    try:
        found = inspect.getsourcefile(code) or inspect.getfile(code)  # the latter of compiled code
    except (TypeError, OSError):
        return None
    return Path(found) if found and Path(found).exists() else None


def is_library(module: str | None) -> bool:
    """Whether a module of this name is in one of :data:`LIBRARIES`."""
    return str(module).partition(".")[0] in LIBRARIES


def _of_library(code: Any) -> bool:
    return is_library(code.__name__ if inspect.ismodule(code) else getattr(code, "__module__", None))


def sources(codes: Iterable[Any]) -> set[Path | None]:
    """The files of classes, functions and modules but for libraries'; ``None`` stands for what has no file."""
    return {source(code) for code in codes if not _of_library(code)}


def of_files(files: Iterable[Path | None]) -> str:
    """Hash of files' content, wherever they lie; another every time where one is ``None``."""
    digests = sorted(_digest(file) if file else uuid.uuid4().hex for file in set(files))
    return hashlib.sha256(" ".join(digests).encode()).hexdigest()


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def plugin_sources(code: type) -> set[Path | None]:
    """The files of a class and its bases; none of our own classes, of which the version tells."""
    return set() if code.__module__.startswith("fsrbench.") else sources(code.__mro__)


def of_plugin(code: type) -> str:
    """Hash of :func:`plugin_sources`; empty for our own classes."""
    files = plugin_sources(code)
    return of_files(files) if files else ""
