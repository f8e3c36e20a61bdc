"""Training faces: decode, find landmarks, and drop what the model cannot use."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fsrbench.faces.points import five_points
from tools.sample import check
from tools.sample.appearance import SIZE

CORNER = 10
"""Side in pixels of the corner squares that are checked for black wedges."""


@dataclass
class Faces:
    """Pictures with their landmarks and identities."""

    pictures: NDArray[np.uint8]
    landmarks: NDArray[np.float32]
    people: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.pictures)

    def chosen(self, keep: NDArray[np.bool_]) -> Faces:
        """The faces that ``keep`` marks."""
        return Faces(self.pictures[keep], self.landmarks[keep], self.people[keep])


def load_faces(path: Path) -> Faces:
    """All faces of a zip of ``<identity>/<file>`` pictures of 128 px, landmarked with dlib."""
    names, pictures = check.load_pictures(path)
    dlib = check.Dlib()
    landmarks = np.stack([dlib.landmarks(picture) for picture in pictures])
    people = np.unique([name.split("/")[-2] for name in names], return_inverse=True)[1]
    return Faces(np.stack(pictures), landmarks, people)


def black_corner(pictures: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Pictures with a black corner: most are wedges left by rotating the photograph."""
    dark = pictures.max(-1) < 8
    ends = (slice(0, CORNER), slice(-CORNER, None))
    shares = [dark[:, rows, columns].mean((1, 2)) for rows in ends for columns in ends]
    return np.max(shares, 0) >= 0.9


def usable(faces: Faces, spread: float = 3.0) -> NDArray[np.bool_]:
    """Faces seen nearly from the front, without black corners, whose landmarks look like those of the others.

    Args:
        faces: candidates.
        spread: how many robust standard deviations any of five key points may lie from its median place.
    """
    marks = faces.landmarks
    keys = five_points(marks)
    off = np.abs(keys - np.median(keys, 0))
    regular = (off <= spread * 1.48 * np.median(off, 0) + 1).all((1, 2))
    turn = np.abs(marks[:, 30, 0] - (marks[:, 36, 0] + marks[:, 45, 0]) / 2)
    inside = (marks.min((1, 2)) > -12) & (marks.max((1, 2)) < SIZE + 11)
    return regular & inside & (turn < 13) & ~black_corner(faces.pictures)
