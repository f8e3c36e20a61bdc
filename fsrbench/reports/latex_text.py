"""Text for LaTeX: escaped, breakable, and how wide it is about."""

from __future__ import annotations

import re
from typing import Final

_LONG: Final = 20
"""Longer words may break at their punctuation: names of files and commands do not hyphenate."""

_CHARACTERS = {
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",  # \\textquotedbl needs another font encoding than the default
    **{character: f"\\{character}" for character in "#$%&_{}"},
    "`": "'",
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
    written = "".join(_CHARACTERS.get(letter, letter if ord(letter) < 0x180 else "?") for letter in text)
    return written if "--" not in text else written.replace("--", "-{}-")  # an option of a command is no dash


def breakable(text: str) -> str:
    """``text`` escaped, its long words with places to break."""
    return " ".join(
        r"\allowbreak{}".join(map(escape, re.split(r"(?<=[_/.:=])", word))) if len(word) > _LONG else escape(word)
        for word in text.split(" ")
    )


def width(text: str, size: float) -> float:
    """Width of ``text`` in Computer Modern of ``size``, in points; to a few per cent on words and numbers."""
    relative = 1 + 0.045 * (10 - size)  # smaller letters are wider for their size
    return relative * size * sum(_EMS.get(letter, 0.7 if letter.isupper() else 0.5) for letter in text)


_GROUPS: Final = {0.28: ".,:;il[]'", 0.34: "fj ", 0.4: "rst()-", 0.77: "mw±−≈", 0.9: "MW%∞"}
_EMS: Final = {letter: ems for ems, letters in _GROUPS.items() for letter in letters}
