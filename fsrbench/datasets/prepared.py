"""Datasets written by ``fsrbench data``: their folders, their manifest, and where named ones are kept."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from fsrbench.errors import UserError
from fsrbench.files.atomic import disk_errors, whole
from fsrbench.files.folders import make_folder, only_writer
from fsrbench.machine.console import Reporter

MANIFEST: Final = "dataset.json"
SCHEMA: Final = 1
ENVIRONMENT: Final = "FSRBENCH_DATA"
SIDES: Final = ("HR", "LR")
_NAME: Final = re.compile(r"[\w-][\w.+-]{0,99}")


def home() -> Path:
    """The folder of named datasets: ``$FSRBENCH_DATA``, or the user's data folder."""
    if folder := os.environ.get(ENVIRONMENT):
        return Path(folder).expanduser()
    return Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share").expanduser() / "fsrbench" / "data"


def resolve(destination: str) -> Path:
    """The folder for a name or path; a word without a slash is a name.

    Raises:
        UserError: the name of a built-in or plug-in dataset, or an unknown ``~user``.
    """
    from fsrbench.datasets.base import DATASETS

    if not _NAME.fullmatch(destination):
        try:
            return Path(destination).expanduser()
        except RuntimeError as error:  # an unknown ~user
            raise UserError(f"{destination}: {error}") from None
    if destination in DATASETS:
        raise UserError(f"{destination} is a registered dataset; choose another name, or ./{destination}")
    return home() / destination


def find(name: str) -> Path | None:
    """The folder of a named dataset, if it exists."""
    if not _NAME.fullmatch(name):
        return None
    try:
        folder = home() / name
        return folder if (folder / MANIFEST).is_file() else None
    except (OSError, RuntimeError):  # no permission, no home
        return None


def names() -> list[str]:
    """The names of all named datasets."""
    try:
        return sorted(folder.name for folder in home().iterdir() if find(folder.name))
    except (OSError, RuntimeError):
        return []


def read_manifest(text: bytes) -> dict[str, Any] | None:
    """The contents of a ``dataset.json``; ``None`` if fsrbench did not write it."""
    try:
        manifest = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(manifest, dict) or manifest.get("format") != "fsrbench-dataset":
        return None
    kinds = {"settings": dict, "counts": dict, "files": list}
    return manifest if all(isinstance(manifest.setdefault(k, kind()), kind) for k, kind in kinds.items()) else None


def manifest_of(folder: Path) -> dict[str, Any] | None:
    """The manifest of a dataset's folder."""
    try:
        return read_manifest((folder / MANIFEST).read_bytes())
    except OSError:
        return None


def describe(folder: Path) -> str:
    """One line on a named dataset, for ``fsrbench list datasets``."""
    manifest = manifest_of(folder)
    if manifest is None:
        return f"{folder}: {MANIFEST} cannot be read"
    if not manifest.get("complete"):
        return f"incomplete: `fsrbench data` was stopped; {folder}"
    counts, settings = manifest["counts"], manifest["settings"]
    how = settings.get("degradation") or f"{manifest.get('split')} split, crop {settings.get('crop')}"
    return f"{manifest.get('title')}, {how}: {counts.get('pictures')} pictures; {folder}"


@contextmanager
def locked(
    folder: Path, settings: dict[str, Any], ids: Collection[str], resume: bool, reporter: Reporter
) -> Iterator[None]:
    """Create a dataset's folder, or continue one with the same settings; no other process writes to it in the block.

    Args:
        folder: of the dataset.
        settings: what every picture depends on.
        ids: the pictures it will hold.
        resume: whether to keep the pictures in it.
        reporter: receives the number of removed pictures.

    Raises:
        UserError: it cannot be created, holds other files, has other settings or only other pictures, or is being
            written.
    """
    make_folder(folder, lambda: manifest_of(folder) is not None, "give a new folder or name")
    before = manifest_of(folder)
    with only_writer(folder, "give another folder"):
        present = _pictures(folder)
        if before is not None and not resume:
            _clear(folder, before)
        elif before is not None and before["settings"] != settings:
            raise UserError(
                f"{folder} was made with other settings: {_differences(before['settings'], settings)}; --fresh"
            )
        elif present and present.isdisjoint(ids):
            raise UserError(
                f"{folder} holds {len(present)} other pictures, e.g. {min(present)[:80]!r}; --fresh removes them"
            )
        yield
        if gone := present - _pictures(folder):
            reporter.say(f"{len(gone)} pictures removed from {folder}")


def write_manifest(folder: Path, manifest: dict[str, Any]) -> None:
    """Write ``dataset.json``."""
    text = json.dumps({"format": "fsrbench-dataset", "schema": SCHEMA} | manifest, indent=1, ensure_ascii=False)
    write_file(folder / MANIFEST, (text + "\n").encode("utf-8", errors="backslashreplace"))


def write_csv(path: Path, heading: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file, whole or not at all."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(heading)
    writer.writerows(rows)
    write_file(path, text.getvalue().encode("utf-8", errors="backslashreplace"))


def write_file(path: Path, data: bytes) -> None:
    """Write a file, whole or not at all."""
    with disk_errors(path), whole(path) as part:
        part.write_bytes(data)


def tidy(folder: Path, side: str, ids: Iterable[str]) -> None:
    """Remove pictures of HR/ or LR/ that are not in the dataset, and folders that become empty."""
    belonging = {folder / side / f"{image}.png" for image in ids}
    if (folder / side).is_symlink():
        return
    for top, _, files in os.walk(folder / side, topdown=False):
        for file in (Path(top, name) for name in files if name.endswith(".png")):
            if file not in belonging:
                file.unlink()
        if Path(top) != folder / side and not any(Path(top).iterdir()):
            Path(top).rmdir()


def _pictures(folder: Path) -> set[str]:
    """Ids of the pictures in HR/ and LR/; pictures behind a link are not the dataset's."""
    sides = [folder / side for side in SIDES if not (folder / side).is_symlink()]
    found = ((side, path) for side in sides for path in side.rglob("[!.]*.png"))
    return {path.relative_to(side).with_suffix("").as_posix() for side, path in found}


def _clear(folder: Path, manifest: dict[str, Any]) -> None:
    for side in SIDES:
        if (folder / side).is_symlink():  # its target is not ours to remove
            (folder / side).unlink()
        elif (folder / side).is_dir():
            shutil.rmtree(folder / side)
    for name in manifest["files"]:
        if isinstance(name, str) and "/" not in name:
            (folder / name).unlink(missing_ok=True)


def _differences(before: dict[str, Any], now: dict[str, Any]) -> str:
    names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    return ", ".join(f"{name} {before.get(name)!s:.60} and not {now.get(name)!s:.60}" for name in names)
