"""``images:DIR``: SR pictures made elsewhere, matched to the data by name."""

from __future__ import annotations

import difflib
from bisect import bisect
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from fsrbench.checks.finding import Finding
from fsrbench.datasets import Picture, open_outputs
from fsrbench.datasets.base import dataset_hash
from fsrbench.datasets.layout import image_id
from fsrbench.errors import FsrbenchError, Invalid, Unavailable, UserError, counted
from fsrbench.methods.base import Method
from fsrbench.pictures.decode import decode, to_tensor
from fsrbench.tasks import Task

JPEG: Final = (".jpg", ".jpeg", ".jpe", ".jfif")
NEAR: Final = 20
"""A missing name is compared with this many names before and after it, in sorted order."""


class GivenImages(Method):
    """SR pictures of a folder or zip, paired with the data by relative path without suffix; nothing is timed.

    An image whose picture is missing, or has another size than the task's HR, counts as failed.
    """

    training = "unknown: pictures made elsewhere"
    settings = ""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self, task: Task, device: torch.device) -> None:
        """List the pictures."""
        try:
            found = open_outputs(self.path)
        except UserError as error:
            raise Unavailable(str(error)) from None
        self._pictures: dict[str, Picture] = {s.id: s.hr for s in found if s.hr}
        self._whole = {image_id(picture.name): image for image, picture in self._pictures.items()}
        self.warnings = found.warnings
        self._names = sorted(self._pictures)
        self._hash, self._side = dataset_hash(found), task.hr_size

    @property
    def description(self) -> str:
        """How many pictures there are, and of which folder or zip."""
        return f"{len(self._pictures)} pictures of {self.path.name}, made elsewhere"

    def fingerprint(self) -> str:
        """Hash of the pictures."""
        return self._hash[:16]

    def files(self) -> list[Path]:
        """The folder or zip."""
        return [self.path]

    def _held(self) -> dict[str, Any]:
        """Nothing: the pictures determine everything."""
        return {}

    def upscale(self, lr: Tensor) -> Tensor:
        """Always raise: nothing can be timed."""
        raise Invalid("pictures made elsewhere: there is nothing to time or to count")

    def upscale_named(self, lr: Tensor, ids: Sequence[str]) -> Tensor:
        """The pictures of these images."""
        return to_tensor(np.stack([self._read(image) for image in ids])).to(lr.device)

    def _find(self, image: str) -> str | None:
        """The name of an image's picture, which may lack the folder around all pictures that the image's id has."""
        return image if image in self._pictures else self._whole.get(image)

    def _read(self, image: str) -> np.ndarray:
        name = self._find(image)
        if name is None:
            raise FsrbenchError(f"no picture of it; the nearest name is {self._nearest(image)[:80]!r}")
        picture = decode(self._pictures[name].read())
        if picture.size != (self._side, self._side):
            raise FsrbenchError(f"is {picture.width} x {picture.height} px, not {self._side} x {self._side}")
        return np.asarray(picture)

    def check_names(self, images: Sequence[str], limited: bool) -> None:
        """Raise if none of the pictures has an image's name.

        Args:
            images: ids of the images of the run.
            limited: whether the data has more images, whose pictures these may be.

        Raises:
            FsrbenchError: with a name that is expected, and one that exists.
        """
        if images and not any(map(self._find, images)):
            expected, first = f"{images[0][:80]}.png", self._pictures[self._names[0]].name[-80:]
            taken = f" of the {len(images)} that --limit takes" if limited else ""
            raise FsrbenchError(f"no file is named after an image{taken}; expected e.g. {expected}, not {first}")

    def findings(self, images: Sequence[str], all_of_them: bool) -> list[Finding]:
        """What is wrong with the files: JPEG, and names of no image.

        Args:
            images: ids of the data.
            all_of_them: whether these are all, so that any other picture is superfluous.
        """
        found_names = [name for image in images if (name := self._find(image)) is not None]
        used = [self._pictures[name].name for name in found_names]
        lossy = [name for name in used if name.lower().endswith(JPEG)]
        found = []
        if lossy:
            text = f"{len(lossy)} of {counted(len(used), 'SR picture')} are JPEG files, e.g. {lossy[0][-80:]}: save PNG"
            found.append(Finding("jpeg", text, float(len(lossy)), 0.0, len(lossy), len(used)))
        extra = sorted(self._pictures.keys() - set(found_names)) if all_of_them else []
        if extra:
            known = len(self._pictures)
            text = (
                f"{len(extra)} of {counted(known, 'SR picture')} are not named after an image, e.g. {extra[0][:80]}: "
                "rename or remove them"
            )
            found.append(Finding("names", text, float(len(extra)), 0.0, len(extra), known))
        return found

    def _nearest(self, image: str) -> str:
        """The most similar of the nearest names in sorted order; all would be slow, as every image may be missing."""
        at = bisect(self._names, image)
        return difflib.get_close_matches(image, self._names[max(0, at - NEAR) : at + NEAR], n=1, cutoff=0)[0]
