"""Text for LaTeX: escaped, and breakable where it is long."""

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


def latin(text: str) -> str:
    """``text`` with Latin letters for those that pdfLaTeX has no glyph for: ``模型`` becomes ``MoXing``."""
    if all(letter in _CHARACTERS or ord(letter) < 0x180 for letter in text):
        return text
    from anyascii import anyascii

    return "".join(
        letter if letter in _CHARACTERS or ord(letter) < 0x180 else anyascii(letter) or "?" for letter in text
    )


def breakable(text: str) -> str:
    """``text`` escaped, its long words with places to break."""
    return " ".join(
        r"\allowbreak{}".join(map(escape, re.split(r"(?<=[_/.:=])", word))) if len(word) > _LONG else escape(word)
        for word in text.split(" ")
    )
