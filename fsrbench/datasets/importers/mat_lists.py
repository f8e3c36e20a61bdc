"""Read lists in MATLAB files: names of pictures and the person on each, as TinyFace and QMUL-SurvFace publish them."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from fsrbench.datasets.importers.tree import Tree
from fsrbench.errors import UserError, one_line


def read_list(tree: Tree, file: str, key: str) -> np.ndarray:
    """One variable of a MATLAB file, as an array of text or numbers without the cells around them.

    Args:
        tree: has the file, in any folder.
        file: its name.
        key: the variable's name.

    Returns:
        N,M values: a column is N,1, a row 1,M.

    Raises:
        UserError: the file or the variable is missing, or it cannot be read.
    """
    from scipy.io import loadmat

    data = tree.binary(file)
    if data is None:
        raise UserError(f"no {file} in {tree.path}")
    try:
        variables = loadmat(io.BytesIO(data))
    except Exception as error:  # scipy raises types of its own for damaged files
        if b"\x89HDF\r\n" in data[:1024]:
            raise UserError(f"{file} is a MATLAB 7.3 file (HDF5), which is not supported: save it with -v7") from None
        raise UserError(f"{file}: cannot be read as a MATLAB file up to version 7.2: {one_line(error)}") from None
    if key not in variables:
        known = ", ".join(sorted(name for name in variables if not name.startswith("__"))) or "nothing"
        raise UserError(f"{file} has no {key}; it holds {known}")
    table: np.ndarray = np.atleast_1d(variables[key])
    values = np.empty(table.shape, dtype=object)
    for index, cell in np.ndenumerate(table):
        value = _inside(cell, f"{file}: {key}")
        values[index] = value.strip() if isinstance(value, str) else value  # a table of characters is padded
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
        tree: has the file.
        file: its name.
        names: the variable with the pictures' names.
        ids: the variable with whole numbers of people.

    Raises:
        UserError: as :func:`read_list`, or the two differ in length, a name is listed twice, or an id is not a number.
    """
    pictures, people = read_list(tree, file, names), read_list(tree, file, ids)
    if pictures.size != people.size or not pictures.size or max(pictures.shape) != pictures.size:
        raise UserError(f"{file}: {names} has {pictures.size} entries and {ids} {people.size}; was it cut short?")
    found: dict[str, str] = {}
    for picture, person in zip(map(str, pictures.flat), people.flat, strict=True):
        if picture in found:
            raise UserError(f"{file}: {picture[:80]} is listed twice")
        found[picture] = _number(person, f"{file}: {ids}")
    return found


def _number(person: Any, where: str) -> str:
    try:
        if float(person) == int(person) >= 0:
            return str(int(person))
    except (TypeError, ValueError, OverflowError):
        pass
    raise UserError(f"{where} has {str(person)[:40]!r}, which is not the number of a person")
