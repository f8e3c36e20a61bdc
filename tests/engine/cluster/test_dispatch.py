"""Handing out jobs: bounded, in order, and a unit that ends workers fails alone. The cluster is a made-up one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from fsrbench.datasets import Sample
from fsrbench.engine.plan import Shard, Unit, make_plan
from fsrbench.engine.results import UnitResult
from fsrbench.errors import UserError
from fsrbench.machine.console import Reporter
from fsrbench.runs.names import HR

pytest.importorskip("distributed", reason="the extra [cluster] is not installed")

from distributed.scheduler import KilledWorker

from fsrbench.engine.cluster import dispatch
from fsrbench.engine.cluster.dispatch import GIVE_UP, LOOKAHEAD, TRIES, Dispatch, make_jobs
from fsrbench.engine.cluster.remote import Done

Work = Callable[[list[Unit]], None]
"""What a made-up worker does; raises what the job raises."""


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "PAUSE", 0.001)


class Lost(Exception):
    """The worker's process ended."""


@dataclass(eq=False)
class Promise:
    """A future of the made-up cluster."""

    units: list[Unit]
    address: str
    status: str = "pending"
    callback: Any = None
    error: Exception | None = None

    def add_done_callback(self, callback: Any) -> None:
        self.callback = callback

    def result(self, timeout: float) -> Done:
        if self.error:
            raise self.error
        results = [
            UnitResult(Unit(Shard(u.shard.index, ()), u.method), [s.id for s in u.shard.samples], {}, {})
            for u in self.units
        ]
        return Done(results, {}, {"name": self.address, "address": self.address})


@dataclass
class MadeUp:
    """A client of a cluster whose jobs end when :meth:`nthreads` is asked for, the newest first: never in order."""

    workers: list[str]
    work: Work = lambda units: None
    slow: str | None = None
    """A worker that only comes back when nobody else is busy."""
    out: deque[Promise] = field(default_factory=deque)
    given: list[list[Unit]] = field(default_factory=list)
    most: int = 0
    status: str = "running"

    def nthreads(self) -> dict[str, int]:
        self.settle()
        return dict.fromkeys(self.workers, 1)

    def submit(self, _: Any, __: Any, units: list[Unit], **more: Any) -> Promise:
        free = [worker for worker in self.workers if worker not in {p.address for p in self.out}]
        assert free, "more jobs than workers"
        promise = Promise(list(units), free[0])
        self.out.append(promise)
        self.given.append(list(units))
        return promise

    def settle(self) -> None:
        ready = [p for p in self.out if p.address != self.slow] or list(self.out)
        for promise in ready[-1:]:
            self.out.remove(promise)
            promise.status = "finished"
            try:
                self.work(promise.units)
            except Lost:
                promise.status, promise.error = "error", KilledWorker("task", SimpleNamespace(address="w"), 0)  # type: ignore[arg-type]
            except Exception as error:
                gone = isinstance(error, TimeoutError) and not error.errno  # with the worker that had the result
                promise.status, promise.error = "finished" if gone else "error", error
            promise.callback(promise)

    def cancel(self, futures: list[Promise]) -> None:
        for future in futures:
            self.out.remove(future)


def shards(count: int, size: int = 3) -> list[Shard]:
    return [Shard(i, tuple(Sample(f"{i}/{n}") for n in range(size))) for i in range(count)]


class Heard(Reporter):
    """Keeps the lines it is given."""

    def __init__(self) -> None:
        super().__init__(Console(quiet=True))
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)

    warn = say


@dataclass
class Played:
    client: MadeUp
    scratch: Path
    patience: float | None = None
    mend: Callable[[], None] | None = None
    reporter: Heard = field(default_factory=Heard)

    def results(self, units: list[Unit]) -> Iterator[UnitResult]:
        setting: Any = SimpleNamespace(scratch=self.scratch)
        context: Any = SimpleNamespace(inputs=SimpleNamespace(known_facts=lambda shard: None))
        client: Any = self.client
        self.of = Dispatch(client, setting, context, self.reporter, self.patience, self.mend)
        return self.of.results(units)


def plan(count: int, *methods: str) -> list[Unit]:
    return make_plan(shards(count), [*methods, HR])


@pytest.mark.parametrize("workers", [1, 3])
def test_results_come_in_the_plans_order_each_once(tmp_path: Path, workers: int) -> None:
    units = plan(20, "a", "b")
    played = Played(MadeUp([f"w{i}" for i in range(workers)]), tmp_path)
    assert [r.unit for r in played.results(units)] == units
    assert [u for job in played.client.given for u in job] == units


def test_window_is_bounded(tmp_path: Path) -> None:
    units = plan(100, "a", "b")
    client = MadeUp(["w0", "w1", "w2"], slow="w0")
    played = Played(client, tmp_path)
    taken = 0
    most = 0
    for _ in played.results(units):
        taken += 1
        most = max(most, sum(map(len, client.given)) - taken)
    assert taken == len(units)
    bound = LOOKAHEAD * 3 * 3
    assert bound / 2 < most <= bound  # the slow worker makes the others run ahead, but not far


