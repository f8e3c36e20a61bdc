"""Keep a run's cache below a size limit: remove the least recently used files, but none that unfinished work needs."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from fsrbench.engine.context import Context
from fsrbench.engine.plan import REFERENCE, Shard, Unit
from fsrbench.engine.results import UnitResult
from fsrbench.engine.store import HR_PICTURES, INPUTS, PICTURES
from fsrbench.files.size_limit import GIB, entries, remove, remove_unused, removed_note
from fsrbench.machine.console import Reporter


class CacheLimit:
    """The limit of a run in progress; the process that collects the results applies it.

    Results that this run has not used and will not read are removed first; if that is not enough, pictures of finished
    shards, the latest first, because the report and the timing use those of the first images. Features and the checks'
    measurements stay: they are read at the end. Whatever is removed can be made again.

    Args:
        context: of the run.
        units: its plan.
        reporter: shows what is removed.
    """

    def __init__(self, context: Context, units: Sequence[Unit], reporter: Reporter) -> None:
        self._context, self._units, self._reporter = context, units, reporter
        self._limit, self._started = context.spec.cache_limit, time.time_ns()
        self._waiting = Counter(map(_shard, units))
        self._done: list[list[Path]] = []
        """Pictures of finished shards."""
        self._pictures: dict[tuple[bool, int], list[Path]] = {}
        self._warned = False
        self._removed = self._freed = 0

    def add(self, result: UnitResult) -> None:
        """Count a finished unit and apply the limit."""
        if self._limit is None:
            return
        shard = _shard(result.unit)
        files = self._pictures.setdefault(shard, [])
        if result.stored_at:
            files.append(self._context.store.path(PICTURES, result.stored_at))
        self._waiting[shard] -= 1
        if not self._waiting[shard]:
            self._context.inputs.known_facts(result.unit.shard)  # read now: without the file it would be decoded again
            self._done.append([*self._pictures.pop(shard), *self._inputs(result.unit.shard)])
        self.apply()

    def apply(self) -> None:
        """Remove files until the cache is within the limit."""
        if self._limit is None:
            return
        folder = self._context.store.folder
        self._count(remove_unused(folder, self._limit, self._started, self._needed))
        excess = sum(entry.size for entry in entries(folder)) - round(self._limit * GIB)
        if excess > 0:
            self._remove_own(excess)

    def report(self) -> None:
        """Show how much was removed in total."""
        if self._removed and self._limit is not None:
            self._reporter.say(removed_note(self._removed, self._freed, self._limit))

    def _needed(self) -> set[Path]:
        """Pictures that the unfinished work would read if they are stored."""
        waiting = [unit for unit in self._units if self._waiting[_shard(unit)]]
        made = {self._context.store.path(PICTURES, self._context.keys.pictures(u)) for u in waiting if not u.is_given}
        return made.union(*(self._inputs(unit.shard) for unit in waiting))

    def _inputs(self, shard: Shard) -> list[Path]:
        """Where a shard's LR and HR pictures are."""
        store, keys = self._context.store, self._context.keys
        return [store.path(INPUTS, keys.inputs(shard)), store.path(HR_PICTURES, keys.hr(shard))]

    def _remove_own(self, excess: int) -> None:
        if not self._warned:
            self._warned = True
            self._reporter.warn(
                f"--cache-limit {self._limit:g}: this run alone needs more; pictures of finished images are removed, "
                "and made again when they are needed"
            )
        files = (path for shard in reversed(self._done) for path in shard)
        self._count(remove(files, excess))

    def _count(self, removed: tuple[int, int]) -> None:
        if removed[0] and not self._removed and not self._warned:
            self._reporter.say(f"cache: above {self._limit:g} GiB; the least recently used files are removed")
        self._removed, self._freed = self._removed + removed[0], self._freed + removed[1]


def _shard(unit: Unit) -> tuple[bool, int]:
    """Which shard a unit belongs to, of the data or of the reference set."""
    return unit.method == REFERENCE, unit.shard.index
