"""Run work in one process or in several; results come in the order of the work."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from typing import Any, Final, TypeVar

from fsrbench.errors import FsrbenchError
from fsrbench.process.state import quiet_pillow

Work = TypeVar("Work")
Result = TypeVar("Result")
CHUNK: Final = 16
"""Pictures that a process gets at a time."""


def run_all(do: Callable[[Work], Result], work: Sequence[Work], workers: int) -> Iterator[Result]:
    """Do all work; with one worker, in this process.

    Raises:
        FsrbenchError: what the work raises, or a process died.
    """
    if workers == 1 or len(work) <= CHUNK:
        yield from map(do, work)
        return
    context = multiprocessing.get_context("spawn")  # forks would share the file positions of open archives
    pool = ProcessPoolExecutor(workers, context, initializer=_start, initargs=(do,))
    try:
        yield from pool.map(_do, work, chunksize=CHUNK)
    except BrokenProcessPool:
        raise FsrbenchError("a process was killed, perhaps out of memory; try fewer --workers") from None
    finally:
        pool.shutdown(cancel_futures=True)


_work: Callable[[Any], Any]


def _start(do: Callable[[Any], Any]) -> None:
    global _work
    _work = do
    quiet_pillow()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent
    if parent := multiprocessing.parent_process():
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _do(work: Any) -> Any:
    return _work(work)


def _end_with(sentinel: int) -> None:
    """Exit with the parent: if it is killed, it does not end the pool, whose processes would wait for ever."""
    wait([sentinel])
    os._exit(1)
