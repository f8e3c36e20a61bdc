"""What a call may not do: run for ever, or change anything outside the folder it was given."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil


class TooSlow(BaseException):
    """A call took longer than it may; no ``except Exception`` stops it."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raise :class:`TooSlow` inside after so many seconds."""

    def stop(*_: object) -> None:
        raise TooSlow(f"more than {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def snapshot(folder: Path, without: Path) -> dict[str, tuple[int, int, int]]:
    """Kind of everything below a folder but one folder, time of change and, of files, size."""
    found, waiting = {}, [str(folder)]
    while waiting:  # os.walk calls itself, and some folders are deep
        for entry in os.scandir(waiting.pop()):
            if entry.path == str(without):
                continue
            status = entry.stat(follow_symlinks=False)
            # The folder that holds the run's changes its time when the run's is made
            changed = 0 if entry.path == str(without.parent) else status.st_mtime_ns
            deeper = entry.is_dir(follow_symlinks=False)
            # How large a folder is depends, in some file systems, on how many files it holds
            found[entry.path] = (status.st_mode, 0 if deeper else status.st_size, changed)
            if deeper:
                waiting.append(entry.path)
    return found


def running(pid: int | None = None) -> list[psutil.Process]:
    """Processes that this or another process started, without those that Python keeps to start and to clean up."""
    found = []
    for process in (parent := psutil.Process(pid)).children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            # A fork of the server has its command line too
            kept = process.ppid() == parent.pid and "import main" in " ".join(process.cmdline())
            if not kept and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def started_since(before: set[psutil.Process]) -> set[psutil.Process]:
    """What runs now and did not then, without what those of then have started, as a browser does at any time."""
    found = set()
    for process in set(running()) - before:
        with suppress(psutil.NoSuchProcess):
            if not before.intersection(process.parents()):
                found.add(process)
    return found
