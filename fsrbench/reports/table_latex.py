"""A table as LaTeX that compiles as it stands with ``booktabs`` and ``siunitx`` loaded, or as a document of its own."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fsrbench.reports.latex_columns import Block, Style, column_spec, is_number, layout_blocks, tex_columns
from fsrbench.reports.latex_pages import floats, footnotes_fit
from fsrbench.reports.latex_text import DEFINITION, breakable, escape
from fsrbench.reports.table_model import NO_VALUE, PARTIAL, TIED, Cell, Column, Row, Table, heading_lines, spans

ARTICLE = 345.0
"""Width of LaTeX's own article in points, which other classes do not fall short of by default."""
PAGE = 480.0
"""Width of the text in a document of its own: A4 with margins of 2 cm."""
_NARROW = 235.0
"""Up to this width a table fits one column of a two-column page; wider ones span both."""

_MATHS = {TIED: "\\approx", PARTIAL: "\\dagger"}
"""Signs as LaTeX writes them."""
_SECOND = "\\newcommand*{\\fsrsecond}[1]{\\llap{\\underline{\\phantom{\\num{#1}}}}}"
"""Underlines the number before it: a number inside a command would be no number to siunitx."""


def latex(table: Table, label: str, width: float | None = None) -> str:
    """A floating table with caption, label and footnotes, to be read with ``\\input``.

    Methods and protocols follow it as text, so that they may go on on the next page.

    Args:
        table: the table.
        label: what ``\\ref`` finds it by, after ``tab:``; other characters than letters and digits become hyphens.
        width: widest that it may be, in points; :data:`ARTICLE` by default.
    """
    limit = width or ARTICLE
    style, blocks = layout_blocks(table, limit)
    key = f"tab:{re.sub('[^A-Za-z0-9-]+', '-', label).strip('-')}"
    environment = "table" if len(blocks) == 1 and blocks[0].width <= _NARROW else "table*"
    caption = _caption(table)
    pages = floats(table, blocks, style, caption, limit)
    fit = footnotes_fit(table, pages[-1] if pages else [], style, caption, limit)
    lines = ["% needs \\usepackage{booktabs,siunitx}"]
    for number, members in enumerate(pages or [[]]):
        head = [f"\\caption{{{escape(caption)}}}", f"\\label{{{key}}}"]
        lines += [f"\\begin{{{environment}}}[tbp]", "\\centering"]
        lines += head if number == 0 else [f"Table~\\ref{{{key}}}, continued."]
        lines += [*_setup(table, style), *_tabulars(table, members, style)]
        lines += _footnotes(table) if fit and number == max(len(pages), 1) - 1 else []
        lines += [f"\\end{{{environment}}}"]
    text = "\n".join([*lines, *_below(table, key, not fit)]) + "\n"
    return f"{DEFINITION}\n{text}" if "\\fsrchar" in text else text


def _setup(table: Table, style: Style) -> list[str]:
    """Size of type, space between columns, and how marked numbers look."""
    second = any(cell.mark == "second" for row in table.rows for cell in row.cells)
    return [
        "\\par\\smallskip",  # many classes set no space below a caption
        f"{style.command}\\setlength{{\\tabcolsep}}{{{style.separation:g}pt}}",
        "\\sisetup{detect-weight=true,group-digits=integer}",
        *([_SECOND] if second else []),
    ]


def _tabulars(table: Table, blocks: Sequence[Block], style: Style) -> list[str]:
    lines = []
    for number, block in enumerate(blocks):
        lines += ["\\par\\medskip"] if number else []
        lines += _tabular(table, block, style)
    return lines


def document(body: str, width: float | None = None) -> str:
    """A whole document around tables.

    Args:
        body: what stands in it.
        width: of its text, in points; :data:`PAGE` by default.
    """
    lines = [
        "\\documentclass[10pt]{article}",
        f"\\usepackage[a4paper,textwidth={width or PAGE:g}pt,vmargin=2cm]{{geometry}}",
        "\\usepackage{booktabs,siunitx}",
        "\\pagestyle{empty}",
        "\\begin{document}",
        body.rstrip("\n"),
        "\\end{document}",
    ]
    return "\n".join(lines) + "\n"


