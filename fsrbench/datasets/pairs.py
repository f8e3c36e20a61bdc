"""Verification pairs listed in a file: CSV, or the format of Labeled Faces in the Wild (Huang et al. 2007)."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fsrbench.errors import UserError
from fsrbench.files.text import read_text

PAIRS_HEADING: Final = ("first", "second", "genuine", "fold")
"""First line of a pairs file in CSV: ids of two images, 1 or 0, and the number of a fold from 0."""


@dataclass(frozen=True)
class ListedPair:
    """Two images by id, whether they show one person, and the fold that the list puts them in."""

    first: str
    second: str
    genuine: bool
    fold: int


def read_pairs(path: Path) -> tuple[ListedPair, ...]:
    """Read a pairs file: a CSV file headed :data:`PAIRS_HEADING`, or LFW's format.

    In LFW's, the first line has the number of folds, and of genuine (and as many impostor) pairs per fold. Then fold by
    fold the genuine pairs, ``name number number``, and the impostors, ``name number name number``, separated by tabs or
    spaces. ``name 7`` is the image ``name/name_0007``, as LFW's files are called.

    Raises:
        UserError: it cannot be read, or a malformed line.
    """
    lines = read_text(path).splitlines()
    if lines and tuple(lines[0].strip().lower().split(",")) == PAIRS_HEADING:
        return tuple(_row(row, f"{path}, line {line}") for line, row in enumerate(csv.reader(lines[1:]), 2) if row)
    folds, each = _header(lines[0] if lines else "", path)
    expected = 2 * folds * each
    rows = [(number, line.split()) for number, line in enumerate(lines[1:], 2) if line.strip()]
    if len(rows) != expected:
        raise UserError(f"{path}: {len(rows)} pairs, its first line announces {expected}")
    return tuple(
        _pair(words, k // (2 * each), k % (2 * each) < each, f"{path}, line {line}")
        for k, (line, words) in enumerate(rows)
    )


def _row(row: list[str], where: str) -> ListedPair:
    try:
        first, second, genuine, fold = row
        return ListedPair(first, second, {"1": True, "0": False}[genuine.strip()], int(fold))
    except (ValueError, KeyError):
        raise UserError(f"{where}: expected two images, 1 or 0, and a fold, not {','.join(row)[:60]!r}") from None


def _header(line: str, path: Path) -> tuple[int, int]:
    try:
        folds, each = (int(word) for word in line.split())
    except ValueError:
        raise UserError(f"{path}: the first line must have two numbers, folds and pairs, not {line[:40]!r}") from None
    if folds < 2 or each < 1:
        raise UserError(f"{path}: at least 2 folds and 1 pair are needed, not {folds} and {each}")
    return folds, each


def _pair(words: list[str], fold: int, genuine: bool, where: str) -> ListedPair:
    if len(words) == 3:
        words = [*words[:2], words[0], words[2]]
    try:
        name, number, other, other_number = words
        first, second = (f"{n}/{n}_{int(i):04d}" for n, i in ((name, number), (other, other_number)))
    except ValueError:
        raise UserError(f"{where}: expected 'name i j' or 'name i name j', not {' '.join(words)[:60]!r}") from None
    if (name == other) != genuine:
        raise UserError(
            f"{where}: one person is expected here" if genuine else f"{where}: two people are expected here"
        )
    return ListedPair(first, second, genuine, fold)
