"""Text for LaTeX: escaped, and breakable where it is long."""

from __future__ import annotations

import re
import unicodedata
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
    "«": r"$\ll$",
    "»": r"$\gg$",
}
_MISSING: Final = frozenset("ÐÞðþĄąĐđĘęĦħĮįĸĿŀŉŊŋŦŧŲųſ")
"""Letters of Latin-1 and Latin Extended-A that pdfLaTeX's default encoding lacks."""


DEFINITION: Final = (
    "\\ifdefined\\fsrchar\\else\\protected\\def\\fsrchar#1#2{\\ifdefined\\Umathcode"
    '\\iffontchar\\font"#1 #2\\else\\texttt{U+#1}\\fi\\else\\texttt{U+#1}\\fi}\\fi'
    " % LuaLaTeX and XeLaTeX set these characters where the font has them; else, and in pdfLaTeX, their numbers"
)
"""Definition of ``\\fsrchar``, which :func:`escape` may write; a document may define its own."""


def escape(text: str) -> str:
    """``text`` so that LaTeX sets it as it is; characters without a glyph in pdfLaTeX are left to ``\\fsrchar``."""
    written = "".join(_CHARACTERS.get(letter) or _plain(letter) for letter in text)
    return written if "--" not in text else written.replace("--", "-{}-")  # --option must not become a dash


def _plain(letter: str) -> str:
    return f"\\fsrchar{{{ord(letter):04X}}}{{{letter if letter.isprintable() else ''}}}" if _is_rare(letter) else letter


def _is_rare(letter: str) -> bool:
    """Whether pdfLaTeX lacks the character in its default encoding."""
    return letter >= "\u0180" or letter in _MISSING or unicodedata.category(letter) == "Cc"


def latin(text: str) -> str:
    """``text`` with Latin letters for those without a glyph in pdfLaTeX: ``模型`` becomes ``MoXing``.

    Combining accents are composed with their letters first; what has no transliteration stays, for :func:`escape`.
    """
    from anyascii import anyascii

    return "".join(
        letter if letter in _CHARACTERS or not _is_rare(letter) else anyascii(letter) or letter
        for letter in unicodedata.normalize("NFC", text)
    )


def breakable(text: str) -> str:
    """``text`` escaped, its long words with places to break."""
    return " ".join(
        r"\allowbreak{}".join(map(escape, re.split(r"(?<=[_/.:=])", word))) if len(word) > _LONG else escape(word)
        for word in text.split(" ")
    )
