"""``fsrbench drift --watch FOLDER``: score new pictures there, and compare the last ones with the reference."""

from __future__ import annotations

import re
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from fsrbench.drift import as_json, history
from fsrbench.drift.command import HOLDS, MOVED, Settings, write_refusal, write_verdict
from fsrbench.drift.compare import compare
from fsrbench.drift.journal import Journal
from fsrbench.drift.memory import Memory
from fsrbench.drift.new_files import NewFiles
from fsrbench.drift.verdict import Verdict
from fsrbench.drift.windows import BY_HR, Window
from fsrbench.errors import CannotWrite, FsrbenchError, UserError, counted, one_of
from fsrbench.files.folders import make_folder, only_writer
from fsrbench.gate.findings import Refusal

if TYPE_CHECKING:  # imports torch
    from fsrbench.drift.score import Scored

JOURNAL: Final = "journal.jsonl"
PAGE: Final = "history.html"
EVERY: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd])")
SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
NEEDS_HR_LR: Final = ("consistency",)
"""Metrics that need LR made by the run from HR."""


@dataclass(frozen=True)
class Watched:
    """What is watched, and how."""

    folder: Path
    out: Path
    window: int = 200
    pictures: str = "lr"
    device: str = "auto"
    offline: bool = False


def watch_command(watched: Watched, settings: Settings, every: str = "1h", once: bool = False) -> int:
    """Watch a folder: a round now and, unless ``once``, another one each time ``every`` has passed.

    The folder's files are read and never changed. A journal in ``out`` records what was seen; a kill loses at most the
    pictures being scored, which the next round scores.

    Returns:
        With ``once``: 0 nothing moved, 1 something did.

    Raises:
        UserError: the folder, the reference or ``out`` cannot be used; with ``once`` also: nothing can be compared.
    """
    settings.check()
    pause = seconds(every)
    watch = _prepared(watched, settings)
    with only_writer(watched.out):
        memory = watch.open()
        while True:
            began = time.monotonic()
            try:
                code = watch.round(memory)
            except (FsrbenchError, OSError) as error:
                if once:
                    raise
                print(f"fsrbench: {error}", file=sys.stderr, flush=True)
            if once:
                return code
            time.sleep(max(0.0, pause - (time.monotonic() - began)))


def seconds(text: str) -> float:
    """A time such as ``30s``, ``10m``, ``1h`` or ``1d`` in seconds.

    Example:
        >>> seconds("10m"), seconds("1.5h")
        (600.0, 5400.0)

    Raises:
        UserError: it is not a time.
    """
    found = EVERY.fullmatch(text.strip())
    if not found or float(found[1]) <= 0:
        raise UserError(f"--every {text!r}: write a number and s, m, h or d, such as 10m")
    return float(found[1]) * SECONDS[found[2]]


def _prepared(watched: Watched, settings: Settings) -> _Watch:
    """Check the arguments before anything is written."""
    one_of("kind of pictures", watched.pictures, ("lr", "sr"))
    if not watched.folder.is_dir():
        raise UserError(f"{watched.folder}: no such folder to watch")
    _check_apart(watched, settings.output)
    reference = settings.reference()
    make_folder(watched.out, lambda: (watched.out / JOURNAL).exists(), "give --out a new or an earlier watch's folder")
    return _Watch(watched, settings, reference)


def _check_apart(watched: Watched, output: Path | None) -> None:
    """Refuse paths that would write into the watched folder, clear it, or replace the watch's own files."""
    folder, out = watched.folder.resolve(), watched.out.resolve()
    for flag, path in (("--out", watched.out), ("--output", output)):
        if path is not None and path.resolve().is_relative_to(folder):
            raise UserError(f"{flag} {path} is inside the watched folder, which is never written to")
    if folder.is_relative_to(out):
        raise UserError(f"--out {watched.out} contains the watched folder; give it a folder of its own")
    if output is not None and output.resolve() in (out / JOURNAL, out / PAGE):
        raise UserError(f"--output {output} is the watch's own file; name another one")


@dataclass(frozen=True)
class _Watch:
    watched: Watched
    settings: Settings
    reference: Window

    def open(self) -> Memory:
        """Open the memory of earlier rounds."""
        setup = {"method": self.reference.method, "task": self.reference.task, "pictures": self.watched.pictures}
        return Memory(Journal(self.watched.out / JOURNAL), setup)

    def round(self, memory: Memory) -> int:
        """Score new pictures, compare, write."""
        try:
            self._add_new(memory)
            verdict = self._compare(memory)
        except FsrbenchError as error:
            refusal = Refusal(self.watched.folder, self.settings.against, str(error).splitlines())
            write_refusal(refusal, self.settings)
            if not isinstance(error, CannotWrite):  # then nothing can be remembered
                self._keep(memory, {"errors": refusal.reasons})
            raise
        write_verdict(verdict, self.settings)
        self._keep(memory, {"verdict": as_json.model(verdict).model_dump(mode="json")})
        return MOVED if verdict.red else HOLDS

    def _add_new(self, memory: Memory) -> None:
        """Score new pictures and remember them."""
        new = NewFiles(self.watched.folder, memory)
        for batch in new.batches():
            record = batch.record(self._score)
            memory.add(record, batch.descriptors, self.watched.window)
        lines = [counted(new.scored, "new picture")] + [f"{n} {what}" for what, n in new.others().items() if n]
        print(f"{self.watched.folder}: {', '.join(lines)}; {len(memory.entries)} in total", flush=True)

    def _score(self, files: dict[str, bytes]) -> Scored:
        from fsrbench.drift.score import score

        of_sr = self.watched.pictures == "sr"
        skipped = (*NEEDS_HR_LR, *(BY_HR if self.reference.has_hr else ()), *(("identity_lr",) if of_sr else ()))
        metrics = [name for name in self.reference.protocols if name not in skipped]
        options: dict[str, Any] = {"device": self.watched.device, "offline": self.watched.offline}
        return score(files, self.reference.method, self.reference.task, metrics, of_sr, **options)

    def _compare(self, memory: Memory) -> Verdict:
        """The last pictures against the reference."""
        if not memory.entries:
            raise UserError(f"{self.watched.folder}: no pictures yet")
        name = str(self.watched.folder)
        window = memory.window(
            name, self.reference.method, self.reference.task, self.watched.window, self.settings.blocks
        )
        return compare(window, self.reference, self.settings.alpha, self.settings.seed)

    def _keep(self, memory: Memory, outcome: dict[str, object]) -> None:
        """Remember what a check found, and draw the page."""
        memory.check(datetime.now(UTC).isoformat(timespec="seconds"), outcome)
        history.write(self.watched.out / PAGE, memory, self.watched.folder, self.reference, self.watched.window)
