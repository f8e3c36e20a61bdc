"""Roles of images in face identification, and their identities, from folders gallery/, probe/ and distractors/."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fsrbench.datasets.folder_words import is_general
from fsrbench.errors import UserError

GALLERY: Final = "gallery"
"""Enrolled: whoever is looked for is looked for here."""
PROBE: Final = "probe"
"""Looked for, in the gallery or (unmated) not in it."""
DISTRACTOR: Final = "distractor"
"""In the gallery, and nobody who is looked for."""
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
"""Names of folders, in small letters: ours, TinyFace's and SurvFace's."""
UNMATED: Final = "unmated_probe"
_NUMBER: Final = re.compile(r"(\d+)_")


@dataclass(frozen=True)
class Part:
    """What an image is in identification."""

    role: str
    identity: str | None
    """``None`` for distractors, and for probes of unknown people."""


def parts(ids: Sequence[str]) -> dict[str, Part]:
    """The role and identity of each image; empty unless all lie in folders of roles, gallery and probes among them.

    The identity is the folder inside the role's, else the whole number before ``_`` in the file's name.

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
    depth = 0
    folders = _folders(ids, depth)
    while len(folders) == 1 and is_general(min(folders)):  # around everything
        depth += 1
        folders = _folders(ids, depth)
    found_roles = {FOLDERS[folder] for folder in folders if folder in FOLDERS}
    if not (folders <= FOLDERS.keys() and {GALLERY, PROBE} <= found_roles):
        if DISTRACTOR in found_roles and len(found_roles) > 1 and folders <= FOLDERS.keys():
            lacking = " and ".join(f"{role}/" for role in (GALLERY, PROBE) if role not in found_roles)
            raise UserError(f"{', '.join(f'{folder}/' for folder in sorted(folders))} without {lacking}")
        return {}
    found = {image: _part(image.split("/")[depth:]) for image in ids}
    _check(found, depth)
    return found


def _folders(ids: Sequence[str], depth: int) -> set[str]:
    """Names of the folders at a depth, in small letters; one is empty where a picture lies higher."""
    return {image.split("/")[depth].lower() if image.count("/") > depth else "" for image in ids}


def _part(folders: list[str]) -> Part:
    role, inside = FOLDERS[folders[0].lower()], folders[1:]
    if role == DISTRACTOR:
        return Part(role, None)
    if len(inside) > 1:
        return Part(role, inside[0])
    number = _NUMBER.match(inside[0])
    return Part(role, str(int(number[1])) if number else None)


def _check(found: dict[str, Part], depth: int) -> None:
    nameless = [image for image, part in found.items() if part.role == GALLERY and part.identity is None]
    if nameless:
        raise UserError(
            f"{len(nameless)} pictures of the gallery have no identity, e.g. {nameless[0][:200]}: put them into a "
            "folder per person, or begin their names with a number and _"
        )
    enrolled = {part.identity for part in found.values() if part.role == GALLERY}
    for image, part in found.items():
        if image.split("/")[depth].lower() == UNMATED and part.identity in enrolled:
            raise UserError(f"{image[:200]} lies in {UNMATED}/ and shows {part.identity}, who is in the gallery")
