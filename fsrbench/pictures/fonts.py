"""Fonts for names in any script; Latin transliteration of what no installed font has."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

import matplotlib

FAMILIES: Final = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans CJK KR",
    "Source Han Sans SC",
    "Microsoft YaHei",
    "PingFang SC",
    "Hiragino Sans",
    "Hiragino Sans GB",
    "Yu Gothic",
    "Malgun Gothic",
    "Apple SD Gothic Neo",
    "SimHei",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "Droid Sans Fallback",
    "Noto Sans Devanagari",
    "Noto Sans Bengali",
    "Noto Sans Tamil",
    "Noto Sans Thai",
    "Nirmala UI",
    "Leelawadee UI",
    "Arial Unicode MS",
    "Unifont",
)
"""Fallback families for what DejaVu Sans lacks, in order of preference."""
OWN: Final = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
"""Part of matplotlib: Latin, Greek, Cyrillic, Arabic, Hebrew, Armenian, Georgian and symbols."""


def families() -> list[str]:
    """The installed fallback families."""
    return [family for family, _ in _installed()]


def file_for(text: str) -> Path:
    """The font file with most of a text's characters; DejaVu Sans in a tie."""
    wanted = set(text)
    others = [path for _, path in _installed()] if _missing(text) else []
    return max([OWN, *others], key=lambda path: len(wanted & _letters(path)))


def spelled(text: str) -> str:
    """The text, transliterated to Latin where no installed font has its letters: ``模型`` becomes ``MoXing``."""
    wanted = _missing(text)
    for _, path in _installed() if wanted else ():
        wanted -= _letters(path)
    if not wanted:
        return text
    from anyascii import anyascii

    return "".join(anyascii(letter) if letter in wanted else letter for letter in text) or "?"


def _missing(text: str) -> set[str]:
    """The characters that DejaVu Sans lacks."""
    return {letter for letter in text if ord(letter) >= 0x250} - _letters(OWN)


@lru_cache
def _installed() -> list[tuple[str, Path]]:
    from matplotlib.font_manager import fontManager  # reads a list of all fonts

    by_name = {entry.name: Path(entry.fname) for entry in reversed(fontManager.ttflist)}
    return [(family, by_name[family]) for family in FAMILIES if family in by_name and by_name[family].is_file()]


@lru_cache
def _letters(path: Path) -> frozenset[str]:
    from matplotlib.ft2font import FT2Font

    return frozenset(map(chr, FT2Font(str(path)).get_charmap()))
