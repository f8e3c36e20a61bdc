"""Sets for face identification: TinyFace, QMUL-SurvFace, SCface, and folders gallery/, probe/ and distractors/."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Final

from fsrbench.datasets import roles
from fsrbench.datasets.importers.base import Collection, Face, Options, refuse_split
from fsrbench.datasets.importers.mat_lists import read_list, read_people
from fsrbench.datasets.importers.tree import Entry, Tree
from fsrbench.datasets.pairs import PAIRS_HEADING
from fsrbench.errors import UserError

PAIRS: Final = "pairs.csv"
FOLDS: Final = 10
_SCFACE: Final = re.compile(r"(?:^|/)(\d{3})_(?:cam(\d)_(\d)|(frontal))\.\w+$", re.IGNORECASE)
_NUMBER: Final = re.compile(r"(\d+)_")
VISIBLE: Final = range(1, 6)
"""SCface's cameras for visible light; 6 and 7 are infrared."""


def tinyface(source: Path, options: Options) -> tuple[Collection, Tree]:
    """The test set of TinyFace (Cheng, Zhu and Gong, ACCV 2018): gallery, probes and distractors as its lists say.

    Raises:
        UserError: a list or listed pictures are missing, or a list is damaged.
    """
    refuse_split("TinyFace", options.split, ("test",))
    tree = Tree(source, ("tinyface*.zip",))
    found = Collection(tree.sources)
    parts = (
        ("Gallery_Match", roles.GALLERY, "gallery_match_img_ID_pairs.mat", "gallery_set", "gallery_ids"),
        ("Probe", roles.PROBE, "probe_img_ID_pairs.mat", "probe_set", "probe_ids"),
    )
    for folder, role, file, names, ids in parts:
        _add_listed(found, tree, folder, role, file, read_people(tree, file, names, ids))
    strangers = _by_name(tree, "Gallery_Distractor")
    for name in islice(sorted(strangers), options.distractors):
        found.faces.append(Face(f"distractors/{PurePosixPath(name).stem}", *strangers[name]))
    return found, tree


def survface(source: Path, options: Options) -> tuple[Collection, Tree]:
    """The identification test of QMUL-SurvFace (Cheng et al., 2018): gallery, mated and unmated probes.

    Raises:
        UserError: a list or listed pictures are missing, or a list is damaged.
    """
    refuse_split("QMUL-SurvFace", options.split, ("test",))
    tree = Tree(source, ("*survface*.zip",))
    found = Collection(tree.sources)
    for folder, part, role in (("gallery", "gallery", roles.GALLERY), ("mated_probe", "mated_probe", roles.PROBE)):
        file = f"{part}_img_ID_pairs.mat"
        _add_listed(found, tree, folder, role, file, read_people(tree, file, f"{part}_set", f"{part}_ids"))
    unmated = _by_name(tree, roles.UNMATED)
    for name, entry in sorted(unmated.items()):
        # The lists number people differently from the file names, and only the latter say who is on an unmated probe
        number, stem = _NUMBER.match(name), PurePosixPath(name).stem
        found.faces.append(Face(f"probe/unmated_{number[1]}/{stem}" if number else f"probe/{stem}", *entry))
    if not unmated:
        found.notes.append(f"no pictures in {roles.UNMATED}/: identification_open needs them")
    return found, tree


def survface_pairs(source: Path, options: Options) -> tuple[Collection, Tree]:
    """The verification test of QMUL-SurvFace; its pairs are written for ``--pairs``, in ten folds in turn.

    Raises:
        UserError: a list or listed pictures are missing, or a list is damaged.
    """
    refuse_split("QMUL-SurvFace", options.split, ("test",))
    tree = Tree(source, ("*survface*.zip",))
    found = Collection(tree.sources)
    lines, wanted = [",".join(PAIRS_HEADING)], set[str]()
    for genuine, key in ((1, "positive_pairs_names"), (0, "negative_pairs_names")):
        pairs = read_list(tree, f"{key}.mat", key)
        if pairs.ndim != 2 or pairs.shape[1] != 2:
            raise UserError(f"{key}.mat: {key} is a table of {' x '.join(map(str, pairs.shape))}, not of pairs")
        for number, pair in enumerate(pairs.tolist()):
            first, second = (PurePosixPath(str(name)).stem for name in pair)
            lines.append(f"{first},{second},{genuine},{number % FOLDS}")
            wanted.update(map(str, pair))
    lists = "positive_pairs_names.mat and negative_pairs_names.mat"
    pictures = _listed(found, tree, "verification_images", wanted, lists, "is in no pair")
    found.faces = [Face(PurePosixPath(name).stem, *entry) for name, entry in pictures.items()]
    found.copies[PAIRS] = ("\n".join(lines) + "\n").encode()
    return found, tree


