"""Copy tables from results/ into the pages that show some of their columns: ``python -m tools.docs.results``.

A page names the table and its columns in a comment above it; a test keeps the copies current::

    <!-- results/sample: PSNR | SSIM | NIQE -->
"""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = tuple(ROOT / name for name in ("README.md", "results/README.md", "reference_model/MODEL_CARD.md"))
COPY = re.compile(r"<!-- (?P<folder>results/\S+): (?P<columns>.+?) -->\n\n(?:\|.*\n)*")
FOOTNOTE = re.compile(r"<sup>\d+</sup>")
"""In headings and cells; the notes themselves stay with the whole table."""


def with_tables(page: str) -> str:
    """The page with its tables as results/ has them today."""
    return COPY.sub(_copied, page)


def _copied(place: re.Match[str]) -> str:
    """The table's chosen columns; rows without any number in them are left out."""
    lines = (ROOT / place["folder"] / "table.md").read_text(encoding="utf-8").split("\n\n")[0].splitlines()
    cells = [[FOOTNOTE.sub("", cell).strip() for cell in line.strip("|").split(" | ")] for line in lines]
    shown = [0, *(_find(column, cells[0]) for column in place["columns"].split(" | "))]
    lines_shown = [[line[index] for index in shown] for line in cells]
    rows = [f"| {' | '.join(line)} |" for line in lines_shown if set(line[1:]) != {"–"}]
    return "\n".join([place[0].splitlines()[0], "", *rows, ""])


def _find(column: str, headings: list[str]) -> int:
    """Index of a heading, named without its arrow and, if need be, without its unit."""
    names = [re.sub(r" [↑↓]$", "", heading) for heading in headings]
    return (
        names.index(column) if column in names else [re.sub(r" \([^()]*\)$", "", name) for name in names].index(column)
    )


def main() -> None:
    """Write the pages."""
    for path in PAGES:
        path.write_text(with_tables(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
