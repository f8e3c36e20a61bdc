"""Identities from folders; packing, sessions and numbered parts of a large set are not identities."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise
from typing import Final

from fsrbench.datasets.folder_words import is_general, is_part, is_result, is_session, is_test_set

MANY_OF_ONE: Final = 50
"""If a single outer folder holds more pictures, a warning says that they count as one person's."""
MOST_OF_ONE: Final = 600
"""Maximum pictures of one person: an archive's single folder with more is packing; LFW has 530 of one person."""
MOST_SESSIONS: Final = 20
"""Up to this many folders inside a single outer one may be sessions of one person: a warning says how they count."""

Folders = tuple[str, ...]


def packing(pictures: Sequence[str], warnings: list[str], archive: bool, outputs: bool = False) -> str:
    """The common outer folders that are not a person: ``faces/`` of ``faces/ann/1.png``.

    Folders with general names are packing. So is the outermost one of an archive, if people's folders lie in it or it
    has more pictures than one person.

    Args:
        pictures: their paths.
        warnings: receives a line if one folder holds many pictures.
        archive: whether they are in an archive, which usually has one more outer folder.
        outputs: whether names for results (``output``) count as general, too.
    """
    root = ""
    while len(tops := {n[len(root) :].partition("/")[0] if "/" in n[len(root) :] else "" for n in pictures}) == 1:
        top = tops.pop()
        crowded = archive and not root and (holds_people(pictures) or len(pictures) > MOST_OF_ONE)
        if top and (crowded or is_general(top) or (outputs and is_result(top))):
            root += f"{top}/"
            continue
        if top and len(pictures) > MANY_OF_ONE and all(n.count("/") == root.count("/") + 1 for n in pictures):
            warnings.append(
                f"all {len(pictures)} pictures are in {top}/ and count as one person's; if not, rename it to images/"
            )
        break
    return root


def holds_people(pictures: Iterable[str]) -> bool:
    """Whether all pictures are in folders inside the outermost one that are not only sessions of one person."""
    inside = {n.split("/")[1] if n.count("/") > 1 else "" for n in pictures}
    return "" not in inside and not all(map(is_session, inside))


def identities(ids: Sequence[str], warnings: list[str]) -> dict[str, str | None]:
    """The identity of each image: the first of its folders that distinguishes people.

    Folders with general names (``train``), numbered parts of a set and common outer folders do not, nor do sessions
    and cameras (``cam0``) if another folder can be the person. Folders in a person's folder are sessions.

    Args:
        ids: of all images: relative paths without suffix.
        warnings: receives a line if folders are ambiguous.

    Example:
        >>> identities(["train/ann/cam0/1", "train/ann/cam1/2", "test/bob/cam0/3"], [])
        {'train/ann/cam0/1': 'ann', 'train/ann/cam1/2': 'ann', 'test/bob/cam0/3': 'bob'}
    """
    folders: dict[str, Folders] = {image: tuple(image.split("/")[:-1]) for image in ids}
    if are_parts(ids):
        tops = sorted({f"{inside[0]}/" for inside in folders.values()})
        some = ", ".join(tops[:3]) + (", ..." if len(tops) > 3 else "")
        warnings.append(f"{len(tops)} folders are numbered parts of one set, not people: {some}")
        folders = {image: inside[1:] for image, inside in folders.items()}
    names = _names(set(folders.values()))
    level = _first_that_differs({name for name in names.values() if name})
    _warn(names, level, warnings)
    return {image: names[inside][level] if names[inside] else None for image, inside in folders.items()}


def are_parts(ids: Iterable[str]) -> bool:
    """Whether the outermost folders are numbered parts of one large set: ``01000/01234``, or ``part_2/x``."""
    if not all("/" in image for image in ids):
        return False
    folders = {image.partition("/")[0] for image in ids}
    if len(folders) < 2:
        return False
    if all(map(is_part, folders)):
        return True
    if not all(folder.isdecimal() for folder in folders):
        return False
    numbers = sorted(int(folder) for folder in folders)
    step = min(high - low for low, high in pairwise(numbers))
    files = [(int(image.partition("/")[0]), image.rpartition("/")[2]) for image in ids]
    return step > 1 and all(file.isdecimal() and at <= int(file) < at + step for at, file in files)


def _names(paths: Collection[Folders]) -> dict[Folders, Folders]:
    """The folders of each path that may be a person."""
    inside: dict[Folders, set[str]] = {}
    for folders in paths:
        for depth, folder in enumerate(folders):
            inside.setdefault(folders[:depth], set()).add(folder)
    sessions = {outer for outer, inner in inside.items() if all(map(is_session, inner))}  # not Day/ beside Smith/
    found = {}
    for folders in paths:
        named = [depth for depth, folder in enumerate(folders) if not (is_general(folder) or is_test_set(folder))]
        people = [depth for depth in named if folders[:depth] not in sessions]
        found[folders] = tuple(folders[depth] for depth in people or named)
    return found


def _first_that_differs(names: Collection[Folders]) -> int:
    """The first level with two names or more; 0 if there is none, or not all have that many levels."""
    level = 0
    while len({name[level] for name in names}) == 1:
        level += 1
        if any(len(name) <= level for name in names):
            return 0
    return level


def _warn(names: dict[Folders, Folders], level: int, warnings: list[str]) -> None:
    people = {name[: level + 1] for name in names.values() if name}
    if level and len(people) <= MOST_SESSIONS:
        around, first = "/".join(min(people)[:level]), min(people)[level]
        warnings.append(
            f"{around}/ contains all people, and each of its {len(people)} folders counts as one person's "
            f"({first}/); if all are of one person, rename them to session_1/, session_2/"
        )
    if deeper := sorted("/".join(folders) for folders, name in names.items() if len(name) > level + 1):
        warnings.append(
            f"{len(deeper)} folders are inside a person's folder and count as that person's ({deeper[0]}/); if they "
            "are people, give them without the outer folders"
        )
