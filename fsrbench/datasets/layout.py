"""Collect samples from file names: HR and LR paired by relative path without suffix, identities from sub-folders."""

from __future__ import annotations

import os.path
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from fsrbench.datasets.ambiguity import check_alike, check_file_names, check_guessed, check_sides
from fsrbench.datasets.base import FITS, Dataset, Picture, Sample
from fsrbench.datasets.folder_words import is_result
from fsrbench.datasets.groups import read_groups
from fsrbench.datasets.identities import identities, packing
from fsrbench.datasets.landmarks import LANDMARKS, read_landmarks
from fsrbench.datasets.prepared import MANIFEST, read_manifest
from fsrbench.datasets.roles import usable_parts
from fsrbench.datasets.sides import Split, split_sides
from fsrbench.datasets.storage import Files
from fsrbench.errors import UserError
from fsrbench.pictures.decode import LOSSLESS, SUFFIXES, UNREADABLE_SUFFIXES

MAX_NAME_BYTES = 255
"""Limit of common file systems."""
MAX_PATH = 2000
"""Limit of a path; leaves room for the run's folder in front of it."""
UNFINISHED = "the dataset is incomplete: `fsrbench data` was stopped; run the same command to continue"
MAX_SHOWN = 300
"""Characters of a name that a message shows; names in a zip may have 65,535."""


def read_layout(name: str, files: Files, archive: bool = False) -> Dataset:
    """Collect the samples of a folder or zip: HR and/or LR pictures in folders of their own, or HR pictures directly.

    Args:
        name: what to call the dataset.
        files: its files.
        archive: whether they are in an archive, which usually has one more outer folder.

    Raises:
        UserError: no pictures, HR and LR that share no name, or ambiguous folders or file names.
    """
    warnings: list[str] = []
    names = files.names()
    pictures = _pictures(name, names, warnings)
    split = split_sides(pictures)
    if split.sides:
        by_side = {side: split.below(pictures, side) for side in ("HR", "LR")}
        root = _around(by_side["HR"] + by_side["LR"], split.depth)
        check_sides(name, split, pictures, by_side)
        check_guessed(name, files, split, by_side)
        # Results of methods in folders beside HR and LR are for images:DIR
        if strays := [n for n in split.below(pictures, None) if not is_result(split.folder(n))]:
            where = " and ".join(f"{folder}/" for folder, side in split.folders.items() if side)
            warnings.append(f"{len(strays)} pictures outside {where} left out: {_some(strays)}")
    else:
        root = packing(pictures, warnings, archive)
        check_alike(name, files, pictures, root)
        by_side = {"HR": pictures, "LR": []}
    for found in by_side.values():
        check_file_names(name, found)
    hr, lr = (_by_id(files, by_side[side], split, root, warnings) for side in ("HR", "LR"))
    known = usable_parts([*hr, *lr], warnings)
    mixed = bool(known and hr and lr) and hr.keys().isdisjoint(lr)  # a gallery of HR, probes that have none
    ids = sorted({**hr, **lr} if mixed or not (hr and lr) else hr.keys() & lr.keys())
    if hr and lr and not ids:
        raise UserError(f"HR and LR of {name} share no name; they pair by relative path without suffix")
    for side, alone in (("HR", hr.keys() - lr.keys()), ("LR", lr.keys() - hr.keys())):
        if alone and hr and lr and not mixed:
            warnings.append(f"{len(alone)} {side} without a partner left out: {_some(sorted(alone))}")
    manifest = _manifest(files, root + MANIFEST) if root + MANIFEST in names else {}
    warnings += [] if manifest.get("complete", True) else [UNFINISHED]
    fit = manifest.get("settings", {}).get("fit", "cut")
    landmarks = read_landmarks(files, root + LANDMARKS, ids, warnings) if root + LANDMARKS in names else {}
    labels = read_groups(files, root, ids, warnings)
    people = {i: part.identity for i, part in known.items()} if known else identities(ids, warnings)
    samples = tuple(
        Sample(
            i,
            hr.get(i),
            lr.get(i),
            people[i],
            landmarks.get(i),
            role=known[i].role if known else None,
            fit=fit if fit in FITS else "cut",
            keeps_hr=mixed and i in hr,
        )
        for i in ids
    )
    return Dataset(name, samples, tuple(warnings), labels)


def read_outputs(name: str, files: Files, archive: bool = False) -> Dataset:
    """Collect the SR pictures of a folder or zip, which may also hold HR and LR.

    Raises:
        UserError: no pictures, HR or LR alone, or several candidate folders.
    """
    warnings: list[str] = []
    pictures = _pictures(name, files.names(), warnings)
    split = split_sides(pictures)
    if split.sides:
        pictures = split.below(pictures, None)
        chosen = _outputs_among(name, split)
        left_out = [f"{folder}/" for folder in split.folders if folder and folder != chosen]
        pictures = [picture for picture in pictures if split.folder(picture) == chosen]
        where = f"{chosen}/" if chosen else "outside them"
        warnings.append(f"{', '.join(left_out)} left out; the SR pictures are those {'in ' if chosen else ''}{where}")
        root = _around(pictures, split.depth)
        split = Split(split.depth, {chosen: "SR"}) if chosen else Split()
    else:
        root = packing(pictures, [], archive, outputs=True)
    check_file_names(name, pictures, "put the SR pictures alone into SR/, under the names of their HR or LR")
    found = _by_id(files, pictures, split, root, warnings)
    return Dataset(name, tuple(Sample(i, hr=found[i]) for i in sorted(found)), tuple(warnings))


