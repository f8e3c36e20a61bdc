"""From file names to samples: HR and LR paired by relative path without suffix, identities from sub-folders."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import PurePosixPath, PureWindowsPath

from fsrbench.datasets.base import Dataset, Picture, Sample
from fsrbench.datasets.files import Files
from fsrbench.datasets.landmarks import LANDMARKS, read_landmarks
from fsrbench.datasets.made import MANIFEST, read_manifest
from fsrbench.errors import UserError
from fsrbench.images import SUFFIXES

SIDES = ("HR", "LR")
MAX_NAME_BYTES = 255
"""Longer names cannot be saved on usual file systems."""
MAX_PATH = 2000
"""Nor can longer paths, and the run's folder comes before them."""
MAX_SHOWN = 300
"""Characters of a name in a message; a zip's may have 65,535."""


def read_layout(name: str, files: Files, wrapped: bool = False) -> Dataset:
    """Collect the samples of a folder or zip with ``HR/`` and/or ``LR/`` inside, or with HR pictures directly.

    Args:
        name: what to call the dataset.
        files: its files.
        wrapped: whether one top folder around everything is only the packing, as in most zips.

    Raises:
        UserError: no pictures, or HR and LR that share no name.
    """
    warnings: list[str] = []
    names = files.names()
    found = [n for n in names if is_picture(n)]
    if not found:
        raise UserError(f"no pictures in {name}; expected {', '.join(sorted(SUFFIXES))}")
    pictures = [n for n in found if is_safe(n)]
    if unsafe := [repr(n) for n in found if not is_safe(n)]:
        warnings.append(f"{len(unsafe)} pictures left out, nothing can be saved under their names: {_some(unsafe)}")
    if not pictures:
        raise UserError(f"{name}: {warnings[-1]}")
    root = _root(pictures, wrapped)
    of_side = {side: [n for n in pictures if _side(n, root) == side] for side in SIDES}
    if not any(of_side.values()):
        of_side["HR"] = pictures
    elif strays := [n for n in pictures if _side(n, root) is None]:
        warnings.append(f"{len(strays)} pictures outside HR/ and LR/ left out: {_some(strays)}")
    hr, lr = (_by_id(files, of_side[side], root, warnings) for side in SIDES)
    ids = sorted(hr.keys() & lr.keys()) if hr and lr else sorted(hr or lr)
    if hr and lr and not ids:
        raise UserError(f"HR and LR of {name} share no name; they pair by relative path without suffix")
    for side, alone in (("HR", hr.keys() - lr.keys()), ("LR", lr.keys() - hr.keys())):
        if hr and lr and alone:
            warnings.append(f"{len(alone)} {side} without a partner left out: {_some(sorted(alone))}")
    if root + MANIFEST in names:
        warnings += _unfinished(files, root + MANIFEST)
    landmarks = read_landmarks(files, root + LANDMARKS, ids, warnings) if root + LANDMARKS in names else {}
    samples = tuple(Sample(i, hr.get(i), lr.get(i), _identity(i), landmarks.get(i)) for i in ids)
    return Dataset(name, samples, tuple(warnings))


def _root(pictures: Sequence[str], wrapped: bool) -> str:
    """The one top folder to look in: HR/ or LR/ comes right below it, or it is but the packing."""
    tops = {n.partition("/")[0] if "/" in n else "" for n in pictures}
    if len(tops) != 1 or "" in tops:
        return ""
    root = f"{tops.pop()}/"
    if root[:-1].upper() in SIDES:
        return ""
    return root if wrapped or any(_side(n, root) for n in pictures) else ""


def _side(name: str, root: str) -> str | None:
    first, slash, _ = name[len(root) :].partition("/")
    return first.upper() if slash and first.upper() in SIDES else None


def is_picture(name: str) -> bool:
    """Whether a file's name is that of a picture; hidden files are none."""
    hidden = any(part.startswith((".", "__MACOSX")) and part not in (".", "..") for part in name.split("/"))
    return PurePosixPath(name).suffix.lower() in SUFFIXES and not hidden


def _by_id(files: Files, names: Sequence[str], root: str, warnings: list[str]) -> dict[str, Picture]:
    found: dict[str, Picture] = {}
    again = []
    for name in names:
        image_id = _id(name, root)
        if image_id in found:
            again.append(f"{name} ({found[image_id].name} is used)")
        else:
            found[image_id] = Picture(files, name)
    if again:
        warnings.append(f"{len(again)} pictures left out, another has the same name without suffix: {_some(again)}")
    return found


def _id(name: str, root: str) -> str:
    """Relative path without suffix; in one Unicode form, because systems differ in how they store an é."""
    relative = name[len(root) :]
    if _side(name, root):
        relative = relative.partition("/")[2]
    relative = unicodedata.normalize("NFC", relative.replace("\\", "/")).lstrip("/")
    return str(PurePosixPath(relative).with_suffix(""))


def is_safe(name: str) -> bool:
    """Whether results may be saved under a name: nothing outside the run's folder, no line breaks, not too long."""
    saved = PurePosixPath(name.replace("\\", "/")).with_suffix(".png")
    inside = not saved.is_absolute() and ".." not in saved.parts and not PureWindowsPath(name).drive
    printable = not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in name)
    if not (inside and printable and len(name) <= MAX_PATH):
        return False
    return all(len(part.encode()) <= MAX_NAME_BYTES for part in saved.parts)


def _identity(image_id: str) -> str | None:
    return image_id.rpartition("/")[0] or None


def _unfinished(files: Files, name: str) -> list[str]:
    """A warning if the dataset is one that ``fsrbench data`` was making when it was stopped."""
    try:
        manifest = read_manifest(files.read(name))
    except OSError:
        return []
    if manifest is None or manifest.get("complete", True):
        return []
    return ["the dataset is not complete: `fsrbench data` was stopped while it made it; the same command goes on"]


def _some(names: Sequence[str], most: int = 3) -> str:
    shown = [name if len(name) <= MAX_SHOWN else f"{name[:MAX_SHOWN]}..." for name in names[:most]]
    return ", ".join(shown) + (", ..." if len(names) > most else "")
