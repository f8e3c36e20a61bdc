"""Cut one face out of its picture and write it as a PNG that records its source; unchanged ones are kept."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image, PngImagePlugin

from fsrbench.datasets.importers.base import Face, Options
from fsrbench.datasets.importers.crops import NATIVE, around_box, find_crop, in_crop, quad_of, side_of
from fsrbench.datasets.importers.cut import cut, outside
from fsrbench.datasets.storage import Files
from fsrbench.errors import UserError
from fsrbench.files.atomic import disk_errors, whole
from fsrbench.pictures.decode import FLATTENED, BadImage, decode

CHUNK: Final = "fsrbench-import"
"""PNG text chunk with the picture's source and settings, from which a stopped import continues."""


@dataclass(frozen=True)
class Outcome:
    """The result for one face."""

    id: str
    reason: str = ""
    """Why it was left out; empty if it was written."""
    facts: dict[str, Any] = field(default_factory=dict)
    """``sha256`` of the source file and of the written ``pixels``, ``side`` of the crop in source pixels, share of it
    ``outside`` the source, landmarks (``points``) in the crop, and ``flattened`` if transparency was laid on white."""
    kept: bool = False
    """Whether it had been written before."""
    changed: bool = False
    """Whether the source differs from the published file, by its md5."""


class FaceWriter:
    """Writes the pictures of faces; can be pickled.

    Args:
        sources: folders and archives with the pictures.
        options: how faces are cut.
        folder: of the dataset.
        side: HR or LR, for faces that do not say.
    """

    def __init__(self, sources: Sequence[Files], options: Options, folder: Path, side: str) -> None:
        self.sources, self.options, self.folder, self.side = sources, options, folder, side

    def __getstate__(self) -> dict[str, Any]:
        return {"sources": self.sources, "options": self.options, "folder": self.folder, "side": self.side}

    @cached_property
    def _finder(self) -> Any:
        from fsrbench.datasets.importers.detect import LandmarkFinder

        return LandmarkFinder()

    def write(self, face: Face) -> Outcome:
        """Write one face's picture, unless it exists and its source and settings are unchanged.

        Raises:
            CannotWrite: the disk is full.
        """
        path = self.folder / (face.side or self.side) / f"{face.id}.png"
        try:
            data = self.sources[face.source].read(face.name)
            sha = hashlib.sha256(data).hexdigest()
            settings = self._settings_hash(face)
            changed = _is_changed(face, data)
            if facts := _kept_facts(path, settings, sha):
                return Outcome(face.id, facts=facts, kept=True, changed=changed)
            image = decode(data)
            picture, facts = self._cut(face, image)
            facts = {"sha256": sha, "pixels": _pixels(picture), **facts}
            if FLATTENED in image.info:
                facts[FLATTENED] = True
            self._save(picture, path, {"asked": settings, **facts})
        except (BadImage, OSError) as error:
            with suppress(OSError):
                path.unlink(missing_ok=True)  # written from an earlier state of the source
            return Outcome(face.id, reason=str(error) or type(error).__name__)
        return Outcome(face.id, facts=facts, changed=changed)

    def _cut(self, face: Face, image: Image.Image) -> tuple[Image.Image, dict[str, Any]]:
        points, options = face.points, self.options
        if options.crop == NATIVE.name:
            facts = {"side": min(image.size), "outside": 0.0, "points": None}
            return image, facts if points is None else facts | {"points": points.tolist()}
        if options.align == "detect":
            points = self._finder.find(image)
        quad = around_box(face.box) if face.box else quad_of(find_crop(options.crop), image.size, points)
        side = side_of(quad)
        if options.size and round(side) < options.size and not options.enlarge:
            raise BadImage(f"the face is {side:.0f} px, smaller than --size {options.size}")
        picture = cut(image, quad, options.size)
        facts = {"side": round(side, 2), "outside": round(outside(image.size, quad), 3), "points": None}
        if points is not None:
            facts["points"] = np.round(in_crop(points, quad, picture.width), 3).tolist()
        return picture, facts

    def _settings_hash(self, face: Face) -> str:
        points = None if face.points is None else face.points.tolist()
        settings = {k: v for k, v in vars(self.options).items() if k in ("crop", "size", "align", "enlarge")}
        text = json.dumps([points, face.box, settings])  # no file names: any form of an archive gives the same bytes
        return hashlib.sha256(text.encode()).hexdigest()

    def _save(self, picture: Image.Image, path: Path, facts: dict[str, Any]) -> None:
        with disk_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        if not Path(os.path.realpath(path.parent)).is_relative_to(os.path.realpath(self.folder)):
            raise UserError(f"{path.parent}: a link leads out of the dataset's folder")
        chunk = PngImagePlugin.PngInfo()
        chunk.add_text(CHUNK, json.dumps(facts, ensure_ascii=True))
        with whole(path) as part:
            picture.save(part, "PNG", pnginfo=chunk)


def _is_changed(face: Face, data: bytes) -> bool:
    """Whether neither the file nor its pixels have a published md5."""
    if not face.md5 or hashlib.md5(data, usedforsecurity=False).hexdigest() in face.md5:
        return False
    pixels = np.asarray(decode(data)).tobytes()
    return hashlib.md5(pixels, usedforsecurity=False).hexdigest() not in face.md5


def _kept_facts(path: Path, settings: str, sha256: str) -> dict[str, Any] | None:
    """The facts of a picture made from the same source and settings, if its pixels are as they were written."""
    try:
        with Image.open(path, formats=["PNG"]) as image:
            facts = json.loads(image.info.get(CHUNK, "{}"))
            wanted = {"asked": settings, "sha256": sha256, "pixels": _pixels(image)}
            if any(facts[name] != value for name, value in wanted.items()):
                return None
    except (OSError, ValueError, LookupError, SyntaxError, TypeError):  # damaged, or not written by us
        return None
    return {name: value for name, value in facts.items() if name != "asked"}


def _pixels(picture: Image.Image) -> str:
    return hashlib.sha256(f"{picture.mode} {picture.size}".encode() + picture.tobytes()).hexdigest()
