"""Labels of images in a CSV file: the first column names the image, the others are labels."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from fsrbench.errors import UserError

GROUPS: Final = "groups.csv"
"""The file's name in a dataset and in a run's folder."""
UNKNOWN: Final = ("", "NA", "N/A", "NAN")
"""Cells that say that a label is not known, in any case."""
Labels = Mapping[str, Mapping[str, str]]
"""By column: the label of each image that has one."""


@dataclass(frozen=True)
class LabelFile:
    """The contents of a file of labels."""

    where: str
    """The file, for messages."""
    columns: tuple[str, ...]
    rows: tuple[tuple[int, str, tuple[str, ...]], ...]
    """Line number, name of the image in the file, and cells; :data:`UNKNOWN` cells are no labels."""

    def of(self, ids: Iterable[str]) -> tuple[dict[str, dict[str, str]], list[str]]:
        """The labels of images, by column, and the names in the file that match no image.

        Args:
            ids: of the images; names in the file may have a suffix.

        Raises:
            UserError: an image appears twice, or no name is one of ``ids``.
        """
        known, strays = set(ids), []
        found: dict[str, dict[str, str]] = {column: {} for column in self.columns}
        seen: set[str] = set()
        for line, name, cells in self.rows:
            if (image := image_of(name, known)) is None:
                strays.append(name)
                continue
            if image in seen:
                raise UserError(f"{self.where}, line {line}: {image[:80]} appears twice")
            seen.add(image)
            for column, cell in zip(self.columns, cells, strict=True):
                if cell.upper() not in UNKNOWN:
                    found[column][image] = cell
        if not seen:
            one = next(iter(sorted(known)), "")
            raise UserError(
                f"{self.where}: none of its {len(self.rows)} lines names an image of the data; it has "
                f"{self.rows[0][1][:60]!r}, the data {one[:60]!r}"
            )
        return found, strays


def parse_labels(text: str, where: str) -> LabelFile:
    """Parse the text of a file of labels.

    Raises:
        UserError: malformed; the message names the line.

    Example:
        >>> found = parse_labels("image,sex,age\\nann/1,female,31\\nbob/1.png,male,\\n", "groups.csv")
        >>> found.of(["ann/1", "bob/1"])
        ({'sex': {'ann/1': 'female', 'bob/1': 'male'}, 'age': {'ann/1': '31'}}, [])
    """
    try:
        read = enumerate(csv.reader(io.StringIO(text, newline="")), 1)
        lines = [(number, row) for number, row in read if any(map(str.strip, row))]
    except csv.Error as error:
        raise UserError(f"{where}: cannot be read: {error}") from None
    heading = [_plain(cell) for cell in lines[0][1]] if lines else []
    if len(heading) < 2 or heading[0].lower() != "image" or not all(heading):
        first = f"; it is {','.join(lines[0][1])[:60]!r}" if lines else ""
        raise UserError(
            f"{where}: the first line must be image and the names of the columns of labels, with commas: "
            f"image,sex,age{first}"
        )
    if twice := [name for name in heading if heading.count(name) > 1]:
        raise UserError(f"{where}: column {twice[0][:60]} appears twice")
    if len(lines) == 1:
        raise UserError(f"{where}: no images in it")
    for number, row in lines[1:]:
        if len(row) != len(heading):
            raise UserError(f"{where}, line {number}: {len(row)} columns, the first line has {len(heading)}")
    rows = tuple((number, row[0].strip(), tuple(map(_plain, row[1:]))) for number, row in lines[1:])
    return LabelFile(where, tuple(heading[1:]), rows)


def _plain(cell: str) -> str:
    """A cell on one line, without control characters, in Unicode's NFC form."""
    return "".join(c if c.isprintable() else "?" for c in unicodedata.normalize("NFC", " ".join(cell.split())))


def image_of(name: str, ids: Container[str]) -> str | None:
    """The id of the image that a line names, with or without a suffix; ids may have dots themselves."""
    path = PurePosixPath(unicodedata.normalize("NFC", name.replace("\\", "/")))
    return next((known for known in (str(path), str(path).removesuffix(path.suffix)) if known in ids), None)


def label_rows(labels: Labels, ids: Iterable[str]) -> tuple[list[str], list[list[str]]]:
    """Heading and rows of a file of labels, for the images with any label; no rows without any column or image.

    Example:
        >>> label_rows({"sex": {"ann": "female"}}, ["ann", "bob"])
        (['image', 'sex'], [['ann', 'female']])
    """
    columns = [column for column in labels if labels[column]]
    rows = [[image, *(labels[column].get(image, "") for column in columns)] for image in ids]
    return ["image", *columns], [row for row in rows if any(row[1:])]
