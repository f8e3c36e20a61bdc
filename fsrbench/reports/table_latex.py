"""A table as LaTeX that compiles as it stands with ``booktabs`` loaded."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fsrbench.reports.table_model import NO_VALUE, Cell, Row, Table, heading_lines

_WIDE = 5
"""Tables with more columns than this span both columns of a two-column page."""
_VERY_WIDE = 8
"""Tables with more columns than this are set smaller and tighter."""
_TALL = 25
"""So are tables with more rows than this, which with their notes would not fit a page."""

_CHARACTERS = {
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    **{character: f"\\{character}" for character in "#$%&_{}"},
    "–": "--",
    "—": "---",
    "−": "$-$",
    "±": r"$\pm$",
    "×": r"$\times$",
    "·": r"$\cdot$",
    "≥": r"$\geq$",
    "≤": r"$\leq$",
    "≈": r"$\approx$",
    "∞": r"$\infty$",
    "→": r"$\to$",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "†": r"$^\dagger$",
    "‡": r"$^\ddagger$",
    "µ": r"$\mu$",
    "μ": r"$\mu$",
    "σ": r"$\sigma$",
    "²": "$^2$",
    "³": "$^3$",
    "°": r"$^\circ$",
    "…": r"\ldots{}",
    "‘": "`",
    "’": "'",
    "“": "``",
    "”": "''",
}


def escape(text: str) -> str:
    """``text`` so that pdfLaTeX sets it as it is; letters that it has no glyph for become ``?``."""
    return "".join(_CHARACTERS.get(letter, letter if ord(letter) < 0x180 else "?") for letter in text)


def latex(table: Table, label: str) -> str:
    """A floating table with caption, label and notes, to be read with ``\\input``."""
    width = len(table.columns) + 2 * (len(table.headings) - 1)  # words are about twice as wide as numbers
    small = width > _VERY_WIDE or len(table.rows) > _TALL
    environment = "table*" if width > _WIDE else "table"
    lines = [
        "% needs \\usepackage{booktabs}",
        f"\\begin{{{environment}}}[t]",
        "\\centering",
        f"\\caption{{{_caption(table)}}}",
        f"\\label{{tab:{re.sub('[^A-Za-z0-9-]+', '-', label).strip('-')}}}",
        "\\par\\smallskip",  # many classes set no space below a caption
        "\\footnotesize\\setlength{\\tabcolsep}{3pt}" if small else "\\small\\setlength{\\tabcolsep}{4.5pt}",
        f"\\begin{{tabular}}{{@{{}}{'l' * len(table.headings)}{'r' * len(table.columns)}@{{}}}}",
        "\\toprule",
        *_heading(table),
        "\\midrule",
        *(_row(row) for row in table.rows if not row.ceiling),
    ]
    ceiling = [_row(row) for row in table.rows if row.ceiling]
    lines += ["\\midrule", *ceiling] if ceiling else []
    lines += ["\\bottomrule", "\\end{tabular}", *_below(table), f"\\end{{{environment}}}"]
    return "\n".join(lines) + "\n"


def _caption(table: Table) -> str:
    parts = (table.title or "Face super-resolution", table.facts, table.legend)
    return f"{escape('. '.join(filter(None, parts)))}."


def _heading(table: Table) -> list[str]:
    *titles, last = heading_lines(table.columns)
    marked = [escape(text) + _marks(column.notes) for text, column in zip(last, table.columns, strict=True)]
    words = [escape(text) for text in table.headings]
    blank = [""] * len(words)
    return [*(_line([*blank, *map(escape, line)]) for line in titles), _line([*words, *marked])]


def _line(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


def _row(row: Row) -> str:
    name = escape(row.method)
    mark = f"$^{{{','.join(map(str, row.notes))}}}$" if row.notes else ""
    first = (f"\\textit{{{name}}}" if row.ceiling else name) + mark
    return _line([first, *map(escape, row.details), *(_cell(cell, row.ceiling) for cell in row.cells)])


def _cell(cell: Cell, ceiling: bool) -> str:
    text = escape(cell.text.replace("-", "−"))  # a hyphen is too short for a minus
    if cell.mark:
        text = f"\\textbf{{{text}}}" if cell.mark == "best" else f"\\underline{{{text}}}"
    elif ceiling and cell.text != NO_VALUE:
        text = f"\\textit{{{text}}}"
    return " ".join(filter(None, (text, escape(cell.spread)))) + _marks(cell.notes)


def _marks(numbers: Sequence[int]) -> str:
    """Footnote marks, set without width so that the numbers of a column stay aligned."""
    return f"\\rlap{{$^{{{','.join(map(str, numbers))}}}$}}" if numbers else ""


def _below(table: Table) -> list[str]:
    """Footnotes, what was left out, methods and protocols, in small type under the table."""
    paragraphs = [f"[{number}] {escape(text)}" for number, text in enumerate(table.footnotes, 1)]
    for title, lines in (
        ("Not in the table", table.left_out),
        ("Methods", table.methods),
        ("Protocols", table.protocols),
    ):
        paragraphs += [f"\\textit{{{title}.}} {escape(lines[0])}", *map(escape, lines[1:])] if lines else []
    if not paragraphs:
        return []
    opening = "\\par\\medskip\\begin{minipage}{\\linewidth}\\footnotesize\\raggedright"
    # Braces keep a line that starts with "[" from being read as an argument of the "\\" before it
    return [opening, *(f"{{}}{text}\\par" for text in paragraphs), "\\end{minipage}"]
