"""The faces in a photo of any size, by MTCNN."""

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

SEEN: Final = 24
"""Side in pixels of the smallest frames in which MTCNN finds nearly every face: 97 % of sharp ones, 41 % at 16 px."""
TILE: Final = 2048
"""Pixels that are looked at at once, without their margin; memory does not grow with the photo."""
MARGIN: Final = 160
"""Around a tile, so that a face in its middle or at its border is seen whole; larger faces are found in the photo
reduced to one tile."""
APART: Final = 0.3
"""Least distance of two faces' centres, by the larger one's side: nearer, one lies inside the other's oval."""

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Face:
    """A face that was found."""

    frame: Frame
    confidence: float


def enlargement(smallest: float) -> float:
    """How much a photo is enlarged so that MTCNN finds faces of ``smallest`` pixels."""
    return SEEN / smallest


def find_faces(photo: Image.Image, smallest: float, reporter: Reporter) -> list[Face]:
    """All faces whose frame has at least about ``smallest`` pixels, the surest first."""
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
    """Whether a frame's centre lies in a box; each face is in one tile alone, also if it is just out of the photo."""
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
    """Of faces that lie inside each other the surest; in an order that nothing but the photo decides."""
    kept: list[Face] = []
    for face in sorted(faces, key=lambda f: (-f.confidence, f.frame.centre.imag, f.frame.centre.real)):
        frame = face.frame
        apart = (abs(frame.centre - k.frame.centre) / max(frame.side, k.frame.side) for k in kept)
        if all(distance > APART for distance in apart):
            kept.append(face)
    return kept
