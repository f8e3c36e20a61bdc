"""A table for the terminal; one that is too wide goes on in a second block instead of cutting numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from fsrbench.reports.table_model import Cell, Table, heading_lines

_STYLES = {"best": "bold green", "second": "underline", "": ""}


@dataclass(frozen=True)
class TerminalTable:
    """What ``rich`` prints of a table."""

    table: Table

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Give the blocks that fit the width, then the notes."""
        for columns in self._blocks(console, options):
            yield self._block(columns)
        table = self.table
        yield Text(f"{'. '.join(filter(None, (table.facts, table.legend)))}.", style="dim")
        for number, text in enumerate(table.footnotes, 1):
            yield Text(f"[{number}] {text}")
        yield from _section("Not in the table", table.left_out, "yellow")
        yield from _section("Methods", table.methods, "dim")
        yield from _section("Protocols", table.protocols, "dim")

    def _blocks(self, console: Console, options: ConsoleOptions) -> Iterable[list[int]]:
        """Split the columns into as few blocks as the width allows, at least one column a block."""
        unlimited = options.update(max_width=10_000)  # measured against the real width, a table claims to fit
        block: list[int] = []
        for index in range(len(self.table.columns)):
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
            heading.append(_marks(self.table.columns[index].notes), style="dim")
            drawn.add_column(heading, justify="right", no_wrap=True, vertical="bottom")
        widths = [max(len(_marks(row.cells[index].notes)) for row in self.table.rows) for index in columns]
        for row in self.table.rows:
            if row.ceiling:
                drawn.add_section()
            cells = [_cell(row.cells[index], width) for index, width in zip(columns, widths, strict=True)]
            drawn.add_row(Text(row.method), *cells, style="dim italic" if row.ceiling else "")
        return drawn


def _cell(cell: Cell, marks_width: int) -> Text:
    """The number, with room for the column's widest marks so that all its numbers stay aligned."""
    text = Text(cell.text, style=_STYLES[cell.mark])
    spread = f" {cell.spread}" if cell.spread else ""
    return Text.assemble(text, spread, (_marks(cell.notes).ljust(marks_width), "dim"))


def _marks(numbers: Sequence[int]) -> str:
    return f" [{','.join(map(str, numbers))}]" if numbers else ""


def _section(title: str, lines: Sequence[str], style: str) -> Iterable[RenderableType]:
    if lines:
        yield Text(f"{title}:", style=style)
    for line in lines:
        yield Padding(Text(line, style=style), (0, 0, 0, 2))
