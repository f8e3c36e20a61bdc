"""How faces are aligned for a descriptor: what each choice reads and how protocols say it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fsrbench.errors import Invalid
from fsrbench.metrics import METRICS
from fsrbench.metrics.extractors.base import BY_LR, EXTRACTORS
from fsrbench.metrics.face_descriptors import DESCRIPTORS, align
from fsrbench.metrics.facts import Facts
from fsrbench.spec import Alignment
from fsrbench.tasks import TASKS

FACTS = Facts(TASKS["x4"], images=40, has_hr=True, has_pairs=True, descriptor="arcface")


@pytest.fixture(autouse=True)
def _available(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("dlib", "facenet", "arcface"):
        monkeypatch.setattr(EXTRACTORS.get(name), "check", lambda self: None)


@pytest.mark.parametrize(
    ("alignment", "has_hr", "extractor", "by_lr", "words"),
    [
        ("hr", True, "arcface", False, "the HR"),
        ("hr", False, "arcface", True, "the LR"),
        ("lr", True, "arcface", True, "the LR"),
        ("sr", True, "arcface", False, "the picture itself"),
        ("none", True, "arcface-whole", False, "none"),
        ("given", False, "arcface-given", False, "given"),
    ],
)
def test_alignments(alignment: Alignment, has_hr: bool, extractor: str, by_lr: bool, words: str) -> None:
    found = align(tuple(DESCRIPTORS), replace(FACTS, alignment=alignment, has_hr=has_hr))
    assert (found.extractor, found.by_lr, found.words) == (extractor, by_lr, words)


def test_a_descriptor_is_never_exchanged_for_one_that_can() -> None:
    with pytest.raises(Invalid, match="--alignment none is for --descriptor facenet or arcface, not for dlib"):
        align(tuple(DESCRIPTORS), replace(FACTS, alignment="none", descriptor="auto"))


@pytest.mark.parametrize("name", ["identification", "identification_open", "identity", "verification"])
@pytest.mark.parametrize(
    ("alignment", "words"),
    [
        ("hr", "dlib's 68 of the HR"),
        ("lr", "dlib's 68 of the LR"),
        ("sr", "dlib's 68 of the picture itself"),
        ("none", "the whole picture at 112 px, not aligned"),
        ("given", "aligned by five given points"),
    ],
)
def test_every_protocol_says_what_aligns_faces(name: str, alignment: Alignment, words: str) -> None:
    configured = METRICS.get(name)().configured(replace(FACTS, alignment=alignment))
    assert words in configured.protocol
    assert configured.feature_set.endswith(BY_LR) == (alignment == "lr")


def test_which_pictures_are_enrolled_is_in_the_protocol() -> None:
    identification = METRICS.get("identification")()
    assert "gallery not super-resolved (HR)" in identification.configured(FACTS).protocol
    assert "gallery SR" in identification.configured(replace(FACTS, sides="both")).protocol
    assert "else their LR enlarged" in identification.configured(replace(FACTS, has_hr=False)).protocol
