"""FFHQ (Karras et al., CVPR 2019): aligned pictures or thumbnails, with licence and author of each where known."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import Any, Final

import numpy as np

from fsrbench.datasets.importers.base import Collection, Face, Options, refuse_split
from fsrbench.datasets.importers.tree import Text, Tree
from fsrbench.errors import UserError
from fsrbench.files.labels import parse_labels

ARCHIVES: Final = ("images1024x1024*.zip", "thumbnails128x128*.zip")
FOLDERS: Final = {"images1024x1024": 1024, "thumbnails128x128": 128}
"""FFHQ's folders and the side of their pictures; the first that exists is used. Landmarks are in pixels of 1024 px."""
METADATA: Final = "ffhq-dataset-v2.json"
AGING: Final = "ffhq_aging_labels.csv"
TRAINING: Final = 60_000
"""Number of training pictures; they come before those for validation."""
CREDITS: Final = ("author", "license", "license_url", "photo_url", "photo_title")


def collect(source: Path, options: Options) -> tuple[Collection, Tree]:
    """The faces of FFHQ, without identities.

    Raises:
        UserError: no pictures, unknown split, or damaged metadata.
    """
    refuse_split("FFHQ", options.split, ("train", "val", "all"))
    tree = Tree(source, ARCHIVES)
    found = Collection(tree.sources)
    text, aging = tree.text(METADATA), _aging(tree)
    metadata = {} if text is None else _read(text)
    if text is None:
        found.notes.append(f"no {METADATA} beside the pictures: authors and licences of the photographs are not kept")
    folder = next((folder for folder in FOLDERS if any(tree.pictures(folder))), None)
    if folder is None:
        raise UserError(f"no pictures of FFHQ in {source}; expected a folder or zip {' or '.join(FOLDERS)}")
    seen = set()
    for path, entry in sorted(tree.pictures(folder)):
        stem = PurePosixPath(path).stem
        if not (stem.isascii() and stem.isdigit()):
            found.leave_out(entry.name, "is not named by a number, as FFHQ's pictures are")
            continue
        number = stem.lstrip("0") or "0"
        seen.add(number)
        about = metadata.get(number)
        if options.split != "all" and _split(stem, about) != options.split:
            continue
        if metadata and about is None:
            found.leave_out(entry.name, f"is not in {METADATA}")
            continue
        points, md5 = _points(about, FOLDERS[folder]), _md5(about, folder)
        labels = _country(about) | aging.get(number, {})
        found.faces.append(Face(stem, *entry, points=points, facts=_facts(about), labels=labels, md5=md5))
    for number, about in sorted(metadata.items()):
        named = number.isascii() and number.isdigit() and options.split in ("all", _split(number, about))
        if named and number not in seen:
            found.leave_out(f"{int(number):05d}.png", f"is in {METADATA} but not among the pictures")
    return found, tree


def _read(text: Text) -> dict[str, dict[str, Any]]:
    try:
        read = json.loads(text.text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{text.name}: cannot be read: {error}; was it cut short?") from None
    if not isinstance(read, dict) or not all(isinstance(about, dict) for about in read.values()):
        raise UserError(f"{text.name}: expected an object with an entry for each picture")
    return read


def _aging(tree: Tree) -> dict[str, dict[str, str]]:
    """By number of the picture, the columns of FFHQ-Aging (Or-El et al., ECCV 2020): its raters' and a network's.

    Raises:
        UserError: the first line is not its heading, or a line is malformed.
    """
    text = tree.text(AGING)
    if text is None:
        return {}
    first, _, rest = text.text.partition("\n")
    number, comma, columns = first.partition(",")
    if number.strip() != "image_number":
        raise UserError(f"{text.name}: the first line must begin with image_number, not {number[:40]!r}")
    read = parse_labels(f"image{comma}{columns}\n{rest}", text.name)
    rows = ((name.lstrip("0") or "0", zip(read.columns, cells, strict=True)) for _, name, cells in read.rows)
    return {name: {column: cell for column, cell in cells if cell not in ("", "-1")} for name, cells in rows}


def _split(stem: str, about: dict[str, Any] | None) -> str:
    category = about.get("category") if about else None
    if category in ("training", "validation"):
        return "train" if category == "training" else "val"
    return "train" if int(stem) < TRAINING else "val"


def _country(about: dict[str, Any] | None) -> dict[str, str]:
    """The country of the photograph's author, as the author's page gives it."""
    facts = (about or {}).get("metadata")
    country = facts.get("country") if isinstance(facts, dict) else None
    return {"country": country} if isinstance(country, str) and country else {}


def _points(about: dict[str, Any] | None, side: int) -> np.ndarray | None:
    try:
        points = np.array((about or {})["image"]["face_landmarks"], dtype=np.float64).reshape(68, 2)
    except (KeyError, TypeError, ValueError):
        return None
    if not np.isfinite(points).all():
        return None
    return (points + 0.5) * side / FOLDERS["images1024x1024"] - 0.5


def _md5(about: dict[str, Any] | None, folder: str) -> tuple[str, ...]:
    """Published md5 of the file and of its pixels; repacked files match the second alone."""
    kind = (about or {}).get("image" if folder == "images1024x1024" else "thumbnail")
    values = (kind.get(name) for name in ("file_md5", "pixel_md5")) if isinstance(kind, dict) else ()
    return tuple(value.lower() for value in values if isinstance(value, str))


def _facts(about: dict[str, Any] | None) -> dict[str, str]:
    facts = (about or {}).get("metadata")
    return {name: str(facts.get(name, "")) for name in CREDITS} if isinstance(facts, dict) else {}
