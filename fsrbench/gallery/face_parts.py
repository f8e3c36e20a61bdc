"""Locate eyes and mouth to show them enlarged: errors of super-resolution are most visible there."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from fsrbench.errors import FsrbenchError
from fsrbench.faces.mtcnn import MTCNN_SIDE, mtcnn
from fsrbench.machine.devices import one_thread
from fsrbench.pictures.grid import PART_ASPECT, Box

MIN_CONFIDENCE: Final = 0.9
EYES: Final = slice(0, 2)
MOUTH: Final = slice(3, 5)
"""Indices of MTCNN's five points: pupils, tip of the nose, corners of the mouth."""
EYES_WIDTH: Final = 2.1
MOUTH_WIDTH: Final = 1.7
"""Width of a part relative to the distance of its two points."""


def face_parts(pictures: np.ndarray) -> list[list[Box]]:
    """Eyes and mouth of each face, detected by MTCNN anywhere in its picture.

    Args:
        pictures: uint8 N,H,W,3, one face each; HR where available.

    Returns:
        Two boxes per picture, all of the same shape, or none if no face is found in it; an empty list if none is
        found in any or MTCNN is not installed.
    """
    if min(pictures.shape[1:3]) < MTCNN_SIDE:
        return []
    try:
        detector = mtcnn()
    except FsrbenchError:
        return []
    with one_thread():  # on such small pictures several threads take many times as long
        parts = [_parts(detector, picture) for picture in pictures]
    return parts if any(parts) else []


def _parts(detector: Any, picture: np.ndarray) -> list[Box]:
    _, confidences, points = detector.detect(picture, landmarks=True)
    sure = [k for k, c in enumerate(confidences) if c is not None and c >= MIN_CONFIDENCE]
    if points is None or not sure:
        return []
    best = np.asarray(points[max(sure, key=lambda k: float(confidences[k]))], dtype=np.float64) + 0.5
    height, width = picture.shape[:2]
    return [
        _box(best[EYES], EYES_WIDTH, width, height),
        _box(best[MOUTH], MOUTH_WIDTH, width, height),
    ]


def _box(ends: np.ndarray, room: float, width: int, height: int) -> Box:
    """A box around two points, moved into the picture, as fractions of its sides."""
    box_width = min(room * float(np.linalg.norm(ends[1] - ends[0])), width, height * PART_ASPECT)
    box_height = box_width / PART_ASPECT
    left, top = ends.mean(axis=0) - (box_width / 2, box_height / 2)
    left, top = float(np.clip(left, 0, width - box_width)), float(np.clip(top, 0, height - box_height))
    return left / width, top / height, (left + box_width) / width, (top + box_height) / height
