"""Lists in MATLAB files: names of pictures and the person on each, as TinyFace and QMUL-SurvFace publish them."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from fsrbench.datasets.importers.tree import Tree
from fsrbench.errors import UserError, one_line


def read_list(tree: Tree, file: str, key: str) -> np.ndarray:
    """One variable of a MATLAB file, as an array of text or numbers without the cells around them.

    Args:
        tree: where the file lies, in any folder.
        file: its name.
        key: the variable's name.

    Returns:
        N values of a column or row, or N,M of a table.

    Raises:
        UserError: the file or the variable is missing, or it cannot be read.
    """
    from scipy.io import loadmat

    data = tree.binary(file)
    if data is None:
        raise UserError(f"no {file} in {tree.path}")
    try:
        variables = loadmat(io.BytesIO(data))
    except Exception as error:  # scipy raises types of its own for damaged files, NotImplementedError for version 7.3
        raise UserError(f"{file}: cannot be read as a MATLAB file up to version 7.2: {one_line(error)}") from None
    if key not in variables:
        known = ", ".join(sorted(name for name in variables if not name.startswith("__"))) or "nothing"
        raise UserError(f"{file} has no {key}; it holds {known}")
    table: np.ndarray = np.atleast_1d(np.squeeze(variables[key]))
    values = np.empty(table.shape, dtype=object)
    for place, cell in np.ndenumerate(table):
        values[place] = _inside(cell, f"{file}: {key}")
    return values


def _inside(cell: Any, where: str) -> Any:
    """The one value in a cell, however deeply it is nested."""
    while isinstance(cell, np.ndarray):
        if cell.size != 1:
            raise UserError(f"{where} has an entry of {cell.size} values, where one name or number is expected")
        cell = cell.reshape(-1)[0]
    return cell


def read_people(tree: Tree, file: str, names: str, ids: str) -> dict[str, str]:
    """The person on each listed picture, by the picture's name, in the order of the list.

    Args:
        tree: where the file lies.
        file: its name.
        names: the variable with the pictures' names.
        ids: the variable with whole numbers of people.

    Raises:
        UserError: as :func:`read_list`, or the two differ in length, a name is listed twice, or an id is no number.
    """
    pictures, people = read_list(tree, file, names), read_list(tree, file, ids)
    if pictures.shape != people.shape or pictures.ndim != 1:
        raise UserError(f"{file}: {names} has {pictures.size} entries and {ids} {people.size}; was it cut short?")
    found: dict[str, str] = {}
    for picture, person in zip(map(str, pictures), people, strict=True):
        if picture in found:
            raise UserError(f"{file}: {picture[:80]} is listed twice")
        try:
            found[picture] = str(int(person))
        except (TypeError, ValueError, OverflowError):
            raise UserError(f"{file}: {ids} has {str(person)[:40]!r}, which is no number of a person") from None
    return found
