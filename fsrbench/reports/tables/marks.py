"""Marks of a column: the best, and the second, only where distinguishable from the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np

from fsrbench.reports.tables.model import PARTIAL, TIED, Cell, Mark
from fsrbench.runs import times
from fsrbench.runs.comparison import Test, tied_with_best
from fsrbench.runs.data import RunData

TESTS: Final[dict[Test, str]] = {
    "paired": "paired permutation tests that keep a person's images together, Holm over the column, 5 %",
    "intervals": "without paired scores: distinguishable where 95 % intervals do not overlap",
    "times": f"times: distinguishable where 95 % intervals do not overlap and the factor is above {times.BAND:g}",
    "few": "too few people to tell",
    "untested": "not tested, without intervals or images in common",
}


def marks(run: RunData, metric: str, methods: Sequence[str] | None = None) -> dict[str, Mark]:
    """The marks of a column by method; methods without one are left out.

    The best is marked as such only if every method with another number is distinguishable from it, and the second
    only if there is such a best and the same holds for the second among the rest. Otherwise the best and those not
    distinguishable from it are marked as tied. Numbers that are equal as shown share a mark; a lone number gets none.
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


def _second(run: RunData, metric: str, rest: Sequence[str], shown: dict[str, tuple[float, int]]) -> dict[str, Mark]:
    if len(rest) < 2:
        return dict.fromkeys(rest, "second")
    found = tied_with_best(run, metric, rest)
    assert found is not None
    second, tied = found
    if any(shown[method] != shown[second] for method in tied):
        return {}
    return {method: "second" for method in rest if shown[method] == shown[second]}


def _shown(run: RunData, metric: str, methods: Sequence[str]) -> dict[str, tuple[float, int]]:
    """The ranked numbers as the table shows them, each with the number of infinite scores that it leaves out.

    A failed value is shown but not ranked.
    """
    info, scores = run.metric(metric), run.per_image(metric)
    shown = {}
    for method in methods:
        result = run.result(method, metric)
        if result is not None and result.ok:
            infinite = int(np.isinf(scores[method].to_numpy(dtype=float)).sum()) if method in scores else 0
            shown[method] = (info.shown(result.value), infinite)
    return shown


def share_no_image(run: RunData, metric: str) -> bool:
    """Whether several methods have scores, but no image has a score of each."""
    scores = run.per_image(metric)
    known = scores[[name for name in run.methods if name in scores]].notna()
    known = known.loc[:, known.any()]
    return known.shape[1] > 1 and not known.all(axis=1).any()


def legend(cells: Iterable[Cell], tests: Mapping[str, Test]) -> str:
    """What the marks mean; empty where there are none.

    Args:
        cells: of the table.
        tests: by title, the test used in each ranked column.
    """
    cells = list(cells)
    used = {cell.mark for cell in cells} - {""}
    tests_used = [_named(test, tests) for test in TESTS if test in tests.values()]
    how = f" ({'; '.join(tests_used)})" if tests_used else ""
    meanings = []
    if used & {"best", "second"}:
        where = ", each only where distinguishable from every worse value" if tests_used else ""
        meanings.append(f"best in bold, second underlined{where}")
    if "tied" in used:
        meanings.append(f"{TIED}: the best and those not distinguishable from it")
    marked = f"{'; '.join(meanings)}{how}" if meanings else ""
    partial = f"{PARTIAL}: measured on a part of the images" if any(cell.partial for cell in cells) else ""
    return "; ".join(filter(None, (marked, partial)))


def _named(test: Test, tests: Mapping[str, Test]) -> str:
    """The test in words; where only some columns cannot be tested, with their titles."""
    titles = [title for title, used in tests.items() if used == test]
    some = test in ("few", "untested") and len(titles) < len(tests)
    return f"{TESTS[test]}: {', '.join(titles)}" if some else TESTS[test]
