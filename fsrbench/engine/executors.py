"""Executors: where units are done. One process here; a cluster is in :mod:`fsrbench.engine.cluster.start`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import groupby, zip_longest
from typing import Any, Protocol

import torch

from fsrbench.engine.plan import Unit
from fsrbench.engine.worker import UnitResult, Worker
from fsrbench.errors import Unavailable
from fsrbench.machine.console import Reporter
from fsrbench.spec import RunSpec


class Executor(Protocol):
    """Does units somewhere."""

    def __call__(self, units: Sequence[Unit], worker: Worker) -> Iterator[UnitResult]:
        """Do the units as ``worker`` would; their results come in the order of the units."""

    def facts(self) -> dict[str, Any]:
        """Where they were done, for the manifest."""


def run_local(units: Sequence[Unit], worker: Worker) -> Iterator[UnitResult]:
    """Do the units one after the other in this process; torch's threads use its cores."""
    shards = [list(group) for _, group in groupby(units, lambda unit: id(unit.shard))]
    for shard, following in zip_longest(shards, shards[1:]):
        worker.inputs(shard[0].shard)
        if following:
            worker.read_ahead(following[0].shard)
        for unit in shard:
            yield worker.do(unit)


class OneProcess:
    """:func:`run_local` as an executor."""

    def __call__(self, units: Sequence[Unit], worker: Worker) -> Iterator[UnitResult]:
        """Do the units one after the other."""
        return run_local(units, worker)

    def facts(self) -> dict[str, Any]:
        """This process alone."""
        return {"kind": "one process", "threads": torch.get_num_threads()}


def executor_for(spec: RunSpec, reporter: Reporter) -> AbstractContextManager[Executor]:
    """The executor that a specification asks for; a cluster is started or joined, and left with the block.

    Raises:
        Unavailable: Dask is not installed.
        UserError: the cluster cannot be started or joined.
    """
    if spec.workers is None and spec.scheduler is None:
        return nullcontext(OneProcess())
    try:
        import distributed  # noqa: F401
    except ImportError:
        raise Unavailable("--workers and --scheduler need Dask: `pip install fsrbench[cluster]`") from None
    from fsrbench.engine.cluster import start as cluster

    return cluster.join(spec.scheduler, reporter) if spec.scheduler else cluster.start(spec.workers or 1, reporter)
