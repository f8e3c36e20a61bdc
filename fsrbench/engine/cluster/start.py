"""The cluster executor: compute units on Dask workers, of a cluster started here or joined."""

from __future__ import annotations

import importlib.util
import logging
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import dask
import torch
from distributed import Client, LocalCluster, Status

from fsrbench.engine.cluster.dispatch import Dispatch
from fsrbench.engine.cluster.remote import Setting, make_setting, release, unfit
from fsrbench.engine.context import Context
from fsrbench.engine.plan import Unit
from fsrbench.engine.results import UnitResult
from fsrbench.errors import UserError, one_line
from fsrbench.machine.console import Reporter
from fsrbench.methods.isolation.fork_server import METHOD, starting_context
from fsrbench.process.signals import stop_requested

CONFIG = {
    # The main process resubmits a lost worker's units itself, to know which units lose workers.
    "distributed.scheduler.allowed-failures": 0,
    # Daemons may not start processes, and methods get processes of their own.
    "distributed.worker.daemon": False,
    # Else each worker would take seconds to import torch, and as long for the server of its methods' processes
    "distributed.worker.multiprocessing-method": METHOD,
    "distributed.worker.preload": ["fsrbench.engine.cluster.preload"],
    # A worker that its nanny is restarting is not lost: Dask would end the nanny after 15 s.
    "distributed.deploy.lost-worker-timeout": "1 hour",
}
START_SECONDS = 180.0
"""Seconds without any worker after which a cluster started here has failed."""


class Cluster:
    """Computes units on a cluster's workers, one job at a time on each.

    Args:
        client: connected to the cluster.
        reporter: shows lost workers.
        patience: seconds without any worker after which it gives up; ``None`` for never, as workers may be queued.
        mend: replaces lost workers, if they are this run's own; these also share the machine's devices.
    """

    def __init__(
        self, client: Client, reporter: Reporter, patience: float | None = None, mend: Callable[[], None] | None = None
    ) -> None:
        self.client, self.reporter, self.patience, self.mend = client, reporter, patience, mend
        self.own = mend is not None
        self._hosts: dict[str, dict[str, Any]] = {}
        self._lost = 0

    def __call__(self, units: Sequence[Unit], context: Context) -> Iterator[UnitResult]:
        """Compute the units; features and pictures go to the run's store, which all workers must see.

        Raises:
            UserError: a worker does not see the run's folder, or differs in what scores depend on.
        """
        context.store.folder.mkdir(parents=True, exist_ok=True)
        # After an interruption a worker may still write to it
        folder = tempfile.TemporaryDirectory(dir=context.store.folder, prefix="cluster-", ignore_cleanup_errors=True)
        with folder as scratch:
            setting = make_setting(context, Path(scratch).absolute(), self.own)
            self._check_workers(setting)
            dispatch = Dispatch(self.client, setting, context, self.reporter, self.patience, self.mend)
            try:
                yield from dispatch.results(units)
            finally:
                self._lost += dispatch.lost
                self._hosts |= dispatch.hosts
            if not self.own:
                with suppress(Exception):  # the cluster may be gone
                    self.client.run(release, setting.token, on_error="ignore")

    def facts(self) -> dict[str, Any]:
        """Kind, workers that computed something, their threads, processors and devices, and how many were lost."""
        hosts = self._hosts.values()
        return {
            "kind": "local cluster" if self.own else "joined cluster",
            "workers": len(hosts),
            "threads": sorted({host["threads"] for host in hosts}),
            "cpus": dict(Counter(host["cpu"] for host in hosts)),
            "devices": dict(Counter(host["device"] for host in hosts)),
            "lost": self._lost,
        }

    def _check_workers(self, setting: Setting) -> None:
        """Check that all present workers can compute the run's units; later ones check it themselves."""
        for address, reason in self.client.run(unfit, setting, on_error="return").items():
            if isinstance(reason, BaseException):
                raise UserError(f"worker {address} cannot work: {one_line(reason)}")
            if reason:
                raise UserError(f"worker {address} {reason}")


@contextmanager
def start(workers: int, reporter: Reporter) -> Iterator[Cluster]:
    """Start a cluster of processes on this machine, which share its cores; it is closed after the block.

    Raises:
        UserError: it cannot be started.
    """
    threads = max(1, torch.get_num_threads() // workers)
    starting_context()
    with dask.config.set(CONFIG):
        try:
            with stop_requested() as interrupted:  # Dask cannot close a cluster that is half started
                cluster = LocalCluster(
                    n_workers=workers,
                    threads_per_worker=threads,
                    processes=True,
                    host="127.0.0.1",
                    memory_limit=None,  # Dask would kill workers that it finds too large
                    env=dict(os.environ),  # the fork server may have started with another
                    dashboard_address="127.0.0.1:0",
                    silence_logs=logging.CRITICAL,  # the dispatch reports lost workers
                )
        except Exception as error:  # Dask, asyncio and the system each raise their own
            raise UserError(f"cannot start {workers} workers: {one_line(error)}") from error
        with cluster:
            if interrupted():
                raise KeyboardInterrupt
            with Client(cluster, set_as_default=False) as client:
                reporter.say(f"{workers} workers with {threads} threads each{_dashboard(client)}")
                yield Cluster(client, reporter, START_SECONDS, partial(_mend, cluster, workers))


def _mend(cluster: LocalCluster, workers: int) -> None:
    """Replace workers whose nannies have ended, as happens when a process ends while it starts."""

    def forget_ended() -> None:
        for name, nanny in list(cluster.workers.items()):
            if nanny.status in (Status.closed, Status.failed):
                del cluster.workers[name]
        cluster.scale(workers)

    if cluster.loop is not None:  # it is, while it runs
        cluster.loop.add_callback(forget_ended)


@contextmanager
def join(address: str, reporter: Reporter) -> Iterator[Cluster]:
    """Join a cluster that was started by others, and leave it running.

    Raises:
        UserError: no scheduler answers at this address.
    """
    try:
        client = Client(address, set_as_default=False, direct_to_workers=False)
    except Exception as error:  # Dask, asyncio and the system each raise their own
        raise UserError(f"no Dask scheduler answers at {address}: {one_line(error)}") from None
    with client:
        reporter.say(f"joined {len(client.nthreads())} workers at {address}{_dashboard(client)}")
        yield Cluster(client, reporter)


def _dashboard(client: Client) -> str:
    link = client.dashboard_link if importlib.util.find_spec("bokeh") else None
    return f"; dashboard: {link}" if link else ""
