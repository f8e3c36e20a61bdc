"""Reads ahead: the next shard's images are decoded while this one's are super-resolved and scored."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

from fsrbench.machine.cores import usable_cores

MOST_THREADS = 4
"""Pillow decodes outside Python's lock; four threads give 100 pictures of 1024 px a second, and hold one each."""
T = TypeVar("T")


class Ahead(Generic[T]):
    """One thing that is being made in the background, by key."""

    def __init__(self) -> None:
        self._maker = ThreadPoolExecutor(1, "fsrbench-ahead")
        self.decoders = ThreadPoolExecutor(min(MOST_THREADS, usable_cores()), "fsrbench-decode")
        """For whatever takes pictures one by one."""
        self._coming: tuple[str, Future[T]] | None = None

    def begin(self, key: str, make: Callable[[], T]) -> None:
        """Start to make what will be asked for next; what was begun before is dropped when it is done."""
        self._coming = (key, self._maker.submit(make))

    def take(self, key: str, make: Callable[[], T]) -> T:
        """What was begun under a key; made now if nothing was."""
        if self._coming is None or self._coming[0] != key:
            return make()
        (_, coming), self._coming = self._coming, None
        return coming.result()

    def close(self) -> None:
        """End the threads; what they are at is waited for."""
        self._maker.shutdown(cancel_futures=True)
        self.decoders.shutdown(cancel_futures=True)
