"""Markdown as GitHub shows it: escaped text and tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

_SPECIAL: Final = re.compile(r"([\\`*|\[\]$~])")
_OUTER_UNDERSCORE: Final = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_ENTITY: Final = re.compile(r"&(?=#?\w+;)")
_RULES: Final = {"l": ":---", "r": "---:"}


def escape(text: str) -> str:
    """``text`` on one line, so that Markdown shows it as it is.

    Example:
        >>> escape("a|b, *c*, <d>, e_f")
        'a\\\\|b, \\\\*c\\\\*, &lt;d>, e_f'
    """
    text = _SPECIAL.sub(r"\\\1", re.sub(r"[\r\n]+", " ", text))
    text = _OUTER_UNDERSCORE.sub(r"\\_", text)  # inside a word an underscore means nothing
    return _ENTITY.sub("&amp;", text).replace("<", "&lt;")


def markdown_table(headings: Sequence[str], rows: Iterable[Sequence[str]], align: str) -> str:
    """A table of cells that are Markdown already (see :func:`escape`), without a line break at its end.

    Args:
        headings: one for each column.
        rows: cells, as many as there are headings.
        align: ``l`` or ``r`` for each column.

    Example:
        >>> print(markdown_table(["Method", "PSNR"], [["bicubic", "23.4"]], "lr"))
        | Method | PSNR |
        | :--- | ---: |
        | bicubic | 23.4 |
    """
    ruler = [_RULES[side] for _, side in zip(headings, align, strict=True)]
    return "\n".join(f"| {' | '.join(line)} |" for line in (headings, ruler, *rows))
