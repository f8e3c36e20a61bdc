"""New files in a watched folder, a batch at a time; half-written files are left for the next round."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from fsrbench.datasets import FolderFiles
from fsrbench.drift.memory import Memory, Stamp
from fsrbench.errors import FsrbenchError, counted
from fsrbench.pictures.decode import SUFFIXES, BadImage, decode

if TYPE_CHECKING:
    from fsrbench.drift.score import Scored

SETTLED: Final = 2.0
"""Seconds without a change after which a file counts as written."""
PATIENCE: Final = 600.0
"""Seconds after which a file that cannot be decoded no longer counts as still being written."""
BATCH: Final = 32
"""Pictures that are scored and remembered together."""


@dataclass(frozen=True)
class NewFile:
    """One file as it was read."""

    name: str
    content: bytes
    sha256: str
    stamp: Stamp
    size: int
    """Side in pixels of the picture's central square."""

    def facts(self) -> dict[str, Any]:
        """What the journal records about it."""
        return {"name": self.name, "sha256": self.sha256, "stamp": list(self.stamp)}


@dataclass(eq=False)
class Batch:
    """Files of one record: those to be scored, those whose content was seen, and those that are not pictures."""

    new: list[NewFile] = field(default_factory=list)
    known: list[dict[str, Any]] = field(default_factory=list)
    unusable: list[dict[str, Any]] = field(default_factory=list)
    descriptors: dict[str, Mapping[str, np.ndarray]] = field(default_factory=dict)
    """By sha256 of a scored picture: face descriptors of ``lr`` and ``sr``, if known."""

    def record(self, score: Callable[[dict[str, bytes]], Scored]) -> dict[str, Any]:
        """The journal's record, once ``score`` has measured what is new.

        Raises:
            FsrbenchError: none could be scored; the fault is probably the method's, not the pictures'.
        """
        scored = score({file.name: file.content for file in self.new}) if self.new else None
        if scored and not scored.values:
            name, why = next(iter(scored.problems.items()))
            raise FsrbenchError(f"none of {counted(len(self.new), 'new picture')} could be scored; {name}: {why}")
        new = []
        for file in self.new if scored else ():
            assert scored is not None
            if file.name in scored.values:
                size = {"lr_size": float(file.size)} if "lr_brightness" in scored.values[file.name] else {}
                self.descriptors[file.sha256] = scored.descriptors.get(file.name, {})
                new.append({**file.facts(), "day": _day(file.stamp), "values": size | scored.values[file.name]})
            else:
                self.unusable.append({**file.facts(), "why": scored.problems.get(file.name, "")})
        facts = scored.facts if scored else {}
        return {"time": _now(), "new": new, "known": self.known, "unusable": self.unusable, "facts": facts}


class NewFiles:
    """The files of a folder that a memory has not seen.

    Args:
        folder: the folder; only read.
        memory: what was seen; grows while :meth:`batches` is iterated.
    """

    def __init__(self, folder: Path, memory: Memory) -> None:
        self._folder, self._memory = folder, memory
        self.scored = self._known = self._unusable = self._unreadable = self._waiting = 0

    def others(self) -> dict[str, int]:
        """How many files were not scored, and why."""
        return {
            "seen before under another name": self._known,
            "unusable": self._unusable,
            "unreadable": self._unreadable,
            "still being written": self._waiting,
        }

    def batches(self) -> Iterator[Batch]:
        """Batches in the order in which the files were last changed; each must be remembered before the next."""
        batch = Batch()
        for stamp, name in sorted(self._changed()):
            self._sort_in(name, (stamp[1], stamp[0]), batch)
            if len(batch.new) + len(batch.known) + len(batch.unusable) >= BATCH:
                yield batch
                batch = Batch()
        if batch.new or batch.known or batch.unusable:
            yield batch

    def _changed(self) -> Iterator[tuple[tuple[int, int], str]]:
        """Files that are new or changed since they were seen: time of the change, size, and name."""
        for name in FolderFiles(self._folder.absolute()).names():
            if not _is_picture(name) or (stamp := self._stamp(name)) is None:
                continue
            if self._memory.stamps.get(name) != stamp:
                yield (stamp[1], stamp[0]), name

    def _stamp(self, name: str) -> Stamp | None:
        try:
            status = (self._folder / name).stat()
        except OSError:
            return None  # gone again
        return status.st_size, status.st_mtime_ns

    def _sort_in(self, name: str, stamp: Stamp, batch: Batch) -> None:
        age = time.time() - stamp[1] / 1e9
        try:
            content = FolderFiles(self._folder.absolute()).read(name)
        except OSError:
            self._unreadable += 1  # not remembered: permissions change without a file's time
            return
        if 0 <= age < SETTLED or self._stamp(name) != stamp:
            self._waiting += 1
            return
        sha256 = hashlib.sha256(content).hexdigest()
        facts = {"name": name, "sha256": sha256, "stamp": list(stamp)}
        if sha256 in self._memory.hashes or any(file.sha256 == sha256 for file in batch.new):
            self._known += 1
            batch.known.append(facts)
            return
        try:
            picture = decode(content)
        except BadImage as error:
            if 0 <= age < PATIENCE:
                self._waiting += 1
            else:
                self._unusable += 1
                batch.unusable.append({**facts, "why": str(error)})
            return
        self.scored += 1
        batch.new.append(NewFile(name, content, sha256, stamp, min(picture.size)))


def _is_picture(name: str) -> bool:
    """Whether a name is a picture's; hidden files may still be being written."""
    path = PurePosixPath(name)
    return path.suffix.lower() in SUFFIXES and not any(part.startswith(".") for part in path.parts)


def _day(stamp: Stamp) -> str:
    """When a file was last changed; a clock may be off by millennia."""
    try:
        return datetime.fromtimestamp(stamp[1] / 1e9, UTC).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return f"day {stamp[1] // (86400 * 10**9)}"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