def _outputs_among(name: str, split: Split) -> str:
    """The folder with SR pictures, next to those with HR or LR."""
    others = [folder for folder, side in split.folders.items() if side is None]
    named = [folder for folder in others if is_result(folder)]
    chosen = named if len(named) == 1 else others
    if len(chosen) == 1:
        return chosen[0]
    listed = ", ".join(f"{folder}/" if folder else "pictures directly" for folder in split.folders)
    if not chosen:
        raise UserError(f"{name} holds {listed} and no SR pictures; name the folder that has them")
    raise UserError(f"{name} holds {listed}; name the one to use, such as {name}/{chosen[-1]}")


def _pictures(name: str, names: Sequence[str], warnings: list[str]) -> list[str]:
    """Names of the usable pictures; warns of what is left out.

    Raises:
        UserError: no usable picture.
    """
    found = [n for n in names if is_picture(n)]
    others = set(names).difference(found) if len(found) < len(names) else ()
    unread = sorted(n for n in others if PurePosixPath(n).suffix.lower() in UNREADABLE_SUFFIXES and is_visible(n))
    kinds = Counter(PurePosixPath(n).suffix.lower() for n in unread)
    counts = ", ".join(f"{count} {suffix}" for suffix, count in kinds.most_common())
    if not found:
        unreadable = f" (there are {counts}, which cannot be read)" if unread else ""
        raise UserError(f"no pictures in {name}{unreadable}; expected {', '.join(sorted(SUFFIXES))}")
    if unread:
        warnings.append(f"{len(unread)} files left out, their formats cannot be read ({counts}): {_some(unread)}")
    safe = [n for n in found if is_safe(n)]
    if unsafe := sorted(map(repr, set(found).difference(safe))):
        warnings.append(f"{len(unsafe)} pictures left out, nothing can be saved under their names: {_some(unsafe)}")
        if len(unsafe) == len(found):
            raise UserError(f"{name}: {warnings[-1]}")
    return safe


def _around(pictures: Sequence[str], depth: int) -> str:
    """The common folders above those of HR and LR."""
    shared = os.path.commonprefix([name.split("/")[:depth] for name in pictures])  # noqa: RUF071 (of lists)
    return "".join(f"{folder}/" for folder in shared)


def is_visible(name: str) -> bool:
    """Whether neither the file nor a folder around it is hidden."""
    return not any(part.startswith((".", "__MACOSX")) and part not in (".", "..") for part in name.split("/"))


def is_picture(name: str) -> bool:
    """Whether a name is that of a picture in a readable format, and not hidden."""
    return PurePosixPath(name).suffix.lower() in SUFFIXES and is_visible(name)


def _by_id(files: Files, names: Sequence[str], split: Split, root: str, warnings: list[str]) -> dict[str, Picture]:
    """One picture per id: of several that differ only in suffix, the one lossless file.

    Raises:
        UserError: two lossless files, or two lossy ones.
    """
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(image_id(split.rest(name) if split.folders else name, root), []).append(name)
    again = []
    for image, several in found.items():
        if len(several) == 1:
            continue
        lossless = [name for name in several if PurePosixPath(name).suffix.lower() in LOSSLESS]
        if len(lossless) != 1:
            raise UserError(f"{several[0]} and {several[1]} are two pictures with the same name, {image}; remove one")
        again += [f"{name} ({lossless[0]} is used)" for name in several if name != lossless[0]]
        found[image] = lossless
    if again:
        warnings.append(f"{len(again)} pictures left out, a lossless one has the same name: {_some(again)}")
    return {image: Picture(files, several[0]) for image, several in found.items()}


def image_id(name: str, root: str = "") -> str:
    """Relative path below ``root``, without suffix, in Unicode's NFC form: systems differ in how they store an é."""
    relative = unicodedata.normalize("NFC", name.removeprefix(root).replace("\\", "/")).lstrip("/")
    return str(PurePosixPath(relative).with_suffix(""))


def is_safe(name: str) -> bool:
    """Whether results can be saved under a name: inside the run's folder, no control characters, not too long."""
    saved = PurePosixPath(name.replace("\\", "/")).with_suffix(".png")
    inside = not saved.is_absolute() and ".." not in saved.parts and not PureWindowsPath(name).drive
    printable = name.isprintable() or not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in name)
    if not (inside and printable and len(name) <= MAX_PATH):
        return False
    return all(len(part.encode()) <= MAX_NAME_BYTES for part in saved.parts)


def _manifest(files: Files, name: str) -> dict[str, Any]:
    """The manifest that ``fsrbench data`` wrote; empty if it cannot be read."""
    try:
        return read_manifest(files.read(name)) or {}
    except OSError:
        return {}


def _some(names: Sequence[str], most: int = 3) -> str:
    shown = [name if len(name) <= MAX_SHOWN else f"{name[:MAX_SHOWN]}..." for name in names[:most]]
    return ", ".join(shown) + (", ..." if len(names) > most else "")
