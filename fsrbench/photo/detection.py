"""Detect the faces in a photo of any size with MTCNN."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from PIL import Image

from fsrbench.faces.mtcnn import MTCNN_SIDE, mtcnn
from fsrbench.machine.console import Reporter
from fsrbench.metrics.detection import CONFIDENCE
from fsrbench.photo.framing import Frame, frame_of

RELIABLE_SIDE: Final = 24
"""Side in pixels of the smallest faces that MTCNN detects reliably: 97 % of sharp ones, but 41 % at 16 px."""
TILE: Final = 2048
"""Side in pixels of a tile without its margin; memory does not grow with the photo."""
MARGIN: Final = 160
"""Pixels around a tile, so that faces at its border are seen whole; larger faces are found in the photo reduced to
one tile."""
MIN_DISTANCE: Final = 0.3
"""Least distance of two faces' centres, relative to the larger one's side; nearer ones are the same face."""

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Face:
    """A detected face."""

    frame: Frame
    confidence: float


def enlargement(smallest: float) -> float:
    """Factor by which a photo is enlarged so that MTCNN finds faces of ``smallest`` pixels."""
    return RELIABLE_SIDE / smallest


def find_faces(photo: Image.Image, smallest: float, reporter: Reporter) -> list[Face]:
    """All faces with sides of at least about ``smallest`` pixels, the most confident first."""
    factor = enlargement(smallest)
    width, height = (max(1, round(side * factor)) for side in photo.size)
    tiles = list(_tiles(width, height))
    detector = mtcnn()
    found: list[Face] = []
    for core in reporter.track(tiles, len(tiles), "looking for faces"):
        window = _around(core, width, height)
        found += [face for face in _detect(detector, photo, window, factor) if _holds(core, face.frame.scaled(factor))]
    if len(tiles) > 1:
        least = TILE / max(photo.size)
        whole = (0, 0, max(1, round(photo.width * least)), max(1, round(photo.height * least)))
        found += _detect(detector, photo, whole, least)
    return _distinct(found)


def _tiles(width: int, height: int) -> Iterator[Box]:
    for top in range(0, height, TILE):
        for left in range(0, width, TILE):
            yield left, top, min(left + TILE, width), min(top + TILE, height)


def _around(core: Box, width: int, height: int) -> Box:
    left, top, right, bottom = core
    return max(0, left - MARGIN), max(0, top - MARGIN), min(width, right + MARGIN), min(height, bottom + MARGIN)


def _holds(box: Box, frame: Frame) -> bool:
    """Whether a frame's centre lies in a box; each centre lies in one tile only, even if it is outside the photo."""
    left, top, right, bottom = box
    x, y = frame.centre.real, frame.centre.imag
    return (left <= x or left == 0) and x < right and (top <= y or top == 0) and y < bottom


def _detect(detector: Any, photo: Image.Image, window: Box, factor: float) -> list[Face]:
    """Faces in a window of the photo enlarged or reduced by a factor."""
    left, top, right, bottom = window
    size = (right - left, bottom - top)
    if min(size) < MTCNN_SIDE:
        return []
    area = [min(edge / factor, end) for edge, end in zip(window, photo.size * 2, strict=True)]
    picture = photo.resize(size, Image.Resampling.BICUBIC, box=tuple(area))  # type: ignore[arg-type]
    _, confidences, points = detector.detect(np.asarray(picture), landmarks=True)
    if points is None:
        return []
    corner = np.array([left, top])
    frames = [frame_of(five) for five in (np.asarray(points, dtype=np.float64) + corner) / factor]
    return [
        Face(frame, float(confidence))
        for frame, confidence in zip(frames, confidences, strict=True)
        if confidence >= CONFIDENCE and frame.side > 0
    ]


def _distinct(faces: list[Face]) -> list[Face]:
    """The most confident of overlapping faces; the order depends only on the photo."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda f: (-f.confidence, f.frame.centre.imag, f.frame.centre.real)):
        frame = face.frame
        distances = (abs(frame.centre - k.frame.centre) / max(frame.side, k.frame.side) for k in kept)
        if all(distance > MIN_DISTANCE for distance in distances):
            kept.append(face)
    return kept
