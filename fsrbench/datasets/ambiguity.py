"""Refuse ambiguous names of folders and files: HR and LR, two folders of one side, or people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, pairwise

from fsrbench.datasets.folder_words import is_result, is_session, is_sure, without_tag
from fsrbench.datasets.same_faces import other_faces, same_faces
from fsrbench.datasets.sides import Split, stem
from fsrbench.datasets.storage import Files
from fsrbench.errors import UserError

COMPARED = 3
"""Folders with the same file names whose pictures are compared."""
FEW_FOLDERS = 5
"""Up to this many folders, all that share at least half of their file names are compared."""


def check_sides(name: str, split: Split, pictures: Sequence[str], by_side: Mapping[str, list[str]]) -> None:
    """Refuse two folders of one side with the same names, and LR beside a folder that may be its HR."""
    for side, found in by_side.items():
        first: dict[str, str] = {}
        for picture in found:
            folder, image = split.folder(picture), stem(split.rest(picture))
            if first.setdefault(image, folder) != folder:
                raise UserError(
                    f"{name}: {first[image]}/ and {folder}/ both look like {side} and hold the same names ({image}); "
                    f"give a folder with one of them"
                )
    if by_side["HR"]:
        return
    lr = {stem(split.rest(picture)) for picture in by_side["LR"]}
    for folder in (folder for folder, side in split.folders.items() if side is None and folder):
        others = {stem(split.rest(p)) for p in pictures if split.folder(p) == folder}
        if others == lr and not is_result(folder):
            low = next(split.folder(picture) for picture in by_side["LR"])
            raise UserError(
                f"{name}: {low}/ is LR, and {folder}/ holds the same names; call it HR/ if it is, or give {low}/ alone"
            )


def check_guessed(name: str, files: Files, split: Split, by_side: Mapping[str, list[str]]) -> None:
    """Refuse folders that look like HR and LR only by a part of their names and hold different faces."""
    if not split.guessed:
        return
    hr, lr = ({stem(split.rest(picture)): picture for picture in by_side[side]} for side in ("HR", "LR"))
    if other_faces(files, hr, lr):
        first, second = (split.folder(by_side[side][0]) for side in ("HR", "LR"))
        raise UserError(
            f"{name}: {first}/ and {second}/ look like HR and LR by their names but hold different faces; rename them "
            "to HR/ and LR/ if they are, or to something else if they are people"
        )


def check_alike(name: str, files: Files, pictures: Sequence[str], root: str) -> None:
    """Refuse folders that hold the same faces under the same names: they are HR and LR, or two methods, not people."""
    folders: dict[str, dict[str, str]] = {}
    for picture in pictures:
        top, slash, rest = picture[len(root) :].partition("/")
        folders.setdefault(top if slash else "", {})[stem(rest if slash else top)] = picture
    for first, second in _overlapping(folders):
        if is_session(first) and is_session(second):
            continue  # gallery/ and probe/ show the same people
        if same_faces(files, folders[first], folders[second]):
            example = min(folders[first].keys() & folders[second].keys())
            both = " and ".join(f"{root}{top}/" if root or top else "the folder itself" for top in (first, second))
            raise UserError(
                f"{name}: {both} hold the same pictures under the same names (such as {example}); call them HR/ and "
                "LR/ if they are, or give only one of them"
            )


def check_file_names(
    name: str, pictures: Sequence[str], advice: str = "put them into HR/ and LR/ under one name"
) -> None:
    """Refuse HR, LR or a method's pictures side by side in one folder, distinguished only by their file names."""
    paths = {stem(picture): picture for picture in pictures}
    variants: dict[str, dict[tuple[str, ...], str]] = {}
    for path, picture in paths.items():
        folder, slash, file = path.rpartition("/")
        rest, tag = without_tag(file)
        if tag:
            variants.setdefault(folder + slash + rest, {}).setdefault(tag, picture)
    for path, found in variants.items():
        if path in paths:
            found[()] = paths[path]
    several = [found for found in variants.values() if len(found) > 1]
    for found in several:
        if any(map(is_sure, found)) or 4 * len(several) >= len(pictures):  # at least half of the pictures have another
            first, second = sorted(found.values())[:2]
            raise UserError(
                f"{name}: {first} and {second} look like HR and LR of one face, or a method's picture of it; {advice}"
            )


def _overlapping(folders: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[str, str]]:
    """Pairs of folders that share file names: at least half of them if there are few folders, else all."""
    if len(folders) <= FEW_FOLDERS:
        for first, second in combinations(sorted(folders), 2):
            fewer = min(len(folders[first]), len(folders[second]))
            if 2 * len(folders[first].keys() & folders[second].keys()) >= fewer:
                yield first, second
        return
    by_names: dict[frozenset[str], list[str]] = {}
    for top, files in folders.items():
        by_names.setdefault(frozenset(files), []).append(top)
    for tops in by_names.values():
        yield from pairwise(tops[:COMPARED])
