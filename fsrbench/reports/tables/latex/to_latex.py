"""A table as LaTeX that compiles as it stands with ``booktabs`` and ``siunitx`` loaded, or as a document of its own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from fsrbench.reports.short_names import short_names
from fsrbench.reports.tables.latex.columns import blocks, column_spec, has_spread, is_number, raised, tex_columns
from fsrbench.reports.tables.latex.text import DEFINITION, breakable, escape, latin
from fsrbench.reports.tables.model import NO_VALUE, Cell, Column, Row, Table, heading_lines, spans

PAGE = 480.0
"""Width of the text in a document of its own, in points: A4 with margins of 2 cm."""
_POINTS_A_COLUMN = 56
"""Text width in points for each column of numbers; columns that do not fit continue in a block below."""
_ARTICLE = 345
"""Text width of LaTeX's article class in points; other classes are at least as wide by default."""
_NARROW = 4
"""Tables with up to this many columns take one column of a two-column page; others span both."""
_LINES = 42
"""Lines of a float."""
_LETTERS = 85
"""Letters in a line of a footnote."""
_LONGEST = 32
"""Letters of a method's name; a longer one is shortened, and listed in full below the table."""

_SECOND = "\\newcommand*{\\fsrsecond}[1]{\\llap{\\underline{\\phantom{\\num{#1}}}}}"
"""Underlines the number before it: siunitx would not parse a number inside a command."""
_WITHOUT_ADJUSTBOX = "\\ifcsname adjustbox\\endcsname\\else\\newenvironment{adjustbox}[1]{}{}\\fi"
"""Lets a document compile without the package; its wide tables are then not scaled down."""


def latex(table: Table, label: str, width: float | None = None) -> str:
    """A floating table with caption, label and footnotes, to be read with ``\\input``.

    TeX scales down a block of columns that is wider than the text. Methods and protocols follow as text, so that they
    can continue on the next page.

    Args:
        table: the table.
        label: for ``\\ref``, after ``tab:``; characters other than letters and digits become hyphens.
        width: maximum width in points; the width of the text by default.
    """
    table, full_names = _shortened(table)
    members = blocks(table, max(2, (width or _ARTICLE) / _POINTS_A_COLUMN))
    key = f"tab:{re.sub('[^A-Za-z0-9-]+', '-', label).strip('-')}"
    environment = "table" if len(members) == 1 and len(members[0]) <= _NARROW else "table*"
    caption = f"{table.title.rstrip('.') or 'Face super-resolution'}. {table.about}"
    floats, room = _floats(table, members, _LINES - _lines([caption]))
    fit = _lines(table.footnotes) <= room
    limit = f"{width:g}pt" if width else "\\linewidth"
    lines = ["% needs \\usepackage{booktabs,siunitx,adjustbox}", _WITHOUT_ADJUSTBOX]
    for number, group in enumerate(floats):
        head = [f"\\caption{{{escape(caption)}}}", f"\\label{{{key}}}"]
        lines += [f"\\begin{{{environment}}}[tbp]", "\\centering"]
        lines += head if number == 0 else [f"Table~\\ref{{{key}}}, continued."]
        lines += [*_setup(table), *_tabulars(table, group, limit)]
        lines += _footnotes(table) if fit and number == len(floats) - 1 else []
        lines += [f"\\end{{{environment}}}"]
    text = "\n".join([*lines, *_below(table, key, full_names, not fit)]) + "\n"
    return f"{DEFINITION}\n{text}" if "\\fsrchar" in text else text


def _shortened(table: Table) -> tuple[Table, list[str]]:
    """The table with long names shortened and non-Latin ones transliterated, and what the new names stand for."""
    short = short_names([row.method for row in table.rows], _LONGEST, latin)
    if all(short[row.method] == row.method for row in table.rows):
        return table, []
    rows = tuple(replace(row, method=short[row.method]) for row in table.rows)
    return replace(table, rows=rows), [f"{new}: {name}" for name, new in short.items() if new != name]


def _floats(table: Table, members: Sequence[list[int]], room: int) -> tuple[list[list[list[int]]], int]:
    """The blocks of each float, and the lines that are left in the last; a block is never taller than a page."""
    floats: list[list[list[int]]] = [[]]
    for block in members:
        columns = [table.columns[index] for index in block]
        height = len(spans(columns)) + len(heading_lines(columns)) + len(table.rows) + 3
        if floats[-1] and height > room:
            floats.append([])
            room = _LINES
        floats[-1].append(block)
        room -= height
    return floats, room


