"""Short names of methods, made together so that they stay distinct; for plots, grids and narrow tables."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

MOST: Final = 24
"""Names of up to this many letters are shown in full; wide letters (Chinese, Japanese, Korean) count twice."""
_KIND: Final = re.compile(r"(images|checkpoint|onnx|python):")
_PATH: Final = re.compile(r"(images|checkpoint|onnx):")
_OF_FILES: Final = ("checkpoint:", "onnx:")
"""Kinds whose names end in a file suffix; in a folder's name the part after the point may be a version."""
_SUFFIX: Final = re.compile(r"(?<=.)\.[A-Za-z]\w{0,11}$")
_TAILS: Final = (12, 15, 18, 8, 4)
"""Letters kept after the ellipsis of a shortened name, tried in this order."""


def short_names(names: Iterable[str], most: int = MOST, spell: Callable[[str], str] = str) -> dict[str, str]:
    """A distinct short name for each name.

    A path such as ``checkpoint:/models/a/net.pth`` is shortened to its last part (see :func:`row_names`), other names
    only if they have more than ``most`` letters. What is still too long loses its middle.

    Args:
        names: the names.
        most: maximum letters of a short name.
        spell: converts a name to letters that can be drawn.

    Examples:
        >>> list(short_names(["bicubic", "checkpoint:/data/expA/models/net.pth"]).values())
        ['bicubic', 'net']
        >>> list(short_names(f"checkpoint:/data/exp{x}/models/net.pth" for x in "AB").values())
        ['expA/…/net', 'expB/…/net']
    """
    listed = list(dict.fromkeys(names))
    shown = row_names(listed)
    long = [name for name in listed if shown[name] == name and _width(name) > most]
    shown |= _tails(long, (text for name, text in shown.items() if name not in long))
    shown = {name: spell(shown[name]) for name in listed}
    return _numbered(_cut(shown, most), most)


def row_names(names: Iterable[str]) -> dict[str, str]:
    """A distinct name for each method, for places with room for long names.

    Names chosen by the user or a package stay as they are. A path is shortened to its last part, with as many parent
    folders as keep it distinct.

    Examples:
        >>> list(row_names(["bicubic", "images:SR/codeformer", "images:SR/gfpgan"]).values())
        ['bicubic', 'codeformer', 'gfpgan']
        >>> list(row_names(["images:one/SR", "images:two/SR"]).values())
        ['one/SR', 'two/SR']
    """
    listed = list(dict.fromkeys(names))
    shown = {name: name for name in listed if not _PATH.match(name)}
    shown |= _tails([name for name in listed if name not in shown], shown.values())
    return {name: shown[name] for name in listed}


def _tails(names: Sequence[str], taken: Iterable[str]) -> dict[str, str]:
    """The shortest tail of each path that no other name shares."""
    ends = {name: _ends(name) for name in names}
    used = set(taken)
    found: dict[str, str] = {}
    depth = 0
    while len(found) < len(names):
        open_names = [name for name in names if name not in found]
        now = {name: ends[name][min(depth, len(ends[name]) - 1)] for name in open_names}
        count = Counter(plain for plain, _ in now.values())
        for name, (plain, elided) in now.items():
            last = depth >= len(ends[name]) - 1
            if last or (count[plain] == 1 and plain not in used):
                free = elided not in used and sum(elided == other for _, other in now.values()) == 1
                found[name] = elided if free else plain
        used |= set(found.values())
        depth += 1
    return found


def _ends(name: str) -> list[tuple[str, str]]:
    """The tails of a name's path, from its last part to the whole name; each in full and with its middle elided."""
    kind = _KIND.match(name)
    rest = (name[kind.end() :] if kind else name).rstrip("/\\") or name
    is_code = bool(kind and kind[0] == "python:" and "/" not in rest)
    separators = re.findall(r"[.:]" if is_code else r"[/\\]", rest)
    parts = re.split(r"[.:]" if is_code else r"[/\\]", rest)
    ends = []
    for count in range(1, len(parts) + 1):
        first = len(parts) - count
        tail = "".join(p + s for p, s in zip(parts[first:], [*separators[first:], ""], strict=True))
        mark = "/" if not is_code else separators[-1] if separators else ""
        elided = f"{parts[first]}{mark}…{mark}{parts[-1]}" if count > 2 else tail
        is_file = bool(kind and kind[0] in _OF_FILES)
        ends.append((_SUFFIX.sub("", tail), _SUFFIX.sub("", elided)) if is_file else (tail, elided))
        ends.append((tail, elided))
    whole = f"{kind[0]}…/{parts[-1]}" if kind and len(parts) > 1 and not is_code else name
    return [*ends, (name, whole)]


def _cut(names: Mapping[str, str], most: int) -> dict[str, str]:
    """Elide the middle of names that are too long; where that makes some equal, show the part where they differ."""
    for tail in (min(tail, most - 2) for tail in _TAILS):
        cut = {name: _without_middle(text, most, tail) for name, text in names.items()}
        if len(set(cut.values())) == len(cut):
            return cut
    cut = {name: _without_middle(text, most, most // 2) for name, text in names.items()}
    alike = Counter(cut.values())
    same = [name for name, text in cut.items() if alike[text] > 1]
    start = max(0, _first_difference([names[name] for name in same]) - 3)
    return cut | {name: _without_end(f"…{names[name][start:]}", most) for name in same}


def _first_difference(texts: Sequence[str]) -> int:
    letters = zip(*texts, strict=False)
    return next((place for place, column in enumerate(letters) if len(set(column)) > 1), min(map(len, texts)))


def _numbered(names: Mapping[str, str], most: int) -> dict[str, str]:
    """Number the names that are still equal."""
    found: dict[str, str] = {}
    for name, text in names.items():
        new, number = text, 1
        while new in found.values() or (number > 1 and new in names.values()):
            number += 1
            new = f"{_without_end(text, most - 3)} #{number}"
        found[name] = new
    return found


def _without_middle(text: str, most: int, tail: int) -> str:
    if _width(text) <= most:
        return text
    end = _last(text, tail)
    return f"{_first(text, most - 1 - _width(end))}…{end}"


def _without_end(text: str, most: int) -> str:
    return text if _width(text) <= most else f"{_first(text, most - 1)}…"


def _first(text: str, width: int) -> str:
    kept = len(text)
    while kept and _width(text[:kept]) > width:
        kept -= 1
    return text[:kept]


def _last(text: str, width: int) -> str:
    return _first(text[::-1], width)[::-1]


def _width(text: str) -> int:
    """Number of letters: wide ones count twice, combining accents not at all."""
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )
