"""Import an archive: collect its faces, cut and write them, and record all in ``dataset.json``."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from fsrbench.datasets import prepared
from fsrbench.datasets.importers import Kind
from fsrbench.datasets.importers.base import FIVE, Collection, Face, Options
from fsrbench.datasets.importers.crops import BOX, find_crop
from fsrbench.datasets.importers.cut import RECIPE
from fsrbench.datasets.importers.parallel import run_all
from fsrbench.datasets.importers.picture import FaceWriter, Outcome
from fsrbench.datasets.importers.tree import Tree
from fsrbench.datasets.inputs import transparency_warning
from fsrbench.datasets.landmarks import LANDMARKS, POINTS
from fsrbench.datasets.layout import is_safe
from fsrbench.datasets.roles import identities_of
from fsrbench.errors import UserError
from fsrbench.files.labels import GROUPS, label_rows
from fsrbench.machine.console import Reporter
from fsrbench.pictures.decode import FLATTENED
from fsrbench.provenance.versions import __version__

SOURCES: Final = "sources.csv"
LEFT_OUT: Final = "left_out.csv"
FIVE_LANDMARKS: Final = "landmarks5.csv"
FACE_POINTS: Final = "face_points.csv"
"""Five landmarks in the form of the weight file ``face_points``, for ``--alignment given``."""
FACTS: Final = ("sha256", "side", "outside")
"""Facts of each picture that :data:`SOURCES` lists."""
FACE_POINT_COLUMNS: Final = tuple(
    f"{point}_{axis}" for point in ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right") for axis in "xy"
)
NOT_SETTINGS: Final = ("split", "landmarks")
"""Options that do not change any picture."""


@dataclass(frozen=True)
class Import:
    """One call of ``fsrbench data import``."""

    kind: Kind
    source: Path
    folder: Path
    options: Options
    limit: int | None = None
    """Number of faces, the first in sorted order; all by default."""
    workers: int = 1
    resume: bool = True

    @property
    def settings(self) -> dict[str, Any]:
        """What every picture depends on, apart from its source."""
        chosen = {name: value for name, value in asdict(self.options).items() if name not in NOT_SETTINGS}
        if not self.kind.recognition:
            chosen = {k: v for k, v in chosen.items() if k not in ("fit", "distractors")}
        if self.kind.crop != BOX.name:
            chosen = {k: v for k, v in chosen.items() if not k.startswith(("min_", "max_"))}
        return {"kind": self.kind.name, **chosen}


def import_dataset(request: Import, reporter: Reporter) -> dict[str, Any]:
    """Import an archive and return the manifest.

    Raises:
        UserError: nothing usable in it, or the folder holds other files.
        CannotWrite: the disk is full.
    """
    source, folder = request.source.resolve(), request.folder.resolve()
    if folder.is_relative_to(source) or source.is_relative_to(folder):
        raise UserError(f"one of {request.folder} and {request.source} is inside the other; choose another destination")
    reporter.say(f"{request.kind.title}: {request.kind.terms}")
    if request.kind.home:
        reporter.say(f"website: {request.kind.home}")
    found, tree = request.kind.collect(request.source, request.options)
    found.faces = _usable(found, request)
    identities_of([face.id for face in found.faces], found.notes)
    with prepared.locked(request.folder, request.settings, {face.id for face in found.faces}, request.resume, reporter):
        before = prepared.manifest_of(request.folder) or {"files": []}
        prepared.write_manifest(request.folder, _head(request) | {"complete": False, "files": before["files"]})
        done = _make(request, found, reporter)
        manifest = _finish(request, found, tree, done)
    _report(manifest, found, done, reporter)
    return manifest


def _usable(found: Collection, request: Import) -> list[Face]:
    """The faces in sorted order: each name once, and only names that can be saved."""
    faces: dict[str, Face] = {}
    for face in found.faces:
        if not is_safe(f"{face.id}.png"):
            found.leave_out(face.name, "nothing can be saved under its name")
        elif face.id in faces:
            found.leave_out(face.name, f"{faces[face.id].name} has the same name without suffix")
        else:
            faces[face.id] = face
    if not faces:
        why = f"; {_shown(found.left_out[0][0])} {found.left_out[0][1]}" if found.left_out else ""
        raise UserError(f"no faces to import in {request.source}{why}")
    return [faces[image] for image in sorted(faces)][: request.limit]


def _make(request: Import, found: Collection, reporter: Reporter) -> list[Outcome]:
    def position(face: Face) -> tuple[int, int]:
        files = found.sources[face.source]
        return face.source, files.offset(face.name) if hasattr(files, "offset") else 0

    writer = FaceWriter(found.sources, request.options, request.folder, request.kind.side)
    work = sorted(found.faces, key=position)  # in the order of the archive, else of the names
    done = run_all(writer.write, work, request.workers)
    return sorted(reporter.track(done, len(work), "importing"), key=lambda one: one.id)


def _finish(request: Import, found: Collection, tree: Tree, done: list[Outcome]) -> dict[str, Any]:
    folder, faces = request.folder, {face.id: face for face in found.faces}
    written = [one for one in done if not one.reason]
    left_out = found.left_out + [(faces[one.id].name, one.reason) for one in done if one.reason]
    if not written:
        raise UserError(f"no picture can be used ({len(done)} left out); {_shown(left_out[-1][0])}: {left_out[-1][1]}")
    for side in prepared.SIDES:
        prepared.tidy(folder, side, (one.id for one in written if (faces[one.id].side or request.kind.side) == side))
    columns = list(dict.fromkeys(name for one in written for name in faces[one.id].facts))
    rows = [
        [one.id, faces[one.id].name, *(one.facts[k] for k in FACTS), *(faces[one.id].facts.get(c, "") for c in columns)]
        for one in written
    ]
    prepared.write_csv(folder / SOURCES, ["image", "source", *FACTS, *columns], rows)
    prepared.write_csv(folder / LEFT_OUT, ["source", "reason"], left_out)
    points = [*_write_landmarks(folder, written), *_write_face_points(request, written)]
    files = [SOURCES, LEFT_OUT, *points, *_write_groups(folder, written, faces), *found.copies]
    for name, data in found.copies.items():
        prepared.write_file(folder / name, data)
    manifest = _head(request) | {
        "complete": True,
        "counts": {
            "pictures": len(written),
            "identities": len(set(identities_of([one.id for one in written], []).values()) - {None}),
            "left_out": len(left_out),
            "reaching_outside": sum(one.facts["outside"] > 0 for one in written),
            **({"other_md5": changed} if (changed := sum(one.changed for one in written)) else {}),
        },
        "left_out": dict(Counter(_kind_of(reason) for _, reason in left_out).most_common()),
        "annotations_sha256": tree.read,
        "sources_sha256": _digest(f"{one.id} {one.facts['sha256']}" for one in written),
        "pixels_sha256": _digest(f"{one.id} {one.facts['pixels']}" for one in written),
        "notes": found.notes,
        "files": files,
    }
    prepared.write_manifest(folder, manifest)
    return manifest


def _head(request: Import) -> dict[str, Any]:
    kind, crop = request.kind, find_crop(request.options.crop)
    return {
        "made_by": f"fsrbench {__version__} data import",
        "title": kind.title,
        "source": request.source.name,
        "home": kind.home,
        "terms": kind.terms,
        "split": request.options.split,
        "limit": request.limit,
        "crop": f"{crop.recipe}; {RECIPE}" if request.options.size else crop.recipe,
        "settings": request.settings,
    }


def _write_landmarks(folder: Path, written: list[Outcome]) -> list[str]:
    """Write landmarks in pixels of the crops: 68 points where the data has them, else five."""
    files = []
    headings = {
        LANDMARKS: [f"{axis}{k}" for k in range(POINTS) for axis in "xy"],
        FIVE_LANDMARKS: [f"{name}_{axis}" for name in FIVE for axis in "xy"],
    }
    for name, heading in headings.items():
        points = [(one.id, one.facts["points"]) for one in written if one.facts["points"]]
        rows = [[image, *(v for xy in at for v in xy)] for image, at in points if 2 * len(at) == len(heading)]
        (folder / name).unlink(missing_ok=True)
        if rows:
            prepared.write_csv(folder / name, ["image", *heading], rows)
            files.append(name)
    return files


def _write_face_points(request: Import, written: list[Outcome]) -> list[str]:
    """Write the five landmarks of identification sets again, with each picture's side, for ``--alignment given``."""
    side = request.options.size
    rows = [
        [one.id, *(v for xy in one.facts["points"] for v in xy), side or round(one.facts["side"])]
        for one in written
        if one.facts["points"] and len(one.facts["points"]) == len(FIVE)
    ]
    (request.folder / FACE_POINTS).unlink(missing_ok=True)
    if not rows or not request.kind.recognition:
        return []
    prepared.write_csv(request.folder / FACE_POINTS, ["filename", *FACE_POINT_COLUMNS, "side"], rows)
    return [FACE_POINTS]


