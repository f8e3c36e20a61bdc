"""WIDER FACE (Yang et al., CVPR 2016): small faces cut from photographs, as real LR faces without HR."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

from fsrbench.datasets.importers.base import Collection, Face, Options, refuse_split
from fsrbench.datasets.importers.tree import Entry, Text, Tree
from fsrbench.errors import UserError

ARCHIVES: Final = ("WIDER_train*.zip", "WIDER_val*.zip", "wider_face_split*.zip")


FLAGS: Final = {
    "blur": ("clear", "normal", "heavy"),
    "expression": ("typical", "exaggerated"),
    "illumination": ("normal", "extreme"),
    "occlusion": ("none", "partial", "heavy"),
    "pose": ("typical", "atypical"),
}
"""What each flag's numbers mean, according to WIDER FACE's readme."""


class Box(NamedTuple):
    """The annotation of one face in a photograph."""

    left: float
    top: float
    width: float
    height: float
    blur: int
    expression: int
    illumination: int
    invalid: int
    occlusion: int
    pose: int


def collect(source: Path, options: Options) -> tuple[Collection, Tree]:
    """The faces with a box of a wanted size (its longer side) and wanted flags.

    Raises:
        UserError: photographs or boxes are missing, or a line of the boxes is malformed.
    """
    refuse_split("WIDER FACE", options.split, ("val", "train", "all"))
    if not 1 <= options.min_face <= options.max_face:
        raise UserError(f"--min-face {options.min_face:g} to --max-face {options.max_face:g}: no face has such a size")
    tree = Tree(source, ARCHIVES)
    found = Collection(tree.sources)
    for split in ("train", "val") if options.split == "all" else (options.split,):
        _collect(tree, split, options, found)
    return found, tree


def _collect(tree: Tree, split: str, options: Options, found: Collection) -> None:
    boxes = f"wider_face_{split}_bbx_gt.txt"
    text = tree.text(boxes)
    if text is None:
        raise UserError(f"no {boxes} in {tree.path}; expected it in wider_face_split/ or wider_face_split.zip")
    pictures: dict[str, Entry] = {}
    for path, entry in tree.pictures(f"WIDER_{split}"):
        pictures.setdefault(path.removeprefix("images/"), entry)
    if not pictures:
        raise UserError(f"no photographs in {tree.path}; expected WIDER_{split}/ or WIDER_{split}.zip")
    named = set()
    for name, faces in read_boxes(text):
        named.add(name)
        if name not in pictures:
            found.leave_out(name, f"is in {boxes} but not among the photographs")
            continue
        for number, box in enumerate(faces):
            if _fits(box, options):
                face = f"{PurePosixPath(name).stem}_{number:04d}"  # an event is not an identity, so no folder
                facts = {k: f"{v:g}" for k, v in box._asdict().items()}
                labels = {flag: dict(enumerate(words)).get(getattr(box, flag), "") for flag, words in FLAGS.items()}
                found.faces.append(Face(face, *pictures[name], box=box[:4], facts=facts, labels=labels))
    for name in sorted(pictures.keys() - named):
        found.leave_out(name, f"is not in {boxes}")


def read_boxes(file: Text) -> Iterator[tuple[str, list[Box]]]:
    """Each photograph with its boxes; one without boxes usually has a line of zeros.

    Raises:
        UserError: a malformed line.
    """
    lines = [(number, line.strip()) for number, line in enumerate(file.text.splitlines(), 1) if line.strip()]
    at = 0
    while at < len(lines):
        number, name = lines[at]
        if not name.lower().endswith((".jpg", ".jpeg", ".png")):
            raise UserError(f"{file.name}, line {number}: expected a photograph's name, not {name[:60]!r}")
        count = lines[at + 1][1] if at + 1 < len(lines) else ""
        if not (count.isascii() and count.isdigit()):
            raise UserError(f"{file.name}, line {number + 1}: expected the number of boxes, not {count[:60]!r}")
        rows = lines[at + 2 : at + 2 + max(1, int(count))]
        if int(count) == 0 and rows and rows[0][1].strip("0 "):
            rows = []  # the next photograph's name, not a line of zeros
        if len(rows) < int(count):
            raise UserError(f"{file.name}: {name} has {len(rows)} boxes, {count} are announced; was it cut short?")
        yield name, [_box(line, f"{file.name}, line {k}") for k, line in rows][: int(count)]
        at += 2 + len(rows)


def _box(line: str, where: str) -> Box:
    try:
        cells = [float(word) for word in line.split()]
        left, top, width, height, *flags = cells
        return Box(left, top, width, height, *(int(flag) for flag in flags))
    except (ValueError, TypeError, OverflowError):
        raise UserError(f"{where}: expected left, top, width, height and 6 flags, not {line[:60]!r}") from None


def _fits(box: Box, options: Options) -> bool:
    longer = max(box.width, box.height)
    whole = min(box.width, box.height) > 0 and not box.invalid
    plain = box.blur <= options.max_blur and box.occlusion <= options.max_occlusion and box.pose <= options.max_pose
    return whole and plain and options.min_face <= longer <= options.max_face
