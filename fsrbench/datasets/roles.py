"""Roles of images in face identification, and their identities, from folders gallery/, probe/ and distractors/."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fsrbench.datasets.folder_words import is_general
from fsrbench.datasets.identities import identities
from fsrbench.errors import UserError, counted

GALLERY: Final = "gallery"
"""An enrolled image of somebody whom probes may show."""
PROBE: Final = "probe"
"""An image to identify; its person is in the gallery or (unmated) not."""
DISTRACTOR: Final = "distractor"
"""An enrolled image of somebody whom no probe shows."""
ENROLLED: Final = (GALLERY, DISTRACTOR)
"""Roles of the images that a probe is compared with."""
FOLDERS: Final = {
    "gallery": GALLERY,
    "gallery_match": GALLERY,
    "probe": PROBE,
    "probes": PROBE,
    "mated_probe": PROBE,
    "unmated_probe": PROBE,
    "distractor": DISTRACTOR,
    "distractors": DISTRACTOR,
    "gallery_distractor": DISTRACTOR,
}
"""Names of folders, in lower case: ours, TinyFace's and SurvFace's."""
UNMATED: Final = "unmated_probe"
_NUMBER: Final = re.compile(r"(\d+)_")


@dataclass(frozen=True)
class Part:
    """An image's part in identification."""

    role: str
    identity: str | None
    """``None`` for distractors, and for probes of unknown people."""


def parts(ids: Sequence[str]) -> dict[str, Part]:
    """The role and identity of each image; empty unless all are in folders of roles, including gallery and probes.

    The identity is the folder inside the role's, else the whole number before ``_`` in the file's name; 7 equals a
    folder 007. Common outer folders do not matter, unless all pictures may be sessions of one person.

    Args:
        ids: of all images: relative paths without suffix.

    Raises:
        UserError: distractors without a gallery or without probes, a picture of the gallery has no identity, or one in
            unmated_probe/ has a gallery's.

    Example:
        >>> found = parts(["gallery/7_1", "probe/7_2", "probe/12/a", "distractors/x"])
        >>> [(part.role, part.identity) for part in found.values()]
        [('gallery', '7'), ('probe', '7'), ('probe', '12'), ('distractor', None)]
    """
    around: list[str] = []
    while len(folders := _folders(ids, len(around))) == 1 and not folders & FOLDERS.keys() and folders != {""}:
        around += folders
    depth = len(around)
    found_roles = {FOLDERS[folder] for folder in folders if folder in FOLDERS}
    if not (folders <= FOLDERS.keys() and {GALLERY, PROBE} <= found_roles):
        if DISTRACTOR in found_roles and len(found_roles) > 1 and folders <= FOLDERS.keys():
            lacking = " and ".join(f"{role}/" for role in (GALLERY, PROBE) if role not in found_roles)
            raise UserError(f"{', '.join(f'{folder}/' for folder in sorted(folders))} without {lacking}")
        return {}
    inside = [image.split("/")[depth + 1 :] for image in ids]
    spelled = {str(int(each[0])): each[0] for each in inside if len(each) > 1 and each[0].isdecimal()}
    found = {image: _part(image.split("/")[depth:], spelled) for image in ids}
    if not all(map(is_general, around)) and any(p.role == GALLERY and p.identity is None for p in found.values()):
        return {}  # ann/gallery/1.png
    _check(found, depth)
    return found


def usable_parts(ids: Sequence[str], warnings: list[str]) -> dict[str, Part]:
    """As :func:`parts`, but empty if gallery/ and probe/ cannot be used like this; ``warnings`` receives the reason."""
    try:
        return parts(ids)
    except UserError as error:
        warnings.append(f"gallery and probes are not used for identification: {error}")
        return {}


def identities_of(ids: Sequence[str], warnings: list[str]) -> dict[str, str | None]:
    """The identity of each image: by its part in identification, else by :func:`identities`; arguments as there."""
    known = usable_parts(ids, warnings)
    return {image: part.identity for image, part in known.items()} if known else identities(ids, warnings)


def _folders(ids: Sequence[str], depth: int) -> set[str]:
    """Names of the folders at a depth, in lower case; empty for pictures above it."""
    return {image.split("/")[depth].lower() if image.count("/") > depth else "" for image in ids}


def _part(folders: list[str], spelled: Mapping[str, str]) -> Part:
    """The part of a picture; ``spelled``: the folder of each number that has one."""
    role, inside = FOLDERS[folders[0].lower()], folders[1:]
    if role == DISTRACTOR:
        return Part(role, None)
    if len(inside) > 1:
        return Part(role, inside[0])
    number = _NUMBER.match(inside[0])
    return Part(role, spelled.get(str(int(number[1])), str(int(number[1]))) if number else None)


def _check(found: dict[str, Part], depth: int) -> None:
    nameless = [image for image, part in found.items() if part.role == GALLERY and part.identity is None]
    if nameless:
        raise UserError(
            f"no identity of {counted(len(nameless), 'picture')} of the gallery, e.g. {nameless[0][:200]}: put them "
            "into a folder per person, or begin their names with a number and _"
        )
    enrolled = {part.identity for part in found.values() if part.role == GALLERY}
    for image, part in found.items():
        if image.split("/")[depth].lower() == UNMATED and part.identity in enrolled:
            raise UserError(f"{image[:200]} is in {UNMATED}/ but shows {part.identity}, who is in the gallery")
