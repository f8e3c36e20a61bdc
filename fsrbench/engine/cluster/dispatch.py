"""The main process's side of a cluster: hand out jobs, collect results, fail units that lose workers."""

from __future__ import annotations

import queue
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from uuid import uuid4

from distributed import Client, Future
from distributed.scheduler import KilledWorker

from fsrbench.engine.cluster.remote import Done, Setting, run_units
from fsrbench.engine.context import Context
from fsrbench.engine.plan import REFERENCE, Unit
from fsrbench.engine.results import UnitResult
from fsrbench.errors import UserError
from fsrbench.machine.console import Reporter

LOOKAHEAD = 4
"""Jobs per worker that may be submitted, or finished out of order; bounds the memory."""
TRIES = 2
"""Workers that a unit may lose before it fails."""
GIVE_UP = 12
"""A method's other units are not tried after this many of its units have failed like this."""
FETCH_SECONDS = 60.0
"""Timeout for fetching a result, in seconds."""
MEND_SECONDS = 20.0
"""Seconds that workers may be missing before new ones are started."""
PAUSE = 0.5
"""Seconds between checks for new workers."""


@dataclass(eq=False)
class Job:
    """Units of one shard for one worker, and their places in the plan."""

    places: list[int]
    units: list[Unit]
    lost: int = 0
    """Workers that were lost with it."""


