"""``fsrbench run``: what was done already is shown at once; everything else goes through the pipeline."""

from __future__ import annotations

from contextlib import nullcontext

from fsrbench import weights
from fsrbench.console import Reporter
from fsrbench.engine import finished
from fsrbench.engine.places import CACHE
from fsrbench.offline import hosts_of, no_connections
from fsrbench.spec import RunSpec


def benchmark(spec: RunSpec, reporter: Reporter | None = None) -> bool:
    """Run a specification, write its folder and print its table; whether some method or metric failed."""
    reporter = reporter or Reporter()
    with no_connections(hosts_of(spec.scheduler)) if spec.offline else nullcontext(), weights.named(spec.weights):
        if spec.resume and finished.is_current(spec.out / CACHE, spec):
            _show(spec, reporter)
            return False
        from fsrbench.pipeline import run  # takes seconds: torch

        return run(spec, reporter)


def _show(spec: RunSpec, reporter: Reporter) -> None:
    from rich.console import Console

    from fsrbench.reports.data import RunData
    from fsrbench.reports.tables import terminal_table

    Console().print(terminal_table(RunData.load(spec.out)))
    reporter.say(f"run folder: {spec.out} (nothing has changed since it was finished; --fresh does it again)")
