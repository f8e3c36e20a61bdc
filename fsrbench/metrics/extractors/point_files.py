"""Five points of faces in a CSV file, as NTIRE's challenges list them."""

from __future__ import annotations

import csv
import functools
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

import numpy as np

from fsrbench.errors import FsrbenchError, Unavailable, one_line

IDS: Final = "ids"
"""Name under which an extractor that reads the images' ids gets them."""
POINTS: Final = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")
COLUMNS: Final = tuple(f"{point}_{axis}" for point in POINTS for axis in "xy")
SIDE: Final = "side"
"""Optional column: side in pixels of the square picture that a line's points refer to."""


def points_of(file: Path, image: str) -> np.ndarray:
    """The points 5,2 of an image, in pixels.

    Args:
        file: the list.
        image: its id; the list holds it, or its file name up to the first dot.

    Raises:
        FsrbenchError: the file does not list it.
    """
    return _listed(file, image).points


def points_at(file: Path, image: str, side: int) -> np.ndarray:
    """The points 5,2 of an image of ``side`` px, in pixels; converted if the list says which side they refer to.

    Raises:
        FsrbenchError: the file does not list it.
    """
    listed = _listed(file, image)
    return listed.points if listed.side is None else (listed.points + 0.5) * side / listed.side - 0.5


def _listed(file: Path, image: str) -> ListedPoints:
    name = PurePosixPath(image).name.split(".")[0]
    known = read_points(file)
    if image not in known and name not in known:
        raise FsrbenchError(f"{file.name} lists no points of {name}")
    return known.get(image) or known[name]


class ListedPoints(NamedTuple):
    """One line of a list."""

    points: np.ndarray
    """5,2 in pixels, pixel centres at whole numbers."""
    side: float | None
    """Side in pixels of the square picture that they refer to; ``None``: the run's own picture."""


@functools.lru_cache(maxsize=2)
def read_points(file: Path) -> dict[str, ListedPoints]:
    """The points of each listed image, by its id or name without suffix.

    Raises:
        Unavailable: the file is not such a list.
    """
    try:
        with file.open(encoding="utf-8", newline="") as text:
            reader = csv.DictReader(text)
            missing = [column for column in ("filename", *COLUMNS) if column not in (reader.fieldnames or ())]
            if missing:
                raise Unavailable(f"{file.name} has no column {missing[0]}; it needs filename, {', '.join(COLUMNS)}")
            return {row["filename"]: _points(row) for row in reader}
    except (OSError, ValueError, TypeError, csv.Error) as error:
        raise Unavailable(f"{file.name} cannot be read as a list of points: {one_line(error)}") from None


def _points(row: dict[str, str]) -> ListedPoints:
    points = np.array([float(row[column]) for column in COLUMNS]).reshape(5, 2)
    return ListedPoints(points, float(row[SIDE]) if row.get(SIDE) else None)