def _lines(texts: Sequence[str]) -> int:
    return sum(1 + len(text) // _LETTERS for text in texts)


def _setup(table: Table) -> list[str]:
    """Font size, space between columns, and how marked numbers look."""
    second = any(cell.mark == "second" for row in table.rows for cell in row.cells)
    return [
        "\\par\\smallskip",  # many classes set no space below a caption
        "\\small\\setlength{\\tabcolsep}{4.5pt}",
        "\\sisetup{detect-weight=true,group-digits=integer}",
        *([_SECOND] if second else []),
    ]


def _tabulars(table: Table, members: Sequence[Sequence[int]], limit: str) -> list[str]:
    lines = []
    for number, block in enumerate(members):
        lines += ["\\par\\medskip"] if number else []
        lines += [f"\\begin{{adjustbox}}{{max width={limit},max totalheight=0.8\\textheight}}"]
        lines += [*_tabular(table, block), "\\end{adjustbox}"]
    return lines


def document(body: str, width: float | None = None) -> str:
    """A whole document around tables.

    Args:
        body: its content.
        width: of the text, in points; :data:`PAGE` by default.
    """
    lines = [
        "\\documentclass[10pt]{article}",
        f"\\usepackage[a4paper,textwidth={width or PAGE:g}pt,vmargin=2cm]{{geometry}}",
        "\\usepackage{booktabs,siunitx,adjustbox}",
        "\\pagestyle{empty}",
        "\\begin{document}",
        body.rstrip("\n"),
        "\\end{document}",
    ]
    return "\n".join(lines) + "\n"


def _tabular(table: Table, block: Sequence[int]) -> list[str]:
    columns = [table.columns[index] for index in block]
    spreads = [has_spread(table, index) for index in block]
    specs = [column_spec(table, index) for index in block]
    rows = [(row, [row.cells[index] for index in block]) for row in table.rows]
    ceiling = [_row(row, cells, spreads) for row, cells in rows if row.bound]
    return [
        f"\\begin{{tabular}}{{@{{}}{'l' * len(table.headings)}{''.join(specs)}@{{}}}}",
        "\\toprule",
        *_groups(table, columns, spreads),
        *_heading(table, columns, spreads),
        "\\midrule",
        *(_row(row, cells, spreads) for row, cells in rows if not row.bound),
        *(["\\midrule", *ceiling] if ceiling else []),
        "\\bottomrule",
        "\\end{tabular}",
    ]


def _groups(table: Table, columns: Sequence[Column], spreads: Sequence[bool]) -> list[str]:
    """The headings over several columns, each with a rule below it."""
    lines = []
    for level in spans(columns):
        cells, rules, place = [""] * len(table.headings), [], len(table.headings) + 1
        for span in level:
            reach = tex_columns(spreads[span.first : span.first + span.width])
            cells.append(f"\\multicolumn{{{reach}}}{{c}}{{{escape(span.text)}}}")
            rules += [f"\\cmidrule(lr){{{place}-{place + reach - 1}}}"] if span.text else []
            place += reach
        lines += [_line(cells), "".join(rules)]
    return lines


def _heading(table: Table, columns: Sequence[Column], spreads: Sequence[bool]) -> list[str]:
    *titles, last = heading_lines(columns)
    marked = [escape(text) + _mark(list(map(str, column.notes))) for text, column in zip(last, columns, strict=True)]
    lines = [*([escape(text) for text in line] for line in titles), marked]
    words = [escape(text) for text in table.headings]
    blank = [""] * len(words)
    cells = [[_over(text, spread) for text, spread in zip(line, spreads, strict=True)] for line in lines]
    return [*(_line([*blank, *line]) for line in cells[:-1]), _line([*words, *cells[-1]])]


def _over(text: str, spread: bool) -> str:
    """A word above a column; braces keep siunitx from reading it as a number."""
    return f"\\multicolumn{{2}}{{c}}{{{text}}}" if spread else f"{{{text}}}"


def _line(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


def _row(row: Row, cells: Sequence[Cell], spreads: Sequence[bool]) -> str:
    name = escape(row.method)
    mark = f"$^{{{','.join(map(str, row.notes))}}}$" if row.notes else ""
    first = (f"\\textit{{{name}}}" if row.bound else name) + mark
    written = [part for cell, spread in zip(cells, spreads, strict=True) for part in _cell(cell, spread)]
    return _line([first, *map(escape, row.details), *written])


def _cell(cell: Cell, spread: bool) -> list[str]:
    """The number, and in a column with spreads also the spread, which takes a separate TeX column."""
    marks = _mark(cell.signs)
    if not spread:
        return [_number(cell, marks)]
    return [_number(cell, ""), f"{{\\scriptsize {escape(cell.spread)}}}{marks}" if cell.spread else marks]


def _number(cell: Cell, marks: str) -> str:
    if not is_number(cell.text):
        return f"{{{escape(cell.text)}{marks}}}" if marks or cell.text == NO_VALUE else escape(cell.text)
    text = cell.text.replace("−", "-")
    before = "\\bfseries " if cell.mark == "best" else ""
    after = f"\\fsrsecond{{{text}}}{marks}" if cell.mark == "second" else marks
    return f"{before}{text}{{{after}}}" if after else before + text


def _mark(signs: Sequence[str]) -> str:
    """Zero-width superscripts, so that the numbers of a column stay aligned; the column has room for them."""
    return f"\\rlap{{{raised(signs)}}}" if signs else ""


def _notes(table: Table) -> list[str]:
    return [f"$^{{{number}}}$ {breakable(text)}\\par" for number, text in enumerate(table.footnotes, 1)]


def _footnotes(table: Table) -> list[str]:
    if not table.footnotes:
        return []
    opening = "\\par\\medskip\\begin{minipage}{\\linewidth}\\footnotesize\\raggedright"
    return [opening, *_notes(table), "\\end{minipage}"]


def _below(table: Table, key: str, full_names: Sequence[str], footnotes: bool) -> list[str]:
    """What was left out, methods, protocols, and footnotes that did not fit, in small type after the table."""
    lines = _notes(table) if footnotes else []
    for title, entries in [*([("Names", tuple(full_names))] if full_names else []), *table.below]:
        lines += [f"\\textit{{{title}.}} {breakable(entries[0])}\\par", *(f"{breakable(e)}\\par" for e in entries[1:])]
    if not lines:
        return []
    opening = "\\par\\begingroup\\footnotesize\\raggedright\\parindent0pt"
    return [opening, f"Notes on Table~\\ref{{{key}}}.\\par", *lines, "\\endgroup"]
