"""The faces in a photo: all of them, where they are, each once."""

from __future__ import annotations

import io

import numpy as np
import pytest
from made.photo import background, crowd, frame_at
from PIL import Image
from rich.console import Console

from fsrbench.machine.console import Reporter
from fsrbench.photo import detection
from fsrbench.photo.detection import Face, find_faces
from fsrbench.photo.framing import Frame

PLACES = [frame_at(50, 60, 16), frame_at(230, 60, 22, 15), frame_at(140, 60, 24), frame_at(70, 150, 60, -10)]
QUIET = Reporter(Console(file=io.StringIO()))


def matched(faces: list[Face], truth: list[Frame]) -> list[Face]:
    """The face at each place; all are found and nothing else is."""
    assert len(faces) == len(truth)
    return [min(faces, key=lambda face: abs(face.frame.centre - place.centre)) for place in truth]


def check(faces: list[Face], truth: list[Frame]) -> None:
    for face, place in zip(matched(faces, truth), truth, strict=True):
        assert abs(face.frame.centre - place.centre) < 0.08 * place.side
        assert face.frame.side == pytest.approx(place.side, rel=0.15)
        assert abs(np.rad2deg(np.angle(face.frame.half / place.half))) < 10
        assert 0.9 <= face.confidence <= 1


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    return crowd((280, 200), PLACES)


def test_small_large_and_turned_faces_are_found_where_they_are(photo: Image.Image) -> None:
    check(find_faces(photo, 12, QUIET), PLACES)


def test_larger_least_size_finds_the_larger_faces(photo: Image.Image) -> None:
    check(find_faces(photo, 40, QUIET), PLACES[3:])


def test_tiles_find_each_face_once(photo: Image.Image, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detection, "TILE", 150)  # borders between and through faces
    monkeypatch.setattr(detection, "MARGIN", 60)
    check(find_faces(photo, 12, QUIET), PLACES)


def test_face_larger_than_a_tile_is_found_in_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detection, "TILE", 100)
    monkeypatch.setattr(detection, "MARGIN", 10)
    places = [frame_at(100, 90, 128)]
    faces = find_faces(crowd((200, 180), places), 12, QUIET)
    check([max(faces, key=lambda face: face.frame.side)], places)


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (9, 9), (40, 30)], ids=str)
def test_photo_without_faces_has_none_however_small(size: tuple[int, int]) -> None:
    assert find_faces(background(size), 12, QUIET) == []


def test_the_surest_of_overlapping_faces_stays() -> None:
    faces = [Face(frame_at(x, 50, side), sure) for x, side, sure in [(50, 40, 0.95), (56, 20, 0.99), (80, 40, 0.91)]]
    for order in (faces, faces[::-1]):
        assert detection._distinct(order) == [faces[1], faces[2]]
