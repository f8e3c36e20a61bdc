"""How each method looks, the same in every plot and on the page. No drawing here: the page does not need matplotlib."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from typing import Final

from fsrbench.reports.data import HR, RunData

# Okabe and Ito's colour-blind-safe palette without black, too near the ceiling's grey, and yellow, faint on white
_COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X")
_KEPT: Final = ("bicubic", "scgan", "ours", "progressive", "ours-id", "ours-short", "nearest", "bilinear", "lanczos")
"""Methods that look the same in the plots of every run, whatever stands beside them."""
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
    """Colour and marker of each of some methods, and of the HR images; others take what is free, in their order."""
    order = [name for name in dict.fromkeys(methods) if name != HR]
    kept = {name: place for place, name in enumerate(_KEPT) if name in order}
    free = (place for place in count() if place not in kept.values())
    places = {name: kept[name] if name in kept else next(free) for name in order}
    # When the colours are used up they start again with another marker
    drawn = {
        name: Look(_COLOURS[place % len(_COLOURS)], _MARKERS[place // len(_COLOURS) % len(_MARKERS)])
        for name, place in places.items()
    }
    return {**drawn, HR: Look(CEILING, "d")}
