"""Landmarks of SCface's pictures in CSV files as evaluations publish them: a path and the x, y of five points."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import numpy as np

from fsrbench.datasets.importers.folder import read_points
from fsrbench.datasets.importers.tree import Tree
from fsrbench.errors import UserError
from fsrbench.files.text import read_text
from fsrbench.provenance.file_hashes import sha256_of


def points_by_name(path: Path, tree: Tree) -> dict[str, np.ndarray]:
    """The five points of each picture, by its name without suffix in lower case; a heading may come first.

    Args:
        path: a CSV file, or a folder of them (mugshots, and each distance).
        tree: records the files' hashes.

    Raises:
        UserError: a file cannot be read, a malformed line, or no line at all.
    """
    found: dict[str, np.ndarray] = {}
    for file in sorted(path.glob("*.csv")) if path.is_dir() else [path]:
        tree.read[file.name] = sha256_of(file)
        for number, line in enumerate(read_text(file).splitlines(), 1):
            name, *cells = (cell.strip() for cell in line.split(","))
            if not name or (number == 1 and not any(cell.replace(".", "").isdigit() for cell in cells)):
                continue
            if len(cells) != 10:
                raise UserError(f"{file}, line {number}: {len(cells)} numbers, not the x and y of five points")
            found[PurePosixPath(name).stem.lower()] = read_points(cells, f"{file}, line {number}")
    if not found:
        raise UserError(f"{path}: no landmarks in it")
    return found
