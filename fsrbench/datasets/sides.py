"""What folders mean: HR, LR or SR pictures, the packing around them, shards of a large set, or people."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, Literal

from fsrbench.errors import UserError

Side = Literal["HR", "LR", "SR"]

STRONG: Final[dict[str, Side]] = {
    **dict.fromkeys(("hr", "gt", "hq", "groundtruth", "highres", "highresolution", "highquality"), "HR"),
    **dict.fromkeys(("lr", "lq", "lowres", "lowresolution", "lowquality"), "LR"),
}
"""Words that say by themselves which side a folder is."""
WEAK: Final[dict[str, Side]] = {
    **dict.fromkeys(("target", "targets", "high", "clean", "sharp", "original", "originals", "label", "labels"), "HR"),
    **dict.fromkeys(("input", "inputs", "low", "noisy", "blur", "blurry", "blurred", "degraded", "source"), "LR"),
}
"""Words that do so only where the other side is there, too."""
RESULTS: Final = frozenset(
    "sr output outputs result results restored prediction predictions pred preds generated enhanced fake".split()  # noqa: SIM905
)
_PLAIN: Final = """
data dataset datasets images image imgs img pictures pics photos faces face samples crops cropped aligned thumbnails
train training test testing val valid validation eval celeba celebahq ffhq lfw
"""
PLAIN: Final = frozenset(_PLAIN.split())
"""Words of folders around pictures that are nobody's name."""
NEUTRAL: Final = PLAIN | frozenset("x px set align mod size scale by bic bicubic bicx bilinear down full my".split())  # noqa: SIM905
"""Words that may stand beside a side."""
_WORD: Final = r"(?P<word>[A-Za-z]+?)(?:[-_x]?\d+)?"
"""A word in a file's name, with a size behind it."""
SHARDS: Final = frozenset({"shard", "part", "chunk", "batch", "split", "fold", "subset", "folder", "dir"})
MANY_OF_ONE: Final = 50
"""Pictures of one person from which on it is said that they are taken for one person's."""
MOST_OF_ONE: Final = 600
"""Pictures in one folder around everything beyond which it is no person's; LFW has 530 of one."""


def words_of(folder: str) -> list[str]:
    """The words and numbers in a folder's name, in small letters: ``LRbicx4`` is lr, bicx, 4."""
    parts = re.findall(r"[a-z]+|\d+", re.sub("([a-z])([A-Z])", r"\1 \2", folder).lower())
    found = []
    for part in parts:
        start = next(
            (w for w in ("gt", "hr", "hq", "lr", "lq") if part.startswith(w) and part[len(w) :] in {"", *NEUTRAL}), ""
        )
        found += [start, part[len(start) :]] if start and part != start else [part]
    joined = "".join(part for part in parts if not part.isdigit())
    return [joined, *filter(str.isdigit, parts)] if joined in STRONG else found


def side_of(folder: str, weak: bool = False, loose: bool = False) -> Side | None:
    """Which side a folder's name says that it is, if any.

    Args:
        folder: its name.
        weak: take words such as ``input``, too.
        loose: let any other words stand beside it, as in ``DIV2K_valid_HR``.
    """
    words = words_of(folder)
    known = STRONG | (WEAK if weak else {})
    sides = {known[word] for word in words if word in known}
    others = [w for w in words if w not in known and not w.isdigit() and w not in NEUTRAL]
    return sides.pop() if len(sides) == 1 and (loose or not others) else None


def is_plain(folder: str) -> bool:
    """Whether a folder's name is no person's: general words, numbers beside them, a numbered part."""
    words = [word for word in words_of(folder) if not word.isdigit()]
    known = PLAIN | RESULTS
    return any(word in known for word in words) and all(word in known | NEUTRAL for word in words)


def is_shard(folder: str) -> bool:
    """Whether a folder's name is that of a numbered part, such as ``part_03``."""
    words = words_of(folder)
    return len(words) == 2 and words[0] in SHARDS and words[1].isdigit()


@dataclass
class Split:
    """Pictures by what the folders at one depth say."""

    depth: int = 0
    """How many folders lie around those folders."""
    folders: dict[str, Side | None] = field(default_factory=dict)
    """Each folder at that depth and its side; ``""`` where pictures lie beside them."""
    guessed: bool = False
    """Whether other words stand beside those of the sides, as in ``celeba_hr``: a person may be called so."""

    @property
    def sides(self) -> set[Side]:
        """The sides that are there."""
        return {side for side in self.folders.values() if side}

    def folder(self, name: str) -> str:
        """The folder at that depth of a picture; empty where it lies beside them."""
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
    """Which folders hold HR and which LR: those at the first depth where both are, else where one is."""
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


def check_flat_names(source: str, names: Collection[str]) -> None:
    """Refuse HR and LR side by side in one folder, told apart by their files' names alone.

    Raises:
        UserError: ``a_HR.png`` lies beside ``a_LR.png``.
    """
    seen: dict[tuple[str, str], dict[Side, str]] = {}
    plain: set[tuple[str, str]] = set()
    for name in names:
        for pattern in (rf"(?P<rest>.+)[-_. ]{_WORD}(?P<more>)", rf"(?P<rest>.*/|){_WORD}[-_. ](?P<more>[^/]+)"):
            if not (found := re.fullmatch(pattern, stem(name))):
                continue
            word, rest = found["word"].lower(), (found["rest"], found["more"])
            if side := (STRONG | WEAK).get(word):
                seen.setdefault(rest, {}).setdefault(side, name)
                plain |= {rest} if word in STRONG else set()
    pairs = {rest: sides for rest, sides in seen.items() if len(sides) == 2}
    for rest, sides in pairs.items():
        if rest in plain or 4 * len(pairs) >= len(names):  # at least half of the pictures stand in pairs
            raise UserError(
                f"{source}: {sides['HR']} and {sides['LR']} look like HR and LR of one face; put them into HR/ and LR/ "
                "under one name"
            )


def are_shards(folders: Collection[str], names: Iterable[str]) -> bool:
    """Whether folders are numbered parts of one large set: ``01000/01234.png``, or ``part_2/x.png``.

    Args:
        folders: the outermost ones.
        names: of all pictures.
    """
    if len(folders) < 2:
        return False
    if all(is_shard(folder) for folder in folders):
        return True
    if not all(folder.isdecimal() for folder in folders):
        return False
    numbers = sorted(int(folder) for folder in folders)
    step = min(high - low for low, high in pairwise(numbers))
    files = [(int(n.partition("/")[0]), stem(n).rpartition("/")[2]) for n in names]
    return step > 1 and all(file.isdecimal() and at <= int(file) < at + step for at, file in files)
