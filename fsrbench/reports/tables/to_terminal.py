"""A table for the terminal; one that is too wide continues in a second block instead of truncating numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from rich import box
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from fsrbench.reports.tables.model import Cell, Table, heading_lines

_STYLES = {"best": "bold green", "second": "underline", "tied": "", "": ""}


@dataclass(frozen=True)
class TerminalTable:
    """A table that ``rich`` can print."""

    table: Table

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the blocks that fit the width, each group's under its name, then the notes."""
        table = self.table
        if table.title:
            yield Text(table.title, style="bold")
        for groups, members in groupby(range(len(table.columns)), key=lambda index: table.columns[index].groups):
            if name := ", ".join(filter(None, groups)):
                yield Text(name, style="bold")
            for columns in self._blocks(list(members), console, options):
                yield self._block(columns)
        if not table.columns:
            yield self._block([])
        yield Text(table.about, style="dim")
        for number, text in enumerate(table.footnotes, 1):
            yield Text(f"[{number}] {text}")
        for title, entries in table.below:
            yield from _section(title, entries)

    def _blocks(self, members: Sequence[int], console: Console, options: ConsoleOptions) -> Iterable[list[int]]:
        """Split the columns into as few blocks as the width allows, at least one column per block."""
        unlimited = options.update(max_width=10_000)  # at the real width, rich would report that any table fits
        block: list[int] = []
        for index in members:
            wider = [*block, index]
            if block and Measurement.get(console, unlimited, self._block(wider)).maximum > options.max_width:
                yield block
                wider = [index]
            block = wider
        yield block

    def _block(self, columns: Sequence[int]) -> RichTable:
        drawn = RichTable(box=box.SIMPLE_HEAD, pad_edge=False)
        drawn.add_column(Text("Method"), vertical="bottom", no_wrap=True, overflow="fold")
        *titles, last = heading_lines([self.table.columns[index] for index in columns])
        for place, index in enumerate(columns):
            heading = Text("\n".join(line[place] for line in [*titles, last]))
            heading.append(_signs(self.table.columns[index].notes), style="dim")
            drawn.add_column(heading, justify="right", no_wrap=True, vertical="bottom")
        widths = [max(len(_signs(row.cells[index].signs)) for row in self.table.rows) for index in columns]
        for row in self.table.rows:
            if row.bound:
                drawn.add_section()
            cells = [_cell(row.cells[index], width) for index, width in zip(columns, widths, strict=True)]
            drawn.add_row(Text(row.method), *cells, style="dim italic" if row.bound else "")
        return drawn


def _cell(cell: Cell, signs_width: int) -> Text:
    """The number, with room for the column's widest signs so that all its numbers stay aligned."""
    text = Text(cell.text, style=_STYLES[cell.mark])
    spread = f" {cell.spread}" if cell.spread else ""
    return Text.assemble(text, spread, (_signs(cell.signs).ljust(signs_width), "dim"))


def _signs(signs: Sequence[object]) -> str:
    return f" [{','.join(map(str, signs))}]" if signs else ""


def _section(title: str, lines: Sequence[str]) -> Iterable[RenderableType]:
    style = "yellow" if title == "Not in the table" else "dim"
    yield Text(f"{title}:", style=style)
    for line in lines:
        yield Padding(Text(line, style=style), (0, 0, 0, 2))
