"""Whether a run that is asked for has been done already, from file times alone: nothing heavy is imported for it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from fsrbench import __version__, weights
from fsrbench.errors import FsrbenchError
from fsrbench.spec import RunSpec

NAME = "finished.json"
OUTPUTS = ("manifest.json", "scores.parquet", "summary.csv", "table.md", "table.tex")
UNASKED = ("resume", "offline", "out")
"""Parts of a specification that change nothing about the scores."""
Stamp = tuple[int, int]
"""Size in bytes and time of the last change in nanoseconds."""


def remember(folder: Path, spec: RunSpec, files: Iterable[Path], weight_files: Iterable[str]) -> None:
    """Write down what a finished run depended on.

    Args:
        folder: where the run keeps what is its own.
        spec: what was asked for.
        files: files and folders that were read; of a folder everything below counts.
        weight_files: names of the metrics' weight files.
    """
    told = {
        "version": __version__,
        "spec": _asked(spec),
        "weights": {name: str(weights.find(name)) for name in weight_files},
        "files": {str(path): _stamp(path) for path in _below(files)},
    }
    (folder / NAME).write_text(json.dumps(told), encoding="utf-8")


def forget(folder: Path) -> None:
    """From now on the run counts as not finished."""
    (folder / NAME).unlink(missing_ok=True)


def is_current(folder: Path, spec: RunSpec) -> bool:
    """Whether ``spec`` was finished here, and nothing that it depends on has changed since."""
    try:
        told = json.loads((folder / NAME).read_text(encoding="utf-8"))
        return (
            told["version"] == __version__
            and told["spec"] == _asked(spec)
            and all((spec.out / name).is_file() for name in OUTPUTS)
            and all(str(weights.find(name)) == path for name, path in told["weights"].items())
            and all(_stamp(Path(path)) == tuple(stamp) for path, stamp in told["files"].items())
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, FsrbenchError):
        return False  # not there, damaged, or something that it depended on is gone


def _asked(spec: RunSpec) -> Mapping[str, Any]:
    return spec.model_dump(mode="json", exclude=set(UNASKED))


def _below(paths: Iterable[Path]) -> Iterator[Path]:
    """Absolute paths of files and of folders with all that is in them; a folder's time tells of new files."""
    for path in paths:
        yield path.absolute()
        yield from _inside(path.absolute(), ())


def _inside(folder: Path, parents: tuple[Path, ...]) -> Iterator[Path]:
    real = folder.resolve()
    if not folder.is_dir() or real in parents:
        return  # a file, or a link back to where we came from
    for entry in os.scandir(folder):
        yield folder / entry.name
        if entry.is_dir():
            yield from _inside(folder / entry.name, (*parents, real))


def _stamp(path: Path) -> Stamp:
    status = path.stat()
    return (0 if path.is_dir() else status.st_size), status.st_mtime_ns
