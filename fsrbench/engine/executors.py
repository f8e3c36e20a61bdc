"""Executors: where units are done. One process here; a cluster executor has the same signature."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fsrbench.engine.plan import Unit
from fsrbench.engine.worker import UnitResult, Worker


def run_local(units: Sequence[Unit], worker: Worker) -> Iterator[UnitResult]:
    """Do the units one after the other in this process; torch's threads use its cores."""
    for unit in units:
        yield worker.do(unit)
