"""The meaning of words in the names of folders and files: one table, and functions that parse names by it."""

from __future__ import annotations

import re
from typing import Final, Literal

Side = Literal["HR", "LR", "SR"]

WORDS: Final = {
    name: frozenset(words.split())
    for name, words in {
        # Sides, certain
        "HR": "hr gt hq groundtruth highres highresolution highquality",
        "LR": "lr lq lowres lowresolution lowquality",
        # Sides, if there is a folder of the other side
        "perhaps HR": "target targets high clean sharp original originals label labels",
        "perhaps LR": "input inputs low noisy blur blurry blurred degraded source",
        # Results of a method
        "SR": "sr output outputs out result results restored prediction predictions pred preds generated enhanced fake",
        # General names around pictures or people
        "general": "data dataset datasets images image imgs img pictures pics photos faces face samples crops cropped "
        "aligned thumbnails train training test testing val valid validation eval celeba celebahq ffhq lfw "
        "people persons identities subjects celebrities male female males females men women actors actresses",
        # Test sets of face restoration, the subsets of the NTIRE challenges among them
        "test set": "celeba celebatest celebatestn lfwtest celebchildtest celebadulttest webphototest widertest",
        # Numbered parts of a large set
        "part": "shard part chunk batch split fold subset folder dir",
        # Sessions of a person, if another folder can be the person
        "session": "cam camera session sess view video vid clip seq sequence day date take pose light lighting "
        "illumination expression frame frames scene shot angle visit week month time trial recording track location "
        "indoor indoors outdoor outdoors left right front frontal profile mugshot "
        "probe gallery query enrolled enrolment",
        # Fillers next to the other words
        "beside": "x px set align mod size scale by bic bicubic bicx bilinear down full my",
        # Smaller copies, in names of files
        "small": "small tiny down downscaled downsampled bic bicubic",
    }.items()
}
SURE: Final[dict[str, Side]] = {**dict.fromkeys(WORDS["HR"], "HR"), **dict.fromkeys(WORDS["LR"], "LR")}
PERHAPS: Final[dict[str, Side]] = {
    **dict.fromkeys(WORDS["perhaps HR"], "HR"),
    **dict.fromkeys(WORDS["perhaps LR"], "LR"),
}
_FILLING: Final = WORDS["beside"] | WORDS["general"]


def words_of(name: str) -> list[str]:
    """The words and numbers in a name, in lower case: ``LRbicx4`` gives lr, bicx, 4."""
    parts = re.findall(r"[a-z]+|\d+", re.sub("([a-z])([A-Z])", r"\1 \2", name).lower())
    found = []
    for part in parts:
        start = next(
            (w for w in ("gt", "hr", "hq", "lr", "lq") if part.startswith(w) and part[len(w) :] in {"", *_FILLING}), ""
        )
        found += [start, part[len(start) :]] if start and part != start else [part]
    joined = "".join(part for part in parts if not part.isdigit())
    return [joined, *filter(str.isdigit, parts)] if joined in SURE else found


def side_of(folder: str, weak: bool = False, loose: bool = False) -> Side | None:
    """The side that a folder's name stands for, if any.

    Args:
        folder: its name.
        weak: accept words such as ``input``, too.
        loose: accept any other words beside it, as in ``DIV2K_valid_HR``.
    """
    words = words_of(folder)
    known = SURE | (PERHAPS if weak else {})
    sides = {known[word] for word in words if word in known}
    others = [w for w in words if w not in known and not w.isdigit() and w not in _FILLING]
    return sides.pop() if len(sides) == 1 and (loose or not others) else None


def is_result(folder: str) -> bool:
    """Whether a folder's name stands for a method's pictures."""
    return bool(WORDS["SR"].intersection(words_of(folder)))


def is_general(folder: str) -> bool:
    """Whether a folder's name consists of general words, perhaps with numbers, so that it is not a person's."""
    return _is_made_of(folder, WORDS["general"] | WORDS["SR"], _FILLING)


def is_test_set(folder: str) -> bool:
    """Whether a folder's name is that of a test set of face restoration (``WebPhoto-Test``), not a person's."""
    return "".join(re.findall("[a-z]+", folder.lower())) in WORDS["test set"]


def is_session(folder: str) -> bool:
    """Whether a folder's name stands for a session, camera or the like (``cam0``, ``2021-05-03``), not a person."""
    return _is_made_of(folder, WORDS["session"], _FILLING) or bool(re.fullmatch(r"\d{4}[-_.]\d\d?[-_.]\d\d?", folder))


def is_part(folder: str) -> bool:
    """Whether a folder's name stands for a numbered part, such as ``part_03``."""
    words = words_of(folder)
    return len(words) == 2 and words[0] in WORDS["part"] and words[1].isdigit()


def _is_made_of(folder: str, words: frozenset[str], filling: frozenset[str]) -> bool:
    found = [word for word in words_of(folder) if not word.isdigit()]
    return any(word in words for word in found) and all(word in words | filling for word in found)


_TAGS: Final = "|".join(
    (*SURE, *PERHAPS, *WORDS["SR"], *WORDS["small"], "high[-_]res", "low[-_]res", "(?:fake|real)[-_][AB]")
)
_TAG: Final = rf"(?:(?i:{_TAGS})(?:bic)?(?:[-_x]?\d+)?|(?:[xX]\d+|\d+[xX])(?:[a-z]|[-_][A-Za-z]\w*)?)"
_AFTER: Final = re.compile(rf"(?:(?:[\W_]+|(?<=\d)|(?<=[a-z])(?=[A-Z])|(?=x\d)){_TAG})+[\W_]*$")
_LETTER: Final = re.compile("[A-Za-z]")
_BEFORE: Final = re.compile(rf"^{_TAG}(?:[\W_]+{_TAG})*[\W_]+(?=.)")


def without_tag(file: str) -> tuple[str, tuple[str, ...]]:
    """Split a file's name (without suffix) into a base and the words of a tag for HR, LR, SR or a scale.

    Example:
        >>> [without_tag(name) for name in ("1_x4", "ann-LR128", "gt_1", "ann_2")]
        [('1', ('x', '4')), ('ann', ('lr',)), ('1', ('gt',)), ('ann_2', ())]
    """
    if not _LETTER.search(file):
        return file, ()
    if (found := _AFTER.search(file)) and found.start():
        rest = file[: found.start()]
    elif found := _BEFORE.search(file):
        rest = file[found.end() :]
    else:
        return file, ()
    words = words_of(found[0])
    if "x" in words and found[0][0] in "xX" and rest[-1].isalpha():
        return rest, ("x",)  # perhaps a name: alex2 is not a second scale of alex3
    return rest, tuple(words if "x" in words else (word for word in words if not word.isdigit()))


def is_sure(tag: tuple[str, ...]) -> bool:
    """Whether a tag is a scale or a certain word for a side."""
    return "x" in tag or not SURE.keys().isdisjoint(tag)