def scface(source: Path, options: Options) -> tuple[Collection, Tree]:
    """SCface (Grgic, Delac and Grgic, 2011): frontal mugshots, and five cameras at three distances.

    The mugshots become HR, the surveillance pictures LR. Landmarks, if given, crop both.

    Raises:
        UserError: mugshots or surveillance pictures are missing.
    """
    from fsrbench.datasets.importers.scface_points import points_by_name

    refuse_split("SCface", options.split, ("test",))
    tree = Tree(source, ("scface*.zip",))
    found = Collection(tree.sources)
    points = points_by_name(options.landmarks, tree) if options.landmarks else {}
    mugshots = _mugshots(tree)
    for path, entry in sorted(tree.pictures()):
        match, in_mugshots = _SCFACE.search(path), entry in mugshots
        if not match or (match[4] and not in_mugshots):
            continue
        person, camera, distance = match[1], match[2], match[3]
        name = PurePosixPath(path).stem.lower()
        at = points.get(name)
        if points and at is None:
            found.leave_out(path, "has no line in the landmarks")
        elif camera is None:
            found.faces.append(Face(f"gallery/{person}/{name}", *entry, points=at, side="HR"))
        elif int(camera) in VISIBLE:
            facts = {"camera": camera, "distance": distance}
            found.faces.append(Face(f"probe/{person}/{name}", *entry, points=at, side="LR", facts=facts, labels=facts))
        else:
            found.leave_out(path, "is of an infrared camera")
    sides = {face.side for face in found.faces}
    if sides != {"HR", "LR"}:
        lacking = "mugshots (001_frontal.jpg)" if "HR" not in sides else "surveillance pictures (001_cam1_1.jpg)"
        raise UserError(f"no {lacking} in {source}; expected the folders of SCface as published")
    people = {face.id.split("/")[1] for face in found.faces if face.side == "HR"}
    strays = [face for face in found.faces if face.side == "LR" and face.id.split("/")[1] not in people]
    if strays:
        raise UserError(f"{len(strays)} surveillance pictures have no mugshot, e.g. {strays[0].name}")
    return found, tree


def folders(source: Path, options: Options) -> tuple[Collection, Tree]:
    """Any folders gallery/, probe/ and distractors/: identities are sub-folders, or the number before ``_``.

    Raises:
        UserError: there are no such folders, or pictures of the gallery have no identity.
    """
    refuse_split("identification", options.split, ("test", "all"))
    tree = Tree(source)
    found = Collection(tree.sources)
    pictures = dict(sorted(tree.pictures()))
    ids = {str(PurePosixPath(path).with_suffix("")): path for path in pictures}
    known = roles.parts(list(ids))
    if not known:
        raise UserError(f"{source}: expected only folders gallery/, probe/ and optionally distractors/")
    names = {roles.GALLERY: "gallery", roles.PROBE: "probe", roles.DISTRACTOR: "distractors"}
    strangers = 0
    for image, path in ids.items():
        part = known[image]
        strangers += part.role == roles.DISTRACTOR
        if part.role == roles.DISTRACTOR and options.distractors is not None and strangers > options.distractors:
            continue
        folder = f"{names[part.role]}/{part.identity}/" if part.identity else f"{names[part.role]}/"
        found.faces.append(Face(folder + PurePosixPath(image).name, *pictures[path]))
    return found, tree


def _add_listed(found: Collection, tree: Tree, folder: str, role: str, file: str, people: Mapping[str, str]) -> None:
    """Add the pictures of a folder that a list names, each in its person's folder."""
    pictures = _listed(found, tree, folder, people, file, f"is not in {file}")
    for name, entry in pictures.items():
        found.faces.append(Face(f"{role}/{people[name]}/{PurePosixPath(name).stem}", *entry))


def _listed(
    found: Collection, tree: Tree, folder: str, names: Iterable[str], file: str, otherwise: str
) -> dict[str, Entry]:
    """The pictures of a folder that a list names, whatever the case of their suffix; others are left out.

    Raises:
        UserError: some are missing.
    """
    present = _by_name(tree, folder)
    any_case = {name.lower(): entry for name, entry in present.items()}
    pictures = {name: present.get(name) or any_case.get(name.lower()) for name in sorted(names)}
    if missing := [name for name, entry in pictures.items() if entry is None]:
        raise UserError(
            f"{len(missing)} of {len(pictures)} pictures that {file} lists are not in {folder}/, e.g. "
            f"{missing[0][:80]}; was it unpacked completely?"
        )
    used = set(pictures.values())
    for name in sorted(name for name, entry in present.items() if entry not in used):
        found.leave_out(name, otherwise)
    return {name: entry for name, entry in pictures.items() if entry is not None}


def _by_name(tree: Tree, folder: str) -> dict[str, Entry]:
    return {PurePosixPath(path).name: entry for path, entry in tree.pictures(folder)}


def _mugshots(tree: Tree) -> set[Entry]:
    """The frontal mugshots: the cropped ones if there are any, else the originals."""
    for folder in ("mugshot_frontal_cropped_all", "mugshot_frontal_original_all"):
        if chosen := {entry for _, entry in tree.pictures(folder)}:
            return chosen
    return {entry for _, entry in tree.pictures()}
