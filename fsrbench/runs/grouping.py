"""Which group each image of a run is in: by the labels of a column, or by numbers cut at edges."""

from __future__ import annotations

import math
from bisect import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from fsrbench.errors import UserError, counted, unknown_name
from fsrbench.files.labels import Labels, parse_labels
from fsrbench.files.lists import names_in
from fsrbench.files.text import read_text
from fsrbench.runs.data import RunData

MOST_GROUPS: Final = 20
"""A column with more labels holds numbers to cut, or names."""


@dataclass(frozen=True)
class Grouping:
    """The groups of one column."""

    column: str
    names: tuple[str, ...]
    """In order: numbers from the lowest, else alphabetical."""
    of: Mapping[str, str]
    """The group of each image with a label."""


def labels_of(run: RunData, file: Path | None = None) -> Labels:
    """The labels of a run's images, by column; columns of ``file`` replace the run's of the same name.

    Raises:
        UserError: the file cannot be read, is malformed or names no image of the run; or there are no labels at all.
    """
    given = parse_labels(read_text(file), str(file)).of(run.images["image"])[0] if file else {}
    labels = {**run.labels, **given}
    if not labels:
        raise UserError(f"{run.path} has no labels of its images: give --groups FILE.csv (image,sex,age...)")
    return labels


def groupings(labels: Labels, by: str | None = None) -> list[Grouping]:
    """The groupings that a user asks for.

    Args:
        labels: by column, the label of each image.
        by: columns, comma-separated, each with edges to cut numbers at: ``sex,age:30,45``; by default every column
            with 2 to 20 different labels.

    Raises:
        UserError: no such column, labels that are no numbers, edges that do not increase, or too many or few groups.

    Example:
        >>> age = {"ann": "31", "bob": "29", "cy": "52"}
        >>> [found] = groupings({"age": age}, "age:30,45")
        >>> found.names, found.of["ann"]
        (('under 30', '30 to under 45', '45 and over'), '30 to under 45')
    """
    if by is None:
        found = [column for column, of in labels.items() if 2 <= len(set(of.values())) <= MOST_GROUPS]
        if not found:
            raise UserError(f"no column has 2 to {MOST_GROUPS} different labels: cut numbers, as in --by age:30,45")
        return [_by_label(column, labels[column]) for column in found]
    return [
        _by_edges(column, labels[column], edges) if edges else _by_label(column, labels[column])
        for column, edges in _columns(by, labels)
    ]


def _columns(by: str, labels: Labels) -> list[tuple[str, tuple[float, ...]]]:
    """Columns and their edges: numbers after ``column:`` up to the next column."""
    found: dict[str, list[float]] = {}
    last = ""
    for part in names_in(by):
        name, colon, first = part.rpartition(":")
        if last and (number := number_in(part)) is not None and part not in labels:
            found[last].append(number)
            continue
        column, last = (part, "") if part in labels or not colon else (name, name)
        if column not in labels:
            raise UserError(f"--by: {unknown_name('column of labels', column, list(labels))}")
        if column in found:
            raise UserError(f"--by: column {column} appears twice")
        found[column] = []
        if last:
            if (edge := number_in(first)) is None:
                raise UserError(f"--by {part}: {first!r} is not a number to cut at")
            found[column].append(edge)
    for column, edges in found.items():
        if any(low >= high for low, high in pairwise(edges)):
            raise UserError(f"--by {column}: edges must increase, not {', '.join(map(_text, edges))}")
    if not found:
        raise UserError("--by: name at least one column")
    return [(column, tuple(edges)) for column, edges in found.items()]


def number_in(text: str) -> float | None:
    """The label as a finite number; ``None`` if it is not one."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and "_" not in text else None  # Python reads 1_0 as 10


def _text(edge: float) -> str:
    """With all its digits: dates such as 20240131 are edges too."""
    return f"{edge:.15g}"


def _by_label(column: str, of: Mapping[str, str]) -> Grouping:
    names = sorted(set(of.values()), key=lambda name: (number_in(name) is None, number_in(name) or 0.0, name))
    if len(names) > MOST_GROUPS:
        numbers = all(number_in(name) is not None for name in names)
        hint = f"cut them at edges: --by {column}:30,45" if numbers else f"at most {MOST_GROUPS} can be groups"
        raise UserError(f"--by {column}: {len(names)} different labels; {hint}")
    return _checked(Grouping(column, tuple(names), of))


def _by_edges(column: str, of: Mapping[str, str], edges: Sequence[float]) -> Grouping:
    numbers = {image: number_in(label) for image, label in of.items()}
    if wrong := [image for image, number in numbers.items() if number is None]:
        one = f"{of[wrong[0]][:40]!r} is not a number ({wrong[0][:80]})"
        raise UserError(f"--by {column}: {one}; leave out the edges, or write plain numbers")
    between = (f"{_text(low)} to under {_text(high)}" for low, high in pairwise(edges))
    names = [f"under {_text(edges[0])}", *between, f"{_text(edges[-1])} and over"]
    groups = {image: names[bisect(edges, number)] for image, number in numbers.items() if number is not None}
    there = set(groups.values())
    return _checked(Grouping(column, tuple(name for name in names if name in there), groups))


def _checked(grouping: Grouping) -> Grouping:
    if len(grouping.names) < 2:
        one = f"all {counted(len(grouping.of), 'image')} are {grouping.names[0]!r}" if grouping.names else "no label"
        raise UserError(f"--by {grouping.column}: {one}; at least two groups are needed")
    return grouping
