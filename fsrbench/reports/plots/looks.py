"""Colour, marker and dash of each method, the same in every plot, grid and page. Needs no matplotlib."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from fsrbench.runs.data import RunData
from fsrbench.runs.names import BOUNDS, HR, LR

Dash = tuple[int, tuple[float, ...]]
"""Offset, then lengths of strokes and gaps in line widths; none for a solid line."""

# Okabe and Ito's colour-blind-safe palette without black, too near the ceiling's grey, and yellow, faint on white
COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "h")
DASHES: Final[tuple[Dash, ...]] = (
    (0, ()),
    (0, (6, 1.5)),
    (0, (3, 1.2)),
    (0, (6, 1.2, 1.2, 1.2)),
    (0, (6, 1.2, 1.2, 1.2, 1.2, 1.2)),
    (0, (9, 1.5, 3, 1.5)),
    (0, (3, 1.2, 1.2, 1.2)),
)
# 6, 11 and 7: as each steps on by itself, two methods first share colour and dash after 42, all three after 462
CEILING: Final = "#4d4d4d"
CEILING_DASH: Final[Dash] = (0, (1, 1.3))
FLOOR: Final = "#8c8c8c"
FLOOR_DASH: Final[Dash] = (0, (4, 1.3))


@dataclass(frozen=True)
class Look:
    """How a method is drawn."""

    colour: str
    marker: str
    dash: Dash


BOUND_LOOKS: Final = {HR: Look(CEILING, "d", CEILING_DASH), LR: Look(FLOOR, "d", FLOOR_DASH)}


def looks(run: RunData) -> dict[str, Look]:
    """The look of every method of a run and of the LR and HR images."""
    listed = run.manifest.get("methods")
    rows = dict.fromkeys([*(listed if isinstance(listed, dict) else ()), *run.methods])
    own = looks_of(run.listed or rows)
    return {row: own[run.renamed.get(row, row)] for row in [*rows, HR, LR]}


def looks_of(methods: Iterable[str]) -> dict[str, Look]:
    """The look of each of some methods, by their names' order in the alphabet, and of the LR and HR images.

    So looks do not depend on the order in which methods are given, and no two methods look alike.
    """
    order = sorted(set(methods) - set(BOUNDS))
    own = {
        name: Look(COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)], DASHES[place % len(DASHES)])
        for place, name in enumerate(order)
    }
    return {**own, **BOUND_LOOKS}
