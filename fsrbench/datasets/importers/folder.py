"""Any folder or archive of pictures: sub-folders are identities, landmarks come from a CSV file or a detector."""

from __future__ import annotations

import csv
import unicodedata
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from fsrbench.datasets.ambiguity import check_file_names
from fsrbench.datasets.folder_words import is_general
from fsrbench.datasets.identities import holds_people
from fsrbench.datasets.importers.base import Collection, Face, Options, refuse_split
from fsrbench.datasets.importers.tree import Tree
from fsrbench.datasets.sides import split_sides
from fsrbench.errors import UserError
from fsrbench.files.labels import GROUPS, Labels, image_of, parse_labels
from fsrbench.files.text import read_text
from fsrbench.provenance.file_hashes import sha256_of


class LandmarkRow(NamedTuple):
    """One line of the CSV file."""

    where: str
    """File and line, for messages."""
    name: str
    """Of the picture, with or without suffix."""
    points: np.ndarray
    identity: str


def collect(source: Path, options: Options) -> tuple[Collection, Tree]:
    """All pictures of a folder or archive.

    Raises:
        UserError: no pictures, HR and LR in one, or malformed landmarks.
    """
    refuse_split("a folder", options.split, ("all",))
    tree = Tree(source)
    found = Collection(tree.sources)
    rows: list[LandmarkRow] = []
    if options.landmarks is not None:
        rows = read_landmarks(options.landmarks)
        tree.read[options.landmarks.name] = sha256_of(options.landmarks)
    pictures = sorted(tree.pictures())
    if not pictures:
        raise UserError(f"no pictures in {source}")
    paths = [path for path, _ in pictures]
    _refuse_pairs(source, paths)
    check_file_names(str(source), paths)
    whole = {_id(path) for path in paths}
    top = "" if any(image_of(row.name, whole) for row in rows) else _packing(paths, archive=source.is_file())
    known = _by_image(rows, {_id(path.removeprefix(top)) for path in paths}, found.notes)
    if unmarked := [path for path, _ in pictures if rows and _id(path.removeprefix(top)) not in known]:
        found.notes.append(f"{len(unmarked)} pictures have no line in {options.landmarks}, e.g. {unmarked[0][:80]}")
    labels = _labels(tree, {_id(path.removeprefix(top)) for path in paths}, found.notes)
    for path, entry in pictures:
        image = _id(path.removeprefix(top))
        about, own = known.get(image), {k: by[image] for k, by in labels.items() if image in by}
        if "/" not in image and about and about.identity:
            image = f"{about.identity}/{image}"
        found.faces.append(Face(image, *entry, points=about.points if about else None, labels=own))
    return found, tree


def _labels(tree: Tree, ids: set[str], notes: list[str]) -> Labels:
    """By column, the labels of the source's own ``groups.csv``, if it has one."""
    text = tree.text(GROUPS)
    if text is None:
        return {}
    labels, strays = parse_labels(text.text, text.name).of(ids)
    if strays:
        notes.append(f"{text.name}: {len(strays)} lines match no picture, e.g. {strays[0][:80]!r}")
    return labels


def read_landmarks(path: Path) -> list[LandmarkRow]:
    """Read landmarks: a heading, then on each line a picture's path and 10 or 136 numbers (x, y of 5 or 68 points).

    A column ``identity`` is optional.

    Raises:
        UserError: it cannot be read, or a malformed line.
    """
    try:
        rows = [(number, row) for number, row in enumerate(csv.reader(read_text(path).splitlines()), 1) if row]
    except csv.Error as error:
        raise UserError(f"{path}: cannot be read: {error}") from None
    heading = [cell.strip().lower() for cell in rows[0][1]] if rows else []
    who = heading.index("identity") if "identity" in heading else None
    if len(heading) - 1 - (who is not None) not in (10, 136):
        raise UserError(f"{path}: the first line must name the picture and 10 or 136 coordinates (5 or 68 points)")
    found: list[LandmarkRow] = []
    for number, row in rows[1:]:
        where = f"{path}, line {number}"
        if len(row) != len(heading):
            raise UserError(f"{where}: {len(row)} columns, the first line has {len(heading)}")
        cells = [cell for k, cell in enumerate(row) if k not in (0, who)]
        identity = row[who].strip() if who is not None else ""
        found.append(LandmarkRow(where, row[0].strip(), read_points(cells, where), identity))
    return found


def _by_image(rows: list[LandmarkRow], ids: set[str], notes: list[str]) -> dict[str, LandmarkRow]:
    known: dict[str, LandmarkRow] = {}
    strays = []
    for row in rows:
        image = image_of(row.name, ids)
        if image is None:
            strays.append(row)
        elif image in known:
            raise UserError(f"{row.where}: {row.name[:60]} appears twice")
        else:
            known[image] = row
    if strays:
        first = f"{strays[0].where}: {strays[0].name[:80]!r}"
        notes.append(f"{len(strays)} lines match no picture, e.g. {first}")
    return known


def read_points(cells: list[str], where: str) -> np.ndarray:
    """K,2 finite coordinates of a line.

    Raises:
        UserError: a cell is not a finite number.
    """
    try:
        points = np.array([float(cell) for cell in cells]).reshape(-1, 2)
    except ValueError as error:
        raise UserError(f"{where}: {error}") from None
    if not np.isfinite(points).all():
        raise UserError(f"{where}: expected finite numbers")
    return points


def _id(path: str) -> str:
    name = unicodedata.normalize("NFC", path.strip().replace("\\", "/"))
    return str(PurePosixPath(name).with_suffix(""))


def _refuse_pairs(source: Path, paths: list[str]) -> None:
    """Refuse HR and LR folders: they are not two people."""
    split = split_sides(paths)
    if {"HR", "LR"} <= split.sides:
        hr, lr = (next(folder for folder, side in split.folders.items() if side == which) for which in ("HR", "LR"))
        raise UserError(f"{source} holds HR in {hr}/ and LR in {lr}/: use it as --data, or import {hr}/ alone")


def _packing(paths: list[str], archive: bool) -> str:
    """The common outer folder, if not a person's: HR/, or in an archive one with people in it or a general name."""
    tops = {path.partition("/")[0] if "/" in path else "" for path in paths}
    top = f"{tops.pop()}/" if len(tops) == 1 and "" not in tops else ""
    inside = [path.removeprefix(top) for path in paths]
    if top and archive and all(path.startswith("HR/") for path in inside):
        return f"{top}HR/"
    return top if (archive and (holds_people(paths) or is_general(top[:-1]))) or top == "HR/" else ""
