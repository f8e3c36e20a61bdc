"""Executors compute units: in this process, or on a cluster (:mod:`fsrbench.engine.cluster.start`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import groupby, zip_longest
from typing import Any, Protocol

import torch

from fsrbench.engine.context import Context
from fsrbench.engine.plan import Unit
from fsrbench.engine.results import UnitResult
from fsrbench.engine.worker import Worker
from fsrbench.errors import Unavailable
from fsrbench.machine.console import Reporter
from fsrbench.spec import RunSpec


class Executor(Protocol):
    """Computes units somewhere."""

    def __call__(self, units: Sequence[Unit], context: Context) -> Iterator[UnitResult]:
        """Compute the units; results come in the order of the units."""

    def facts(self) -> dict[str, Any]:
        """Where they were computed, for the manifest."""


class OneProcess:
    """Computes units one after the other in this process; torch's threads use its cores."""

    def __call__(self, units: Sequence[Unit], context: Context) -> Iterator[UnitResult]:
        """Compute the units; the next shard is decoded in the background."""
        worker = Worker(context)
        shards = [list(group) for _, group in groupby(units, lambda unit: id(unit.shard))]
        for shard, following in zip_longest(shards, shards[1:]):
            context.inputs.get(shard[0].shard)
            if following:
                context.inputs.prefetch(following[0].shard)
            yield from map(worker.run_unit, shard)

    def facts(self) -> dict[str, Any]:
        """This process alone."""
        return {"kind": "one process", "threads": torch.get_num_threads()}


def executor_for(spec: RunSpec, reporter: Reporter) -> AbstractContextManager[Executor]:
    """The executor that a specification asks for; a cluster is started or joined, and left after the block.

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
