"""From file names to samples: HR and LR paired by relative path without suffix, identities from sub-folders."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import PurePosixPath

import numpy as np

from fsrbench.datasets.base import Dataset, Picture, Sample
from fsrbench.datasets.files import Files
from fsrbench.errors import UserError
from fsrbench.images import SUFFIXES

LANDMARKS = "landmarks.csv"
"""Optional file beside the pictures: image,x0,y0,...,x67,y67 in pixels of the stored HR picture."""


def read_layout(name: str, files: Files) -> Dataset:
    """Collect the samples of a folder or zip with ``HR/`` and/or ``LR/`` inside, or with HR pictures directly.

    Raises:
        UserError: no pictures, or HR and LR that share no name.
    """
    warnings: list[str] = []
    names = files.names()
    root = _root(names)
    pictures = [n for n in names if n.startswith(root) and _is_picture(n)]
    hr = _by_id(files, (n for n in pictures if _side(n, root) != "LR"), root, warnings)
    lr = _by_id(files, (n for n in pictures if _side(n, root) == "LR"), root, warnings)
    if not hr and not lr:
        raise UserError(f"no pictures in {name}; expected {', '.join(sorted(SUFFIXES))}")
    ids = sorted(hr.keys() & lr.keys()) if hr and lr else sorted(hr or lr)
    if not ids:
        raise UserError(f"HR and LR of {name} share no name; they pair by relative path without suffix")
    for side, alone in (("HR", hr.keys() - lr.keys()), ("LR", lr.keys() - hr.keys())):
        if hr and lr and alone:
            warnings.append(f"{len(alone)} {side} without a partner left out: {_some(sorted(alone))}")
    landmarks = _landmarks(files, root + LANDMARKS, names)
    samples = tuple(Sample(i, hr.get(i), lr.get(i), _identity(i), landmarks.get(i)) for i in ids)
    return Dataset(name, samples, tuple(warnings))


def _root(names: list[str]) -> str:
    """The one top folder that everything lies in, if HR/ or LR/ comes right below it; else nothing."""
    tops = {n.partition("/")[0] for n in names if "/" in n and not _is_junk(n)}
    if len(tops) != 1:
        return ""
    root = f"{tops.pop()}/"
    return root if any(_side(n, root) for n in names if n.startswith(root)) else ""


def _side(name: str, root: str) -> str | None:
    first, slash, _ = name[len(root) :].partition("/")
    return first.upper() if slash and first.upper() in ("HR", "LR") else None


def _is_junk(name: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in name.split("/"))


def _is_picture(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in SUFFIXES and not _is_junk(name)


def _by_id(files: Files, names: Iterable[str], root: str, warnings: list[str]) -> dict[str, Picture]:
    found: dict[str, Picture] = {}
    for name in names:
        relative = name[len(root) :]
        if _side(name, root):
            relative = relative.partition("/")[2]
        path = PurePosixPath(relative.replace("\\", "/"))
        image_id = str(path.with_suffix(""))
        if path.is_absolute() or ".." in path.parts or not image_id.isprintable():
            warnings.append(f"{name!r} left out: its name leads outside the run folder or cannot be printed")
        elif image_id in found:
            warnings.append(f"{name} left out: {found[image_id].name} has the same name")
        else:
            found[image_id] = Picture(files, name)
    return found


def _identity(image_id: str) -> str | None:
    return image_id.rpartition("/")[0] or None


def _landmarks(files: Files, name: str, names: list[str]) -> dict[str, np.ndarray]:
    if name not in names:
        return {}
    try:
        rows = list(csv.reader(io.StringIO(files.read(name).decode())))[1:]
        return {row[0]: np.array(row[1:], dtype=np.float64).reshape(68, 2) for row in rows if row}
    except (ValueError, OSError) as error:
        raise UserError(f"{name}: expected image,x0,y0,...,x67,y67: {error}") from None


def _some(names: list[str], most: int = 3) -> str:
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")
