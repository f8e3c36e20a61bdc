"""Runs that differ only in the strength of one degradation."""

from __future__ import annotations

from collections.abc import Sequence

from fsrbench.errors import UserError
from fsrbench.runs.data import RunData


def sweep(runs: Sequence[RunData]) -> tuple[str, str, dict[float, RunData]]:
    """Name and unit of the one degradation of several runs, and the runs by its strength, weakest number first.

    Raises:
        UserError: the runs differ in more than the strength of one degradation, or have none.
    """
    degradations = [run.manifest.get("degradation") or {} for run in runs]
    for run, degradation in zip(runs, degradations, strict=True):
        if degradation.get("strength") is None:
            raise UserError(
                f"{run.path}: its degradation has no strength; make runs with, e.g., --degradation noise:10"
            )
    for what, values in (
        ("degradations", [d.get("name") for d in degradations]),
        ("tasks", [run.manifest.get("task") for run in runs]),
        ("data", [(run.manifest.get("dataset") or {}).get("sha256") for run in runs]),
    ):
        for run, value in zip(runs, values, strict=True):
            if value != values[0]:
                raise UserError(f"not one sweep: {runs[0].path} and {run.path} differ in {what}")
    by_strength = {float(d["strength"]): run for d, run in zip(degradations, runs, strict=True)}
    if len(by_strength) < 2 or len(by_strength) < len(runs):
        raise UserError("a sweep needs at least two runs, each with a different strength")
    return str(degradations[0].get("name", "")), str(degradations[0].get("unit", "")), dict(sorted(by_strength.items()))
