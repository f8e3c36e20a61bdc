"""How Markdown and HTML write a table's cells: the same text, each with its own escapes and marks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fsrbench.reports.tables.model import NO_VALUE, Cell, Row


@dataclass(frozen=True)
class Markup:
    """A format that knows HTML's ``u`` and ``sup``."""

    escape: Callable[[str], str]
    """Escapes text, so that it is shown as it is."""
    bold: str
    """With ``{}`` for the text."""
    italic: str

    def name(self, row: Row) -> str:
        """A method's name and its footnotes."""
        name = self.escape(row.method)
        return (self.italic.format(name) if row.bound else name) + raised(row.notes)

    def cell(self, cell: Cell, ceiling: bool) -> str:
        """A number with its mark, interval and superscripts."""
        text = self.escape(cell.text)
        if cell.mark == "best":
            text = self.bold.format(text)
        elif cell.mark == "second":
            text = f"<u>{text}</u>"
        elif ceiling and cell.text != NO_VALUE:
            text = self.italic.format(text)
        return " ".join(filter(None, (text, self.escape(cell.spread)))) + raised(cell.signs)


def raised(signs: Sequence[object]) -> str:
    """Signs and footnote numbers as superscripts; empty for none."""
    return f"<sup>{','.join(map(str, signs))}</sup>" if signs else ""
