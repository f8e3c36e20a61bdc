"""Where eyes and mouth are."""

from __future__ import annotations

import numpy as np
import pytest
from made.detectors import Detector

from fsrbench.datasets import open_dataset
from fsrbench.gallery import face_parts as face_parts_module
from fsrbench.gallery.face_parts import face_parts
from fsrbench.pictures.decode import decode
from fsrbench.pictures.grid import PART_ASPECT


def test_parts_are_where_eyes_and_mouth_are():
    samples = list(open_dataset("sample"))[:6]
    faces = np.stack([np.asarray(decode(sample.hr.read()).resize((64, 64))) for sample in samples if sample.hr])
    parts = face_parts(faces)
    assert len(parts) == 6
    for eyes, mouth in parts:
        assert all(0 <= number <= 1 for box in (eyes, mouth) for number in box)
        for left, top, right, bottom in (eyes, mouth):
            assert (right - left) / (bottom - top) == pytest.approx(PART_ASPECT, rel=0.01)
        middle = [(box[1] + box[3]) / 2 for box in (eyes, mouth)]
        assert 0.3 < middle[0] < 0.55 < middle[1] < 0.85


def test_a_part_at_the_border_is_moved_inside(monkeypatch):
    points = [(-3, 0), (40, 2), (20, 30), (30, 62), (62, 66)]
    monkeypatch.setattr(face_parts_module, "mtcnn", lambda: Detector(points))
    ((eyes, mouth),) = face_parts(np.zeros((1, 64, 64, 3), dtype=np.uint8))
    assert eyes[:2] == (0, 0)
    assert mouth[2:] == (1, 1)


def test_where_no_face_is_found_there_are_no_parts(monkeypatch):
    monkeypatch.setattr(face_parts_module, "mtcnn", Detector)
    assert face_parts(np.zeros((2, 64, 64, 3), dtype=np.uint8)) == []


def test_a_face_that_is_not_aligned_shows_its_eyes_and_mouth():
    """The same face elsewhere in a larger picture: its parts move with it."""
    sample = next(sample for sample in open_dataset("sample") if sample.hr)
    face = np.asarray(decode(sample.hr.read()).resize((64, 64)))
    page = np.full((160, 160, 3), 128, dtype=np.uint8)
    page[80:144, 10:74] = face
    ((eyes, mouth),) = face_parts(page[None])
    ((own_eyes, own_mouth),) = face_parts(face[None])
    for moved, own in ((eyes, own_eyes), (mouth, own_mouth)):
        middle = [((moved[k] + moved[k + 2]) / 2 * 160 - shift) for k, shift in ((0, 10), (1, 80))]
        assert middle == pytest.approx([(own[k] + own[k + 2]) / 2 * 64 for k in (0, 1)], abs=3)
