"""The whole of an import: what an archive holds, cut, written, and told in ``dataset.json``."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from fsrbench.datasets import prepared
from fsrbench.datasets.identities import identities
from fsrbench.datasets.importers import Kind
from fsrbench.datasets.importers.base import FIVE, Collection, Face, Options
from fsrbench.datasets.importers.crops import BOX, find_crop
from fsrbench.datasets.importers.cut import RECIPE
from fsrbench.datasets.importers.parallel import do_all
from fsrbench.datasets.importers.picture import Done, Maker
from fsrbench.datasets.importers.tree import Tree
from fsrbench.datasets.inputs import transparency_warning
from fsrbench.datasets.landmarks import LANDMARKS, POINTS
from fsrbench.datasets.layout import is_safe
from fsrbench.errors import UserError
from fsrbench.machine.console import Reporter
from fsrbench.pictures.decode import FLATTENED
from fsrbench.provenance.versions import __version__

SOURCES: Final = "sources.csv"
LEFT_OUT: Final = "left_out.csv"
FIVE_LANDMARKS: Final = "landmarks5.csv"
MADE: Final = ("sha256", "side", "outside")
NOT_SETTINGS: Final = ("split", "landmarks")
"""Choices after which pictures that are there can still be used."""


@dataclass(frozen=True)
class Import:
    """One call of ``fsrbench data import``."""

    kind: Kind
    source: Path
    folder: Path
    options: Options
    limit: int | None = None
    """Only the first so many, in sorted order."""
    workers: int = 1
    resume: bool = True

    @property
    def settings(self) -> dict[str, Any]:
        """What every picture depends on."""
        chosen = {name: value for name, value in asdict(self.options).items() if name not in NOT_SETTINGS}
        if self.kind.crop != BOX.name:
            chosen = {k: v for k, v in chosen.items() if not k.startswith(("min_", "max_"))}
        return {"kind": self.kind.name, **chosen}


def import_dataset(asked: Import, reporter: Reporter) -> dict[str, Any]:
    """Import an archive and return the manifest.

    Raises:
        UserError: nothing usable in it, or the folder holds something else.
        CannotWrite: the disk takes no more.
    """
    source, folder = asked.source.resolve(), asked.folder.resolve()
    if folder.is_relative_to(source) or source.is_relative_to(folder):
        raise UserError(f"{asked.folder} and {asked.source} lie in each other; import to another place")
    reporter.say(f"{asked.kind.title}: {asked.kind.terms}")
    if asked.kind.home:
        reporter.say(f"Its home: {asked.kind.home}")
    found, tree = asked.kind.collect(asked.source, asked.options)
    found.faces = _usable(found, asked)
    identities([face.id for face in found.faces], found.notes)
    with prepared.locked(asked.folder, asked.settings, {face.id for face in found.faces}, asked.resume, reporter):
        before = prepared.manifest_of(asked.folder) or {"files": []}
        prepared.write_manifest(asked.folder, _head(asked) | {"complete": False, "files": before["files"]})
        done = _make(asked, found, reporter)
        manifest = _finish(asked, found, tree, done)
    _report(manifest, found, done, reporter)
    return manifest


def _usable(found: Collection, asked: Import) -> list[Face]:
    """The faces in sorted order, each name once, none that cannot be saved."""
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
        raise UserError(f"no faces to import in {asked.source}{why}")
    return [faces[image] for image in sorted(faces)][: asked.limit]


def _make(asked: Import, found: Collection, reporter: Reporter) -> list[Done]:
    def place(face: Face) -> tuple[int, int]:
        files = found.sources[face.source]
        return face.source, files.place(face.name) if hasattr(files, "place") else 0

    maker = Maker(found.sources, asked.options, asked.folder / asked.kind.side)
    work = sorted(found.faces, key=place)  # as the archive has them; stable, so else as they are named
    done = do_all(maker.make, work, asked.workers)
    return sorted(reporter.track(done, len(work), "importing"), key=lambda one: one.id)


def _finish(asked: Import, found: Collection, tree: Tree, done: list[Done]) -> dict[str, Any]:
    folder, faces = asked.folder, {face.id: face for face in found.faces}
    written = [one for one in done if not one.reason]
    left_out = found.left_out + [(faces[one.id].name, one.reason) for one in done if one.reason]
    if not written:
        raise UserError(f"none of the {len(done)} pictures can be used; {_shown(left_out[-1][0])}: {left_out[-1][1]}")
    prepared.tidy(folder, asked.kind.side, (one.id for one in written))
    columns = list(dict.fromkeys(name for one in written for name in faces[one.id].facts))
    rows = [
        [one.id, faces[one.id].name, *(one.made[k] for k in MADE), *(faces[one.id].facts.get(c, "") for c in columns)]
        for one in written
    ]
    prepared.write_csv(folder / SOURCES, ["image", "source", *MADE, *columns], rows)
    prepared.write_csv(folder / LEFT_OUT, ["source", "reason"], left_out)
    files = [SOURCES, LEFT_OUT, *_write_landmarks(folder, written), *found.copies]
    for name, data in found.copies.items():
        prepared.write_file(folder / name, data)
    manifest = _head(asked) | {
        "complete": True,
        "counts": {
            "pictures": len(written),
            "identities": len(set(identities([one.id for one in written], []).values()) - {None}),
            "left_out": len(left_out),
            "reaching_outside": sum(one.made["outside"] > 0 for one in written),
            **({"other_md5": changed} if (changed := sum(one.changed for one in written)) else {}),
        },
        "left_out": dict(Counter(_kind_of(reason) for _, reason in left_out).most_common()),
        "annotations_sha256": tree.read,
        "sources_sha256": _digest(f"{one.id} {one.made['sha256']}" for one in written),
        "pixels_sha256": _digest(f"{one.id} {one.made['pixels']}" for one in written),
        "notes": found.notes,
        "files": files,
    }
    prepared.write_manifest(folder, manifest)
    return manifest


def _head(asked: Import) -> dict[str, Any]:
    kind, crop = asked.kind, find_crop(asked.options.crop)
    return {
        "made_by": f"fsrbench {__version__} data import",
        "title": kind.title,
        "source": asked.source.name,
        "home": kind.home,
        "terms": kind.terms,
        "split": asked.options.split,
        "limit": asked.limit,
        "crop": f"{crop.recipe}; {RECIPE}" if asked.options.size else crop.recipe,
        "settings": asked.settings,
    }


def _write_landmarks(folder: Path, written: list[Done]) -> list[str]:
    """Landmarks in pixels of the crops: 68 where the data has them, as datasets carry them, else five."""
    files = []
    headings = {
        LANDMARKS: [f"{axis}{k}" for k in range(POINTS) for axis in "xy"],
        FIVE_LANDMARKS: [f"{name}_{axis}" for name in FIVE for axis in "xy"],
    }
    for name, heading in headings.items():
        points = [(one.id, one.made["points"]) for one in written if one.made["points"]]
        rows = [[image, *(v for xy in at for v in xy)] for image, at in points if 2 * len(at) == len(heading)]
        (folder / name).unlink(missing_ok=True)
        if rows:
            prepared.write_csv(folder / name, ["image", *heading], rows)
            files.append(name)
    return files


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _kind_of(reason: str) -> str:
    """A reason without its numbers, so that the same ones count together."""
    return "".join("#" if c.isdigit() else c for c in reason)[:120]


def _shown(name: str) -> str:
    """A file's name in a message, without what a terminal would act on."""
    return name[:200] if name.isprintable() else repr(name[:200])


def _report(manifest: dict[str, Any], found: Collection, done: list[Done], reporter: Reporter) -> None:
    for note in found.notes:
        reporter.warn(note)
    faces = {face.id: face.name for face in found.faces}
    left_out = found.left_out + [(faces[one.id], one.reason) for one in done if one.reason]
    for name, reason in left_out[:5]:
        reporter.warn(f"{_shown(name)} left out: {reason}")
    if len(left_out) > 5:
        reporter.warn(f"{len(left_out)} left out in all; {LEFT_OUT} has them")
    if changed := [_shown(faces[one.id]) for one in done if one.changed]:
        some = ", ".join(changed[:5]) + (", ..." if len(changed) > 5 else "")
        reporter.warn(f"{len(changed)} pictures have another md5 than the published (packed anew, or damaged): {some}")
    if line := transparency_warning([one.id for one in done if one.made.get(FLATTENED)]):
        reporter.warn(line)
    if kept := sum(one.kept for one in done):
        reporter.say(f"{kept} pictures were there already")
    counts = manifest["counts"]
    people = f" of {counts['identities']} people" if counts["identities"] else ""
    reporter.say(f"{counts['pictures']} pictures{people}")
