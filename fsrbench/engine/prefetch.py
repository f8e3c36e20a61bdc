"""Prefetching: the next shard's images are decoded while this shard's are super-resolved and scored."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

from fsrbench.machine.cores import usable_cores

MAX_THREADS = 4
"""Pillow decodes without Python's lock; four threads decode 100 pictures of 1024 px a second and hold one each."""
T = TypeVar("T")


class Prefetcher(Generic[T]):
    """Makes one thing in the background, identified by a key."""

    def __init__(self) -> None:
        self._maker = ThreadPoolExecutor(1, "fsrbench-prefetch")
        self.decoders = ThreadPoolExecutor(min(MAX_THREADS, usable_cores()), "fsrbench-decode")
        """Threads that decode single pictures."""
        self._pending: tuple[str, Future[T]] | None = None

    def begin(self, key: str, make: Callable[[], T]) -> None:
        """Start to make the next item; an earlier one that was not taken is dropped once it is made."""
        self._pending = (key, self._maker.submit(make))

    def take(self, key: str, make: Callable[[], T]) -> T:
        """The item that was begun under ``key``, or else made now."""
        if self._pending is None or self._pending[0] != key:
            return make()
        (_, pending), self._pending = self._pending, None
        return pending.result()

    def close(self) -> None:
        """End the threads once they have finished their current work."""
        self._maker.shutdown(cancel_futures=True)
        self.decoders.shutdown(cancel_futures=True)
