"""A run: what was done already is read again at once; everything else goes through the pipeline."""

from __future__ import annotations

from contextlib import nullcontext

from fsrbench import weights
from fsrbench.machine.console import Reporter
from fsrbench.machine.offline import hosts_of, no_connections
from fsrbench.process.state import preserved
from fsrbench.runs import finished
from fsrbench.runs.data import RunData
from fsrbench.runs.names import CACHE
from fsrbench.spec import RunSpec


def benchmark(spec: RunSpec, reporter: Reporter, complete: bool = True, known: bool = True) -> RunData:
    """Run a specification and write its folder.

    Args:
        spec: what to run.
        reporter: told how far it is.
        complete: tables, plots and pictures too, not the numbers alone.
        known: the specification tells all that the scores depend on.
    """
    for name, file in spec.weights.items():
        weights.parse_override(f"{name}={file}")
    offline = no_connections(hosts_of(spec.scheduler)) if spec.offline else nullcontext()
    fetched = weights.fetched_when_needed(None if spec.offline else reporter)
    with offline, fetched, weights.override(spec.weights):
        if spec.resume and known and finished.is_current(spec.out / CACHE, spec):
            result = RunData.load(spec.out)
            for metric, note in _unavailable(result).items():
                reporter.warn(f"{metric} is unavailable: {note}")
            reporter.say("nothing has changed since it was finished; --fresh does it again")
            return result
        from fsrbench.pipeline import run  # takes seconds: torch

        with preserved():
            return run(spec, reporter, complete, known)


def _unavailable(run: RunData) -> dict[str, str]:
    """Metrics that no method has, and why."""
    rows = run.summary.groupby("metric", sort=False)
    return {str(name): str(row["note"].iloc[0]) for name, row in rows if set(row["status"]) == {"unavailable"}}
