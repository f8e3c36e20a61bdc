"""One face: read, cut, written as a PNG that says what it was made from; kept where that has not changed."""

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
from fsrbench.datasets.importers.crops import around_box, find_crop, moved, quad_of, side_of
from fsrbench.datasets.importers.cut import cut, outside
from fsrbench.datasets.storage import Files
from fsrbench.errors import UserError
from fsrbench.files.atomic import disk_errors, whole
from fsrbench.pictures.decode import FLATTENED, BadImage, decode

CHUNK: Final = "fsrbench-import"
"""PNG text chunk with what the picture was made from: how an import that was stopped goes on."""


@dataclass(frozen=True)
class Done:
    """What became of one face."""

    id: str
    reason: str = ""
    """Why it was left out; empty where it was written."""
    made: dict[str, Any] = field(default_factory=dict)
    """``sha256`` of the source's picture and of the written ``pixels``, ``side`` of the crop in the source's picture,
    share ``outside`` of it, landmarks (``points``) in the crop, and whether transparency was laid on white
    (``flattened``)."""
    kept: bool = False
    """Whether it was there already."""
    changed: bool = False
    """Whether the source's picture is not the published one, by its md5."""


class Maker:
    """Makes the pictures of faces; safe to send to another process.

    Args:
        sources: where the pictures lie.
        options: how they are cut.
        folder: ``DEST/HR`` or ``DEST/LR``.
    """

    def __init__(self, sources: Sequence[Files], options: Options, folder: Path) -> None:
        self.sources, self.options, self.folder = sources, options, folder

    def __getstate__(self) -> dict[str, Any]:
        return {"sources": self.sources, "options": self.options, "folder": self.folder}

    @cached_property
    def _finder(self) -> Any:
        from fsrbench.datasets.importers.detect import Finder

        return Finder()

    def make(self, face: Face) -> Done:
        """Write one face's picture, unless it is there and nothing that it depends on has changed.

        Raises:
            CannotWrite: the disk takes no more.
        """
        path = self.folder / f"{face.id}.png"
        try:
            data = self.sources[face.source].read(face.name)
            sha = hashlib.sha256(data).hexdigest()
            asked = self._asked(face)
            changed = _is_changed(face, data)
            if made := _made_before(path, asked, sha):
                return Done(face.id, made=made, kept=True, changed=changed)
            image = decode(data)
            picture, made = self._cut(face, image)
            made = {"sha256": sha, "pixels": _pixels(picture), **made}
            if FLATTENED in image.info:
                made[FLATTENED] = True
            self._save(picture, path, {"asked": asked, **made})
        except (BadImage, OSError) as error:
            with suppress(OSError):
                path.unlink(missing_ok=True)  # of an earlier state of the source
            return Done(face.id, reason=str(error) or type(error).__name__)
        return Done(face.id, made=made, changed=changed)

    def _cut(self, face: Face, image: Image.Image) -> tuple[Image.Image, dict[str, Any]]:
        points, options = face.points, self.options
        if options.align == "detect":
            points = self._finder.find(image)
        quad = around_box(face.box) if face.box else quad_of(find_crop(options.crop), image.size, points)
        side = side_of(quad)
        if options.size and round(side) < options.size and not options.enlarge:
            raise BadImage(f"the face is {side:.0f} px, smaller than --size {options.size}")
        picture = cut(image, quad, options.size)
        made = {"side": round(side, 2), "outside": round(outside(image.size, quad), 3), "points": None}
        if points is not None:
            made["points"] = np.round(moved(points, quad, picture.width), 3).tolist()
        return picture, made

    def _asked(self, face: Face) -> str:
        points = None if face.points is None else face.points.tolist()
        settings = {k: v for k, v in vars(self.options).items() if k in ("crop", "size", "align", "enlarge")}
        asked = json.dumps([points, face.box, settings])  # no file names: any form of an archive gives the same bytes
        return hashlib.sha256(asked.encode()).hexdigest()

    def _save(self, picture: Image.Image, path: Path, told: dict[str, Any]) -> None:
        with disk_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        if not Path(os.path.realpath(path.parent)).is_relative_to(os.path.realpath(self.folder.parent)):
            raise UserError(f"{path.parent}: a link leads out of the dataset's folder")
        chunk = PngImagePlugin.PngInfo()
        chunk.add_text(CHUNK, json.dumps(told, ensure_ascii=True))
        with whole(path) as part:
            picture.save(part, "PNG", pnginfo=chunk)


def _is_changed(face: Face, data: bytes) -> bool:
    """Whether neither the file nor its pixels have an md5 that the data give for it."""
    if not face.md5 or hashlib.md5(data, usedforsecurity=False).hexdigest() in face.md5:
        return False
    pixels = np.asarray(decode(data)).tobytes()
    return hashlib.md5(pixels, usedforsecurity=False).hexdigest() not in face.md5


def _made_before(path: Path, asked: str, sha256: str) -> dict[str, Any] | None:
    """What is told in a picture that was made from the very same, if its pixels are still those that were written."""
    try:
        with Image.open(path, formats=["PNG"]) as image:
            told = json.loads(image.info.get(CHUNK, "{}"))
            wanted = {"asked": asked, "sha256": sha256, "pixels": _pixels(image)}
            if any(told[name] != value for name, value in wanted.items()):
                return None
    except (OSError, ValueError, LookupError, SyntaxError, TypeError):  # damaged or by somebody else
        return None
    told.pop("asked")
    return dict(told)


def _pixels(picture: Image.Image) -> str:
    return hashlib.sha256(f"{picture.mode} {picture.size}".encode() + picture.tobytes()).hexdigest()
