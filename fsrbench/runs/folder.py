"""The run's folder: made before any work, its data files written after."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from fsrbench.files.atomic import whole
from fsrbench.files.folders import make_folder, only_writer
from fsrbench.files.labels import GROUPS, label_rows
from fsrbench.runs.descriptors import FILE as DESCRIPTORS
from fsrbench.runs.descriptors import write_descriptors
from fsrbench.runs.frames import Frames
from fsrbench.runs.names import CACHE, MANIFEST
from fsrbench.runs.set_groups import FILE as SET_GROUPS


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Make the run's folder and lock it: inside, no other process writes to it.

    Raises:
        UserError: it cannot be made, holds something other than a run, or another process writes to it.
    """
    make(path, resume=True)
    with only_writer(path):
        yield


def make(path: Path, resume: bool) -> None:
    """Make the run's folder; without ``resume`` an earlier run's cache is deleted.

    Raises:
        UserError: it cannot be made or written to, or holds something other than a run.
    """
    instead = "give --out a new or an earlier run's folder"
    make_folder(path, lambda: (path / MANIFEST).exists() or (path / CACHE).exists(), instead)
    if not resume:
        _forget(path / CACHE)


def _forget(cache: Path) -> None:
    if cache.is_symlink():  # files elsewhere are not the run's to remove
        cache.unlink()
    shutil.rmtree(cache, ignore_errors=True)


def write(path: Path, frames: Frames, manifest: Mapping[str, Any]) -> None:
    """Write the data files of the run's folder: all of them, or none if the disk is full.

    Raises:
        CannotWrite: the disk is full or read-only.
    """
    text = json.dumps(manifest, indent=1, ensure_ascii=False)
    heading, rows = label_rows(frames.labels, frames.images["image"])
    with ExitStack() as parts:  # all are renamed into place together, after the last is written

        def part(name: str) -> Path:
            return parts.enter_context(whole(path / name))

        part(MANIFEST).write_text(text + "\n", encoding="utf-8", errors="backslashreplace")
        for name in ("images", "blocks", "curves", "details", "summary"):
            getattr(frames, name).to_csv(part(f"{name}.csv"), index=False)
        if len(frames.properties.columns):
            frames.properties.to_csv(part("properties.csv"), index=False, float_format="%.5g")
        if rows:
            with part(GROUPS).open("w", encoding="utf-8", errors="backslashreplace", newline="") as text_file:
                csv.writer(text_file, lineterminator="\n").writerows([heading, *rows])
        with part("scores.parquet").open("wb") as file:  # pyarrow refuses paths that are not valid Unicode
            frames.scores.to_parquet(file, index=False)
        if len(frames.set_groups):
            frames.set_groups.to_csv(part(SET_GROUPS), index=False)
        if frames.descriptors:
            write_descriptors(part(DESCRIPTORS), frames.descriptors)
    written = {GROUPS: bool(rows), SET_GROUPS: bool(len(frames.set_groups)), DESCRIPTORS: bool(frames.descriptors)}
    for name in (name for name, there in written.items() if not there):
        (path / name).unlink(missing_ok=True)  # of an earlier run
