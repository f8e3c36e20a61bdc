"""A table independent of its format: rows, columns, marks and notes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, Literal

from fsrbench.runs.metric_info import MetricInfo

Mark = Literal["", "best", "second", "tied"]
NO_VALUE: Final = "–"
TIED: Final = "≈"
"""Follows the best value and those not distinguishable from it."""
PARTIAL: Final = "†"
"""Follows a value that was measured on part of the images."""


@dataclass(frozen=True)
class Cell:
    """One formatted number."""

    text: str
    spread: str = ""
    """What follows the number: ``± 0.12`` or ``[23.30, 23.55]``; empty without intervals."""
    mark: Mark = ""
    notes: tuple[int, ...] = ()
    """Numbers of its footnotes, from 1."""
    bounds: tuple[str, str] = ("", "")
    """The interval's ends, formatted like the number; empty without one."""
    partial: str = ""
    """How many images it was measured on, if not all: ``8 of 16 images``."""

    @property
    def written(self) -> str:
        """The number and its spread."""
        return f"{self.text} {self.spread}".rstrip()

    @property
    def symbols(self) -> tuple[str, ...]:
        """The signs for a tie and for part of the images."""
        return (*((TIED,) if self.mark == "tied" else ()), *((PARTIAL,) if self.partial else ()))

    @property
    def signs(self) -> tuple[str, ...]:
        """All superscripts: symbols and footnotes."""
        return (*self.symbols, *map(str, self.notes))


@dataclass(frozen=True)
class Row:
    """A method, or one of the bounds: the floor or the ceiling."""

    method: str
    """The name as shown."""
    cells: tuple[Cell, ...]
    details: tuple[str, ...] = ()
    """Cells of the text columns between the method and the numbers."""
    notes: tuple[int, ...] = ()
    """Numbers of the footnotes at the method's name, from 1."""
    bound: bool = False
    """Whether this is the LR or the HR images themselves: set apart and never ranked."""
    name: str = ""
    """The run's name for the row; empty for a row from no run."""


@dataclass(frozen=True)
class Column:
    """A metric of a run, and its headings."""

    metric: MetricInfo
    """The metric as headed here: in a sweep its title is the strength."""
    notes: tuple[int, ...] = ()
    """Numbers of the footnotes at its heading, from 1."""
    groups: tuple[str, ...] = ()
    """The headings shared with neighbouring columns, outermost first; empty text for none at that level."""


@dataclass(frozen=True)
class Table:
    """Everything that a format has to write."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    legend: str
    footnotes: tuple[str, ...]
    left_out: tuple[str, ...]
    facts: str
    methods: tuple[str, ...]
    protocols: tuple[str, ...]
    title: str = ""
    """What the table shows; empty for a run's measured table."""
    headings: tuple[str, ...] = ("Method",)
    """Headings of the text columns, which come before the numbers."""

    @property
    def about(self) -> str:
        """Facts and legend as sentences."""
        texts = filter(None, (self.facts, self.legend))
        return " ".join(text if text.endswith(".") else f"{text}." for text in texts)

    @property
    def below(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The sections below the table's footnotes: titles and lines, without empty sections."""
        sections = (("Not in the table", self.left_out), ("Methods", self.methods), ("Protocols", self.protocols))
        return tuple((title, lines) for title, lines in sections if lines)


@dataclass(frozen=True)
class Span:
    """A heading over neighbouring columns."""

    text: str
    first: int
    """Index of its first column."""
    width: int
    """Number of its columns."""


def spans(columns: Sequence[Column]) -> list[list[Span]]:
    """The headings above the metrics: one list per level, outermost first; levels without text are left out.

    Neighbours share a heading only under the same outer headings, so that a group never spans two runs.
    """
    levels = []
    for level in range(max((len(column.groups) for column in columns), default=0)):
        line, first = [], 0
        for groups, members in groupby(columns, key=lambda column: column.groups[: level + 1]):
            width = len(list(members))
            line.append(Span(groups[level] if level < len(groups) else "", first, width))
            first += width
        if any(span.text for span in line):
            levels.append(line)
    return levels


def heading_lines(columns: Sequence[Column]) -> list[list[str]]:
    """The headings in narrow columns: one word or bracket of the title per line, unit and arrow in the last."""
    titles = [re.findall(r"\([^)]*\)\S*|\S+", column.metric.title) for column in columns]
    last = []
    for column in columns:
        unit = f"({column.metric.unit})" if column.metric.unit else ""
        last.append(f"{unit} {column.metric.arrow}".strip())
    if not any(last):  # no units or arrows: the titles' last words take that line
        last = [words.pop() if words else "" for words in titles]
    height = max((len(words) for words in titles), default=0)
    padded = [[""] * (height - len(words)) + words for words in titles]
    return [*(list(line) for line in zip(*padded, strict=True)), last]
