"""Whether a requested run is finished already, from file times alone, without heavy imports.

On another machine it never is: scores come from the cache, but speed is measured again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from fsrbench import weights
from fsrbench.errors import FsrbenchError
from fsrbench.files.atomic import whole
from fsrbench.machine.facts import speed_facts, threads
from fsrbench.provenance.versions import versions
from fsrbench.spec import RunSpec

NAME = "finished.json"
IRRELEVANT = ("resume", "offline", "out", "workers", "scheduler", "cache_limit")
"""Fields of a specification that do not affect the scores."""
Stamp = tuple[int, int, int]
"""Size in bytes, mtime and ctime in nanoseconds: a copy may keep the mtime, not the ctime."""
MISSING: Stamp = (-1, 0, 0)


def remember(
    folder: Path,
    spec: RunSpec,
    files: Iterable[Path],
    weight_files: Iterable[str],
    missing: Iterable[str | tuple[Path, ...]] = (),
) -> None:
    """Record what a finished run depended on.

    Args:
        folder: the run's cache folder.
        spec: the run's specification.
        files: files and folders that were read; of a folder everything below counts.
        weight_files: names of the weight files that metrics and methods read.
        missing: what was missing (see :class:`fsrbench.errors.Unavailable`); once it is there, or may be downloaded,
            the run is no longer finished.
    """
    lacking = list(missing)
    files = [*files, *(folder for folders in lacking if not isinstance(folders, str) for folder in folders)]
    record = {
        "versions": versions(),
        "machine": speed_facts(),
        "threads": threads(),
        "spec": _relevant(spec),
        "weights": {name: str(weights.find(name)) for name in weight_files},
        "missing": [name for name in lacking if isinstance(name, str) and name in weights.known_files()],
        "may_ask": bool(lacking) and spec.offline,
        "files": {str(path): _stamp(path) for path in _below(files)},
        "outputs": [path.relative_to(spec.out.absolute()).as_posix() for path in _written(spec.out, folder)],
    }
    with whole(folder / NAME) as part:
        part.write_text(json.dumps(record), encoding="utf-8")


def forget(folder: Path) -> None:
    """Mark the run as not finished."""
    (folder / NAME).unlink(missing_ok=True)


def is_current(folder: Path, spec: RunSpec) -> bool:
    """Whether ``spec`` was finished here, and nothing that it depends on has changed since."""
    try:
        record = json.loads((folder / NAME).read_text(encoding="utf-8"))
        return (
            record["versions"] == versions()
            and record["machine"] == speed_facts()
            and threads() in (None, record["threads"])
            and record["spec"] == _relevant(spec)
            and all((spec.out / name).exists() for name in record["outputs"])
            and not (record["may_ask"] and not spec.offline)
            and not any(map(weights.is_available, record["missing"]))
            and all(str(weights.find(name)) == path for name, path in record["weights"].items())
            and all(_stamp(Path(path)) == tuple(stamp) for path, stamp in record["files"].items())
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, FsrbenchError):
        return False  # missing, damaged, or something that it depended on is gone


def _relevant(spec: RunSpec) -> Mapping[str, Any]:
    return {name: value for name, value in spec.as_json().items() if name not in IRRELEVANT}


def _written(out: Path, cache: Path) -> Iterator[Path]:
    """The run's output: if any of it is gone, the run counts as not finished."""
    for path in out.absolute().iterdir():
        if path != cache.absolute() and not path.name.startswith("."):
            yield from _below([path])


def _below(paths: Iterable[Path]) -> Iterator[Path]:
    """Absolute paths of files and of folders with all their content; a folder's time changes with new files."""
    waiting = [path.absolute() for path in paths]
    seen: set[tuple[int, int]] = set()
    while waiting:
        path = waiting.pop()
        yield path
        # A link to a parent folder would be followed forever
        if path.is_dir() and (number := (path.stat().st_dev, path.stat().st_ino)) not in seen:
            seen.add(number)
            waiting += path.iterdir()


def _stamp(path: Path) -> Stamp:
    try:
        status = path.stat()
    except OSError:
        if not os.path.lexists(path):
            return MISSING
        status = path.lstat()  # a broken link, which the run has reported
    return (0 if path.is_dir() else status.st_size), status.st_mtime_ns, status.st_ctime_ns
