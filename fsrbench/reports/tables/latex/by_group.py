"""The tables of ``--by`` as LaTeX: one floating table for each column of labels."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fsrbench.reports.tables.latex.text import DEFINITION, breakable, escape

_WORDS = 2
"""Columns of words before the numbers: metric and method."""


def latex_by_group(tables: Sequence[tuple[str, Sequence[str], Sequence[Sequence[str]]]], remarks: Sequence[str]) -> str:
    """Floating tables with captions and labels, to be read with ``\\input``; needs ``booktabs`` and ``adjustbox``.

    Args:
        tables: column of labels, headings and lines of each; a line's first cell is the metric, empty if it is that of
            the line above.
        remarks: text that follows the last table.
    """
    lines = ["% needs \\usepackage{booktabs,adjustbox}"]
    for column, headings, cells in tables:
        lines += [
            "\\begin{table*}[tbp]",
            "\\centering",
            f"\\caption{{By {escape(column)}.}}",
            f"\\label{{tab:by-{re.sub('[^A-Za-z0-9-]+', '-', column).strip('-')}}}",
            "\\par\\smallskip\\small\\setlength{\\tabcolsep}{4.5pt}",
            "\\begin{adjustbox}{max width=\\linewidth,max totalheight=0.8\\textheight}",
            *_tabular(headings, cells),
            "\\end{adjustbox}",
            "\\end{table*}",
        ]
    lines += ["\\par\\begingroup\\footnotesize\\raggedright\\parindent0pt"]
    lines += [*(f"{breakable(remark)}\\par" for remark in remarks), "\\endgroup"]
    text = "\n".join(lines) + "\n"
    return f"{DEFINITION}\n{text}" if "\\fsrchar" in text else text


def _tabular(headings: Sequence[str], lines: Sequence[Sequence[str]]) -> list[str]:
    written = []
    for place, line in enumerate(lines):
        written += ["\\addlinespace"] if place and line[0] else []
        written.append(_line(line))
    numbers = "r" * (len(headings) - _WORDS - 1)
    return [
        f"\\begin{{tabular}}{{@{{}}{'l' * _WORDS}{numbers}l@{{}}}}",
        *("\\toprule", _line(headings), "\\midrule"),
        *(*written, "\\bottomrule", "\\end{tabular}"),
    ]


def _line(cells: Sequence[str]) -> str:
    return " & ".join(map(_cell, cells)) + r" \\"


def _cell(text: str) -> str:
    """A value's interval in small type, and minus signs for the hyphens before numbers."""
    value, bracket, interval = re.sub(r"(?<![^\s\[])-(?=\d)", "−", text).partition(" [")
    if not bracket:
        return escape(value)
    inside, _, mark = interval.partition("]")
    return f"{escape(value)} {{\\scriptsize [{escape(inside)}]}}{escape(mark)}"
