"""What importers return: the faces of an archive, and how each is cut and named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import numpy as np

from fsrbench.datasets.base import Fit
from fsrbench.datasets.storage import Files
from fsrbench.errors import UserError

Split = Literal["train", "val", "test", "all"]
SPLITS: Final[tuple[Split, ...]] = ("train", "val", "test", "all")
FIVE: Final = ("le", "re", "nose", "ml", "mr")
"""Five landmarks: eye on the left and right of the picture, nose, mouth corners on the left and right."""


@dataclass(frozen=True)
class Options:
    """The user's choices."""

    crop: str
    split: Split
    size: int | None = 128
    """Side of the HR pictures; ``None`` leaves the pixels as they are."""
    align: Literal["given", "detect"] = "given"
    """Use the landmarks of the data, or MTCNN's."""
    enlarge: bool = False
    """Use faces smaller than ``size``, enlarged."""
    landmarks: Path | None = None
    in_the_wild: bool = False
    min_face: float = 10
    max_face: float = 50
    max_blur: int = 2
    max_occlusion: int = 1
    max_pose: int = 0
    fit: Fit = "pad"
    """How a run makes pictures of an identification set square."""
    distractors: int | None = None
    """Maximum number of distractors, the first in sorted order; all by default."""


@dataclass(frozen=True)
class Face:
    """One face of an archive."""

    id: str
    """Path below ``HR/`` or ``LR/`` without suffix; its folder is the identity."""
    source: int
    """Index of the collection's source with the picture."""
    name: str
    """The picture's name in the source."""
    points: np.ndarray | None = field(default=None, compare=False)
    """5,2 or 68,2 landmarks x, y in pixels of the picture, pixel centres at whole numbers."""
    box: tuple[float, float, float, float] | None = None
    """Left, top, width and height of the face in pixels, for crops around a box."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """Further columns of ``sources.csv``: licence, author, flags."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """The data's labels of the face, by column of ``groups.csv``."""
    md5: tuple[str, ...] = ()
    """Published md5 of the file and of its pixels, if the data has them."""
    side: Literal["HR", "LR", ""] = ""
    """Where it is written; empty for its kind's side."""


@dataclass
class Collection:
    """The faces that an importer found."""

    sources: tuple[Files, ...]
    faces: list[Face] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)
    """Name and reason of missing or unusable pictures."""
    copies: dict[str, bytes] = field(default_factory=dict)
    """Files that are copied unchanged, by name."""
    notes: list[str] = field(default_factory=list)

    def leave_out(self, name: str, reason: str) -> None:
        """Record an unused picture."""
        self.left_out.append((name, reason))


def refuse_split(title: str, split: Split, known: tuple[Split, ...]) -> None:
    """Raise unless a dataset has this split.

    Raises:
        UserError: it does not.
    """
    if split not in known:
        raise UserError(f"{title} has no {split} split here; --split {' or '.join(known)}")