def _write_groups(folder: Path, written: list[Outcome], faces: Mapping[str, Face]) -> list[str]:
    """Write the data's labels of the faces, if it has any."""
    columns = dict.fromkeys(column for one in written for column in faces[one.id].labels)
    labels = {column: {one.id: faces[one.id].labels.get(column, "") for one in written} for column in columns}
    (folder / GROUPS).unlink(missing_ok=True)
    heading, rows = label_rows(labels, [one.id for one in written])
    if rows:
        prepared.write_csv(folder / GROUPS, heading, rows)
    return [GROUPS] if rows else []


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _kind_of(reason: str) -> str:
    """A reason without its numbers, so that equal ones count together."""
    return "".join("#" if c.isdigit() else c for c in reason)[:120]


def _shown(name: str) -> str:
    """A file's name for a message, without control characters."""
    return name[:200] if name.isprintable() else repr(name[:200])


def _report(manifest: dict[str, Any], found: Collection, done: list[Outcome], reporter: Reporter) -> None:
    for note in found.notes:
        reporter.warn(note)
    faces = {face.id: face.name for face in found.faces}
    left_out = found.left_out + [(faces[one.id], one.reason) for one in done if one.reason]
    for name, reason in left_out[:5]:
        reporter.warn(f"{_shown(name)} left out: {reason}")
    if len(left_out) > 5:
        reporter.warn(f"{len(left_out)} left out in total; {LEFT_OUT} lists them")
    if changed := [_shown(faces[one.id]) for one in done if one.changed]:
        some = ", ".join(changed[:5]) + (", ..." if len(changed) > 5 else "")
        reporter.warn(f"{len(changed)} pictures differ from the published md5 (repacked, or damaged): {some}")
    if line := transparency_warning([one.id for one in done if one.facts.get(FLATTENED)]):
        reporter.warn(line)
    if kept := sum(one.kept for one in done):
        reporter.say(f"{kept} pictures were imported before")
    counts = manifest["counts"]
    people = f" of {counts['identities']} people" if counts["identities"] else ""
    reporter.say(f"{counts['pictures']} pictures{people}")
