"""Find which folders hold HR and which LR pictures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from fsrbench.datasets.folder_words import Side, side_of


@dataclass
class Split:
    """Pictures by the folders at one depth."""

    depth: int = 0
    """Number of folders above them."""
    folders: dict[str, Side | None] = field(default_factory=dict)
    """Each folder at that depth and its side; ``""`` stands for pictures next to them."""
    guessed: bool = False
    """Whether the names contain other words, as ``celeba_hr`` does, and may be people's."""

    @property
    def sides(self) -> set[Side]:
        """The sides that have a folder."""
        return {side for side in self.folders.values() if side}

    def folder(self, name: str) -> str:
        """A picture's folder at that depth; empty if it is next to the folders."""
        parts = name.split("/")
        return parts[self.depth] if len(parts) > self.depth + 1 else ""

    def rest(self, name: str) -> str:
        """A picture's path without that folder."""
        parts = name.split("/")
        return "/".join([*parts[: self.depth], *parts[self.depth + 1 :]])

    def below(self, names: Iterable[str], side: Side | None) -> list[str]:
        """The pictures of a side, or of none."""
        return [name for name in names if self.folders.get(self.folder(name)) == side]


def split_sides(names: Sequence[str]) -> Split:
    """Find the folders of HR and LR: at the first depth that has both, else at the first that has one."""
    deepest = max(name.count("/") for name in names)
    splits = [_split_at(names, depth) for depth in range(deepest)]
    both = [split for split in splits if {"HR", "LR"} <= split.sides]
    return next(iter([*both, *(split for split in splits if split.sides)]), Split())


def _split_at(names: Sequence[str], depth: int) -> Split:
    folders = sorted({Split(depth).folder(name) for name in names})
    strict = {folder: side_of(folder) for folder in folders}
    weak = {folder: side_of(folder, weak=True) for folder in folders}
    if {"HR", "LR"} <= set(weak.values()):
        return Split(depth, weak)
    if not set(strict.values()) - {None} and len(folders) == 2:
        loose = {folder: side_of(folder, weak=True, loose=True) for folder in folders}
        if {"HR", "LR"} == set(loose.values()) and _share_a_name(names, Split(depth, loose)):
            return Split(depth, loose, guessed=True)
    return Split(depth, dict(strict))


def _share_a_name(names: Sequence[str], split: Split) -> bool:
    hr, lr = ({stem(split.rest(name)) for name in split.below(names, side)} for side in ("HR", "LR"))
    return bool(hr & lr)


def stem(name: str) -> str:
    """A path without the suffix of its file."""
    folder, slash, file = name.rpartition("/")
    return folder + slash + (file.rpartition(".")[0] or file)
