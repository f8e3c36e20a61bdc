"""Landmarks that come with a dataset: one CSV beside the pictures."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator

import numpy as np

from fsrbench.datasets.storage import Files
from fsrbench.errors import UserError
from fsrbench.files.labels import image_of

LANDMARKS = "landmarks.csv"
"""Optional file beside the pictures: image,x0,y0,...,x67,y67 in pixels of the stored HR picture."""
POINTS = 68


def read_landmarks(files: Files, name: str, ids: Collection[str], warnings: list[str]) -> dict[str, np.ndarray]:
    """The 68,2 points of each image; the first column is the image's id, with or without suffix.

    Raises:
        UserError: a malformed line, or an image listed twice.
    """
    known = set(ids)
    found: dict[str, np.ndarray] = {}
    first, unknown = "", 0
    for line, row in _rows(files, name):
        image = image_of(row[0], known)
        if image is None:
            first, unknown = first or row[0], unknown + 1
        elif image in found:
            raise UserError(f"{name}, line {line}: {image} appears twice")
        else:
            found[image] = _points(row[1:], f"{name}, line {line}")
    if unknown:
        warnings.append(f"{name}: {unknown} lines name no image that is used: {first[:80]!r}")
    return found


def _rows(files: Files, name: str) -> Iterator[tuple[int, list[str]]]:
    """The rows after the heading, one at a time: all rows of a large file would not fit into memory."""
    rows = _all_rows(files, name)
    heading = next(rows, None)
    if heading is None or heading[1][0].strip().lower() != "image":
        raise UserError(f"{name}: the first line must be image,x0,y0,...,x{POINTS - 1},y{POINTS - 1}")
    return rows


def _all_rows(files: Files, name: str) -> Iterator[tuple[int, list[str]]]:
    try:
        text = io.TextIOWrapper(io.BytesIO(files.read(name)), encoding="utf-8-sig", newline="")
        yield from ((line, row) for line, row in enumerate(csv.reader(text), 1) if row)
    except (OSError, ValueError, csv.Error) as error:
        raise UserError(f"{name} cannot be read: {error}") from None


def _points(cells: list[str], where: str) -> np.ndarray:
    try:
        points = np.array(cells, dtype=np.float64)
    except ValueError as error:
        raise UserError(f"{where}: {error}") from None
    if len(points) != 2 * POINTS or not np.isfinite(points).all():
        raise UserError(f"{where}: expected {2 * POINTS} finite numbers after the image's name")
    return points.reshape(POINTS, 2)
