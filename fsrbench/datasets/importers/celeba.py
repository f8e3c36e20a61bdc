"""CelebA (Liu et al., ICCV 2015): partitions, identities and landmarks, as published (.txt) or as on Kaggle (.csv)."""

from __future__ import annotations

from collections.abc import Collection as Collection_
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Final

import numpy as np

from fsrbench.datasets.importers.annotations import read_headings, read_numbers
from fsrbench.datasets.importers.base import Collection, Face, Options
from fsrbench.datasets.importers.tree import Tree
from fsrbench.errors import UserError

ARCHIVES: Final = ("img_align_celeba*.zip", "img_celeba*.zip")
PARTITIONS: Final = {"train": 0, "val": 1, "test": 2}


def collect(source: Path, options: Options) -> tuple[Collection, Tree]:
    """The faces of CelebA: its aligned 178 x 218 px pictures, or the photographs they come from.

    Raises:
        UserError: pictures or the partition are missing, or an annotation file is damaged.
    """
    tree = Tree(source, ARCHIVES)
    folder = "img_celeba" if options.in_the_wild else "img_align_celeba"
    pictures: dict[str, tuple[int, str]] = {}
    for path, entry in tree.pictures(folder):
        pictures.setdefault(PurePosixPath(path).name, entry)
    if not pictures:
        raise UserError(f"no pictures of CelebA in {source}; expected {folder}.zip or a folder {folder}/")
    found = Collection(tree.sources)
    partition = _numbers(tree, "list_eval_partition", 1)
    identities = _numbers(tree, "identity_CelebA", 1)
    if identities is None:
        found.notes.append("no identity_CelebA.txt beside the pictures: identities are not known")
    labels = _attributes(tree)
    points = _numbers(tree, "list_landmarks_celeba" if options.in_the_wild else "list_landmarks_align_celeba", 10)
    tables: dict[str, Collection_[str] | None] = {
        "list_eval_partition": partition,
        "identity_CelebA": identities,
        "the landmarks' file": points,
        "list_attr_celeba": labels or None,
    }
    _refuse_cut_short({file: names for file, names in tables.items() if names is not None}, pictures)
    for name in _wanted(tree, partition, pictures, options, found):
        if name not in pictures:
            found.leave_out(name, "is in the partition but not among the pictures")
            continue
        stem = PurePosixPath(name).stem
        identity = f"{int(identities[name][0]):05d}/" if identities and name in identities else ""
        if identities and not identity:
            found.leave_out(name, "has no identity in identity_CelebA")
            continue
        at = np.array(points[name]).reshape(5, 2) if points and name in points else None
        found.faces.append(Face(identity + stem, *pictures[name], points=at, labels=labels.get(name, {})))
    return found, tree


def _refuse_cut_short(tables: Mapping[str, Collection_[str]], pictures: Collection_[str]) -> None:
    """Refuse an annotation file that ends before pictures that another file lists: it was cut off between two lines.

    Raises:
        UserError: there is one.
    """
    for file, names in tables.items():
        others = {name for other, known in tables.items() if other != file for name in known}
        missing = sorted(others.intersection(pictures).difference(names))
        if missing and missing[0] > max(names):
            raise UserError(
                f"{file} ends with {max(names)}; {len(missing)} later pictures that other files list are not in it, "
                f"e.g. {missing[0]}; was it cut short?"
            )


def _wanted(
    tree: Tree,
    partition: dict[str, list[float]] | None,
    pictures: dict[str, tuple[int, str]],
    options: Options,
    found: Collection,
) -> list[str]:
    if options.split == "all":
        return sorted(pictures)
    if partition is None:
        raise UserError(f"no list_eval_partition.txt or .csv in {tree.path}: give --split all, or the file")
    for name in sorted(pictures.keys() - partition.keys()):
        found.leave_out(name, "is not in list_eval_partition")
    return sorted(name for name, (part,) in partition.items() if part == PARTITIONS[options.split])


def _attributes(tree: Tree) -> dict[str, dict[str, str]]:
    """By picture, ``yes`` or ``no`` for each of the 40 attributes, whose names are the file's headings."""
    text = tree.text("list_attr_celeba.txt", "list_attr_celeba.csv")
    if text is None:
        return {}
    names = read_headings(text)
    values = read_numbers(text, len(names))
    return {
        picture: {name: "yes" if value > 0 else "no" for name, value in zip(names, row, strict=True)}
        for picture, row in values.items()
    }


def _numbers(tree: Tree, stem: str, columns: int) -> dict[str, list[float]] | None:
    text = tree.text(f"{stem}.txt", f"{stem}.csv")
    return None if text is None else read_numbers(text, columns)