def _caption(table: Table) -> str:
    return f"{table.title.rstrip('.') or 'Face super-resolution'}. {table.about}"


def _tabular(table: Table, block: Block, style: Style) -> list[str]:
    columns = [table.columns[index] for index in block.members]
    spreads = [_has_spread(table, index) for index in block.members]
    specs = [column_spec(table, index, style) for index in block.members]
    rows = [(row, [row.cells[index] for index in block.members]) for row in table.rows]
    ceiling = [_row(row, cells, spreads) for row, cells in rows if row.ceiling]
    return [
        f"\\begin{{tabular}}{{@{{}}{'l' * len(table.headings)}{''.join(specs)}@{{}}}}",
        "\\toprule",
        *_groups(table, columns, spreads),
        *_heading(table, columns, spreads),
        "\\midrule",
        *(_row(row, cells, spreads) for row, cells in rows if not row.ceiling),
        *(["\\midrule", *ceiling] if ceiling else []),
        "\\bottomrule",
        "\\end{tabular}",
    ]


def _has_spread(table: Table, index: int) -> bool:
    return any(row.cells[index].spread for row in table.rows)


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
    marked = [escape(text) + _raised(column.notes) for text, column in zip(last, columns, strict=True)]
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
    first = (f"\\textit{{{name}}}" if row.ceiling else name) + mark
    written = [part for cell, spread in zip(cells, spreads, strict=True) for part in _cell(cell, spread)]
    return _line([first, *map(escape, row.details), *written])


def _cell(cell: Cell, spread: bool) -> list[str]:
    """The number, and in a column with spreads what follows it, as a column of its own."""
    raised = _raised(cell.signs)
    if not spread:
        return [_number(cell, raised)]
    return [_number(cell, ""), f"{{\\scriptsize {escape(cell.spread)}}}{raised}" if cell.spread else raised]


def _number(cell: Cell, raised: str) -> str:
    if not is_number(cell.text):
        return f"{{{escape(cell.text)}{raised}}}" if raised or cell.text == NO_VALUE else escape(cell.text)
    text = cell.text.replace("−", "-")
    before = "\\bfseries " if cell.mark == "best" else ""
    after = f"\\fsrsecond{{{text}}}{raised}" if cell.mark == "second" else raised
    return f"{before}{text}{{{after}}}" if after else before + text


def _raised(signs: Sequence[object]) -> str:
    """Footnote marks, set without width so that the numbers of a column stay aligned."""
    text = ",".join(_MATHS.get(str(sign), str(sign)) for sign in signs)
    return f"\\rlap{{$^{{{text}}}$}}" if text else ""


def _notes(table: Table) -> list[str]:
    return [f"$^{{{number}}}$ {breakable(text)}\\par" for number, text in enumerate(table.footnotes, 1)]


def _footnotes(table: Table) -> list[str]:
    if not table.footnotes:
        return []
    opening = "\\par\\medskip\\begin{minipage}{\\linewidth}\\footnotesize\\raggedright"
    return [opening, *_notes(table), "\\end{minipage}"]


def _below(table: Table, key: str, footnotes: bool) -> list[str]:
    """What was left out, methods and protocols, and footnotes that found no room, in small type after the table."""
    lines = _notes(table) if footnotes else []
    for title, entries in table.below:
        lines += [f"\\textit{{{title}.}} {breakable(entries[0])}\\par", *(f"{breakable(e)}\\par" for e in entries[1:])]
    if not lines:
        return []
    opening = "\\par\\begingroup\\footnotesize\\raggedright\\parindent0pt"
    return [opening, f"Notes on Table~\\ref{{{key}}}.\\par", *lines, "\\endgroup"]
