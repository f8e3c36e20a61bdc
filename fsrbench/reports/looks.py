"""How each method looks, the same in every plot and on the page. No drawing here: the page does not need matplotlib."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from fsrbench.reports.data import HR, RunData

# Okabe and Ito's colour-blind-safe palette without black, too near the ceiling's grey, and yellow, faint on white
_COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X")
CEILING: Final = "#4d4d4d"


@dataclass(frozen=True)
class Look:
    """How a method is drawn."""

    colour: str
    marker: str


def looks(run: RunData) -> dict[str, Look]:
    """Colour and marker of every method, from the manifest's order, so that all plots of a run agree."""
    listed = run.manifest.get("methods")
    return looks_of([*(listed if isinstance(listed, dict) else ()), *run.methods])


def looks_of(methods: Iterable[str]) -> dict[str, Look]:
    """Colour and marker of each of some methods, in their order, and of the HR images."""
    order = [name for name in dict.fromkeys(methods) if name != HR]
    # When the colours are used up they start again with another marker
    drawn = {
        name: Look(_COLOURS[index % len(_COLOURS)], _MARKERS[index // len(_COLOURS) % len(_MARKERS)])
        for index, name in enumerate(order)
    }
    return {**drawn, HR: Look(CEILING, "d")}
