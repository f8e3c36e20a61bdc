"""Five points of faces in a CSV file, as NTIRE's challenges list them."""

from __future__ import annotations

import csv
import functools
from pathlib import Path, PurePosixPath
from typing import Final

import numpy as np

from fsrbench.errors import FsrbenchError, Unavailable, one_line

IDS: Final = "ids"
"""Name under which an extractor that reads the images' ids gets them."""
POINTS: Final = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")
COLUMNS: Final = tuple(f"{point}_{axis}" for point in POINTS for axis in "xy")


def points_of(file: Path, image: str) -> np.ndarray:
    """The points 5,2 of an image, in pixels.

    Args:
        file: the list.
        image: its id; the list has the last part of it, up to the first dot.

    Raises:
        FsrbenchError: the file does not list it.
    """
    name = PurePosixPath(image).name.split(".")[0]
    listed = read_points(file)
    if name not in listed:
        raise FsrbenchError(f"{file.name} lists no points of {name}")
    return listed[name]


@functools.lru_cache(maxsize=2)
def read_points(file: Path) -> dict[str, np.ndarray]:
    """The points of each listed image, by its name without suffix.

    Raises:
        Unavailable: the file is no such list.
    """
    try:
        with file.open(encoding="utf-8", newline="") as text:
            reader = csv.DictReader(text)
            missing = [column for column in ("filename", *COLUMNS) if column not in (reader.fieldnames or ())]
            if missing:
                raise Unavailable(f"{file.name} has no column {missing[0]}; it needs filename, {', '.join(COLUMNS)}")
            return {row["filename"]: np.array([float(row[c]) for c in COLUMNS]).reshape(5, 2) for row in reader}
    except (OSError, ValueError, TypeError, csv.Error) as error:
        raise Unavailable(f"{file.name} cannot be read as a list of points: {one_line(error)}") from None