def make_jobs(units: Sequence[Unit], workers: int) -> list[Job]:
    """One job per shard, in the plan's order; several if there are too few shards for the workers.

    A shard stays together because its pictures are decoded once and every method reads its HR features: 20 methods on
    70,000 faces are 1,100 jobs of 21 units.
    """
    shards = [list(g) for _, g in groupby(enumerate(units), lambda u: (u[1].method == REFERENCE, u[1].shard.index))]
    parts = -(-2 * workers // max(1, len(shards))) if len(shards) < 2 * workers else 1
    jobs = []
    for members in shards:
        size = -(-len(members) // min(parts, len(members)))
        for start in range(0, len(members), size):
            places, chosen = zip(*members[start : start + size], strict=True)
            jobs.append((start, Job(list(places), list(chosen))))
    # Split shards: the parts with HR come first, as two parts at once would both extract its features
    return [job for _, job in sorted(jobs, key=lambda one: one[0])] if parts > 1 else [job for _, job in jobs]


class Dispatch:
    """One plan on one cluster.

    Args:
        client: connected to the cluster.
        setting: of the run.
        context: the main process's: workers must have the same methods.
        reporter: shows lost workers.
        patience: seconds without any worker after which it gives up; ``None`` for never.
        mend: replaces workers that are missing.
    """

    def __init__(
        self,
        client: Client,
        setting: Setting,
        context: Context,
        reporter: Reporter,
        patience: float | None = None,
        mend: Callable[[], None] | None = None,
    ) -> None:
        self.client, self.setting, self.context, self.reporter = client, setting, context, reporter
        self.patience, self.mend = patience, mend
        self.lost = 0
        """Jobs that came back because their worker was lost."""
        self.hosts: dict[str, dict[str, Any]] = {}
        """Facts about the workers that computed something, by name."""
        self._again: deque[Job] = deque()
        self._out: dict[Future[Done], Job] = {}
        self._back: queue.SimpleQueue[Future[Done]] = queue.SimpleQueue()
        self._done: dict[int, UnitResult] = {}
        self._next = 0
        self._failures: Counter[str] = Counter()
        self._most, self._waiting = 0, False
        self._all_seen = self._any_seen = time.monotonic()
        """When all workers, and when any worker, was last present."""

    def results(self, units: Sequence[Unit]) -> Iterator[UnitResult]:
        """Compute the units; results come in the plan's order.

        Raises:
            UserError: the cluster is gone, or a worker differs in what scores depend on.
        """
        fresh = deque(make_jobs(units, len(self.client.nthreads())))
        self._span = LOOKAHEAD * max((len(job.units) for job in fresh), default=1)
        try:
            while self._next < len(units):
                self._hand_out(fresh)
                self._collect()
                while self._next in self._done:
                    yield self._done.pop(self._next)
                    self._next += 1
        finally:
            if self._out and self.client.status == "running":
                self.client.cancel(list(self._out))

    def _hand_out(self, fresh: deque[Job]) -> None:
        workers = self._workers()
        end = self._next + self._span * workers
        while len(self._out) < workers:
            job = self._next_job(fresh, end)
            if job is None:
                return
            if self._drop_given_up(job):
                self._submit(job)

    def _next_job(self, fresh: deque[Job], end: int) -> Job | None:
        """A job to repeat, else the first whose place is before ``end``."""
        if self._again:
            return self._again.popleft()
        job = next((job for job in fresh if job.places[0] < end), None)
        if job is not None:
            fresh.remove(job)
        return job

    def _workers(self) -> int:
        """The number of workers now."""
        try:
            found = len(self.client.nthreads())
        except Exception as error:  # Dask, asyncio and the system each raise their own
            raise self._gone() from error
        now = time.monotonic()
        if found >= self._most:
            self._most, self._all_seen = found, now
        elif self.mend and now - self._all_seen > MEND_SECONDS:
            self._all_seen = now
            self.mend()
        if found:
            self._any_seen, self._waiting = now, False
            return found
        if not self._waiting:
            self._waiting = True
            self.reporter.say("no worker is connected; waiting for one")
        if self.patience is not None and now - self._any_seen > self.patience:
            raise UserError(f"no worker for {self.patience:.0f} s; finished work is kept")
        return 0

    def _gone(self) -> UserError:
        return UserError("the connection to the Dask scheduler was lost; finished work is kept")

    def _submit(self, job: Job) -> None:
        # Without naming a worker: Dask would wait for a lost one for ever
        key = f"fsrbench-{uuid4().hex}"
        future = self.client.submit(run_units, self.setting, job.units, key=key, pure=False)
        self._out[future] = job
        future.add_done_callback(self._back.put)

    def _collect(self) -> None:
        """Wait for a job to finish, but not so long that a new worker stays idle."""
        try:
            future = self._back.get(timeout=PAUSE if self._out else PAUSE / 10)
        except queue.Empty:
            return
        job = self._out.pop(future)
        if future.status not in ("finished", "error"):
            raise self._gone()
        try:
            self._accept(job, future.result(timeout=FETCH_SECONDS))
        except KilledWorker as error:
            self._try_again(job, error.allowed_failures + 1)
        except TimeoutError:
            if future.status == "error":
                raise  # raised by the job itself
            self._again.append(job)  # the result was lost with its worker

    def _accept(self, job: Job, done: Done) -> None:
        for method, fingerprint in done.fingerprints.items():
            if fingerprint != self.context.keys.loaded(method):
                raise UserError(f"{method} has other code or weights on worker {done.host['address']} than here")
        self.hosts[done.host["name"]] = done.host
        for place, unit, result in zip(job.places, job.units, done.results, strict=True):
            result.unit = unit
            self._done[place] = result

    def _try_again(self, job: Job, times: int) -> None:
        """A worker was lost, by chance or by its job: try each unit alone, and fail one that loses too many."""
        self.lost += times
        job.lost += times
        what = job.units[0].method if len(job.units) == 1 else f"{len(job.units)} units"
        where = f"{what} on shard {job.units[0].shard.index}"
        if len(job.units) == 1 and job.lost >= TRIES:
            self._failures[job.units[0].method] += 1
            self.reporter.warn(f"{where}: {job.lost} workers were lost with it; failed")
            self._fail(job.places[0], job.units[0], f"{job.lost} worker processes ended while it was computed")
            return
        self.reporter.warn(f"a worker was lost with {where}; trying again")
        alone = [Job([place], [unit]) for place, unit in zip(job.places, job.units, strict=True)]
        self._again.extend(alone if len(alone) > 1 else [job])

    def _drop_given_up(self, job: Job) -> bool:
        """Fail a job's units of methods that were given up; returns whether any unit is left."""
        for place, unit in list(zip(job.places, job.units, strict=True)):
            if self._failures[unit.method] >= GIVE_UP:
                self._fail(place, unit, f"not tried: {unit.method} lost too many worker processes")
                job.places.remove(place)
                job.units.remove(unit)
        return bool(job.units)

    def _fail(self, place: int, unit: Unit, reason: str) -> None:
        facts = self.context.inputs.known_facts(unit.shard)  # not decoded here: decoding may be what ends processes
        ids = [sample.id for sample in unit.shard.samples] if facts is None else facts.ids
        self._done[place] = UnitResult(unit, [], {} if facts is None else facts.problems, dict.fromkeys(ids, reason))
