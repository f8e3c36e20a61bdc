"""Which numbers of a column are marked: the best only where it is told from the others by more than chance."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Literal

from fsrbench import times
from fsrbench.comparison import tied_with_best
from fsrbench.reports.data import RunData
from fsrbench.reports.table_model import TIED, Cell, Mark

Test = Literal["paired", "intervals", "times", "none"]
TESTS: Final[dict[Test, str]] = {
    "paired": "paired permutation tests that keep a person's images together, Holm over the column, 5 %",
    "intervals": "without paired scores: 95 % intervals that overlap",
    "times": f"times: 95 % intervals that overlap, or a factor below {times.BAND:g}",
}


def marks(run: RunData, metric: str, methods: Sequence[str] | None = None) -> dict[str, Mark]:
    """What marks a column's numbers: methods and their marks, those without one left out.

    The best is marked as such only if every method with another number is distinguishable from it, and the second
    only if there is such a best and the same holds for the second among the rest. Otherwise the best and those that
    cannot be told from it are marked as tied. Numbers that are equal as shown share a mark; a lone number gets none.
    """
    found = tied_with_best(run, metric, methods)
    if found is None:
        return {}
    best, tied = found
    shown = _shown(run, metric, methods or run.methods)
    top = {shown[method] for method in (best, *tied)}
    if len(top) > 1:
        return {method: "tied" for method, value in shown.items() if value in top}
    marked: dict[str, Mark] = {method: "best" for method, value in shown.items() if value in top}
    rest = [method for method in shown if method not in marked]
    return marked | _second(run, metric, rest, shown)


def _second(run: RunData, metric: str, rest: Sequence[str], shown: dict[str, float]) -> dict[str, Mark]:
    if len(rest) < 2:
        return dict.fromkeys(rest, "second")
    found = tied_with_best(run, metric, rest)
    assert found is not None
    second, tied = found
    if any(shown[method] != shown[second] for method in tied):
        return {}
    return {method: "second" for method in rest if shown[method] == shown[second]}


def _shown(run: RunData, metric: str, methods: Sequence[str]) -> dict[str, float]:
    """The numbers that are ranked, as the table shows them: a failed one is shown but wins nothing."""
    info = run.metric(metric)
    results = {method: run.result(method, metric) for method in methods}
    return {method: info.shown(result.value) for method, result in results.items() if result is not None and result.ok}


def how_told(run: RunData, metric: str) -> Test:
    """How a column's methods are told apart."""
    if len(run.per_image(metric)):
        return "paired"
    if run.metric(metric).unit in times.UNITS:
        return "times"
    results = [run.result(method, metric) for method in run.methods]
    return "intervals" if any(result is not None and result.has_interval for result in results) else "none"


def legend(cells: Iterable[Cell], tests: Sequence[Test]) -> str:
    """What the marks mean; empty where there are none."""
    used = {cell.mark for cell in cells} - {""}
    if not used:
        return ""
    named = [TESTS[test] for test in TESTS if test in tests]
    how = f" ({'; '.join(named)})" if named else ""
    said = []
    if used & {"best", "second"}:
        where = ", each only where distinguishable from every worse value" if named else ""
        said.append(f"best in bold, second underlined{where}")
    if "tied" in used:
        said.append(f"{TIED}: the best and those not distinguishable from it")
    return f"{'; '.join(said)}{how}"