def test_what_is_out_is_cancelled_when_nobody_listens(tmp_path: Path) -> None:
    client = MadeUp(["w0", "w1"])
    results = Played(client, tmp_path).results(plan(10, "a"))
    next(results)
    assert client.out
    results.close()
    assert not client.out


def test_shards_stay_together_unless_workers_would_be_idle() -> None:
    units = make_plan(shards(1100), [f"m{i}" for i in range(20)] + [HR])
    jobs = make_jobs(units, 100)
    assert [len(job.units) for job in jobs] == [21] * 1100
    assert [place for job in jobs for place in job.places] == list(range(len(units)))
    few = make_jobs(make_plan(shards(2), ["a", "b", HR]), 4)
    # HR images first: the others read their features
    assert [[u.method for u in job.units] for job in few] == [[HR], [HR], ["a"], ["a"], ["b"], ["b"]]
    assert make_jobs([], 3) == []


def test_a_lost_worker_changes_nothing(tmp_path: Path) -> None:
    units, deaths = plan(6, "a", "b"), [3]

    def work(members: list[Unit]) -> None:
        if members[0].shard.index == 2 and deaths[0]:
            deaths[0] -= 1
            raise Lost

    played = Played(MadeUp(["w0", "w1"], work), tmp_path)
    found = list(played.results(units))
    assert [r.unit for r in found] == units
    assert all(r.ids and not r.problems for r in found)
    assert played.of.lost == 3


def deadly(method: str, *indices: int) -> Work:
    """Loses a worker with a method on some shards, every time."""

    def work(units: list[Unit]) -> None:
        if any(unit.method == method and unit.shard.index in indices for unit in units):
            raise Lost

    return work


def test_a_unit_that_loses_workers_fails_alone_with_the_reason(tmp_path: Path) -> None:
    units = plan(4, "a", "b")
    played = Played(MadeUp(["w0", "w1"], deadly("a", 1)), tmp_path)
    found = list(played.results(units))
    assert [r.unit for r in found] == units
    (failed,) = [r for r in found if r.problems]
    assert (failed.unit.method, failed.unit.shard.index, failed.ids) == ("a", 1, [])
    assert failed.problems == dict.fromkeys(["1/0", "1/1", "1/2"], "2 worker processes ended while it was computed")
    assert sum(units[units.index(failed.unit)] in job for job in played.client.given) == TRIES + 1  # once with others
    assert any("a on shard 1: 2 workers were lost with it; failed" in line for line in played.reporter.lines)


def test_a_method_that_always_ends_workers_is_given_up_and_the_others_go_on(tmp_path: Path) -> None:
    units = plan(60, "a", "b")
    client = MadeUp(["w0", "w1"], deadly("a", *range(60)))
    found = list(Played(client, tmp_path).results(units))
    assert [r.unit for r in found] == units
    failed = [r for r in found if r.problems]
    assert {r.unit.method for r in failed} == {"a"}
    assert len(failed) == 60
    tried = [r for r in failed if "ended while it was computed" in next(iter(r.problems.values()))]
    assert GIVE_UP <= len(tried) <= GIVE_UP + 2  # two workers
    assert "not tried: a lost too many worker processes" in failed[-1].problems.values()
    assert len(client.given) < 60 * 3


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), TimeoutError(110, "Connection timed out")])
def test_other_errors_are_raised(tmp_path: Path, error: OSError) -> None:
    def work(units: list[Unit]) -> None:
        raise error

    with pytest.raises(type(error), match=error.strerror):
        list(Played(MadeUp(["w0"], work), tmp_path).results(plan(3, "a")))


def test_a_result_that_is_lost_with_its_worker_is_made_again(tmp_path: Path) -> None:
    units, losses = plan(4, "a"), [2]

    def work(members: list[Unit]) -> None:
        if members[0].shard.index == 1 and losses[0]:
            losses[0] -= 1
            raise TimeoutError

    played = Played(MadeUp(["w0"], work), tmp_path)
    found = list(played.results(units))
    assert [r.unit for r in found] == units
    assert all(r.ids for r in found)
    assert (played.of.lost, losses) == (0, [0])


def test_without_workers_it_waits_and_then_gives_up(tmp_path: Path) -> None:
    played = Played(MadeUp([]), tmp_path, patience=0.1)
    with pytest.raises(UserError, match="no worker for 0 s"):
        list(played.results(plan(3, "a")))
    assert played.reporter.lines == ["no worker is connected; waiting for one"]


def test_workers_that_stay_away_are_started_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "MEND_SECONDS", 0.05)

    def work(units: list[Unit]) -> None:
        if len(client.given) == 3:
            client.workers.clear()

    client = MadeUp(["w0", "w1"], work)
    units = plan(6, "a")
    played = Played(client, tmp_path, patience=20, mend=lambda: client.workers.extend(["w2", "w3"]))
    assert [r.unit for r in played.results(units)] == units
    assert client.workers == ["w2", "w3"]
