"""Choose the face descriptor that a metric compares, and describe it for the protocol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fsrbench import weights
from fsrbench.errors import Invalid, Unavailable
from fsrbench.metrics.extractors.base import EXTRACTORS, LARGE
from fsrbench.metrics.facts import Facts
from fsrbench.metrics.judge_input import JudgeInput

DESCRIPTORS: Final = {
    "dlib": "dlib 128-d descriptor, {size}, aligned (150 px chip) by dlib's 68 points of {aligned} in MTCNN's box",
    "facenet": "FaceNet (VGGFace2) 512-d embedding at 160 px, cut to MTCNN's box of {aligned}",
    "arcface": "ArcFace-style network of the ONNX file {file}, 112 px chip aligned by five points of dlib's 68 of "
    "{aligned}{reduced}, {fed}, picture and mirror image added, unit length",
}
"""The descriptors in order of preference, and how protocols describe them."""
_UNALIGNED: Final = {
    ("facenet", "none"): "FaceNet (VGGFace2) 512-d embedding of the whole picture at 160 px, not aligned",
    ("arcface", "none"): "ArcFace-style network of the ONNX file {file}, the whole picture at 112 px, not aligned, "
    "{fed}, picture and mirror image added, unit length",
    ("arcface", "given"): "ArcFace-style network of the ONNX file {file}, 112 px chip aligned by five given points"
    "{reduced}, {fed}, picture and mirror image added, unit length",
}
"""The same for faces that no detector aligns, by descriptor and alignment."""
BY_OTHERS: Final = {
    "none": {"facenet": "facenet-whole", "arcface": "arcface-whole"},
    "given": {"arcface": "arcface-given"},
}
"""The extractors for alignments without a detector, by alignment and descriptor."""


@dataclass(frozen=True)
class Aligned:
    """A descriptor, and how faces are aligned for it in a run."""

    descriptor: str
    """One of :data:`DESCRIPTORS`."""
    extractor: str
    """The feature extractor that computes it with this alignment."""
    by_lr: bool
    """Whether the LR image's landmarks align the faces."""
    words: str
    """Whose landmarks align them, for :func:`describe_descriptor`."""


def align(names: Sequence[str], facts: Facts, by_lr: bool = True) -> Aligned:
    """The descriptor that the run asks for, or the first that is available, with the run's alignment.

    Args:
        names: those that the metric may use.
        facts: of the run: its descriptor and alignment.
        by_lr: without HR, align by the landmarks of LR and not by each picture's own.

    Raises:
        Unavailable: none of them can be used here.
        Invalid: the descriptor does not support the run's alignment.
    """
    alignment, chosen = facts.alignment, choose_descriptor(names, facts.descriptor)
    if alignment in BY_OTHERS:
        others = BY_OTHERS[alignment]
        if chosen not in others:
            raise Invalid(f"--alignment {alignment} is for --descriptor {' or '.join(others)}, not for {chosen}")
        return Aligned(chosen, others[chosen], False, alignment)
    of_lr = alignment == "lr" or (alignment == "hr" and by_lr and not facts.has_hr)
    words = "the LR" if of_lr else "the HR" if alignment == "hr" else "the picture itself"
    return Aligned(chosen, chosen, of_lr, words)


def size_for_dlib(side: int) -> str:
    """What is done to a picture of ``side`` px before dlib sees it, for a protocol."""
    if side < LARGE:
        return f"pictures enlarged to {LARGE} px by Pillow BICUBIC"
    return f"pictures as they are (enlarged only below {LARGE} px)"


def describe_descriptor(extractor: str, aligned: str, side: int) -> str:
    """The network, its input and the alignment, for a protocol.

    Args:
        extractor: one of :data:`DESCRIPTORS`.
        aligned: whose landmarks align the face, e.g. ``the HR``; ``none`` or ``given`` without a detector.
        side: of the pictures in pixels.
    """
    file, fed = _judge(extractor)
    reduced = "" if side < LARGE else ", from the picture reduced to its scale (antialiased)"
    size = size_for_dlib(side)
    described = _UNALIGNED.get((extractor, aligned), DESCRIPTORS[extractor])
    return described.format(aligned=aligned, file=file, fed=fed, size=size, reduced=reduced)


def choose_descriptor(names: Sequence[str], asked: str) -> str:
    """The descriptor that the run asks for, or the first that is available.

    Args:
        names: those that the metric may use; if there is only one, the run's choice is ignored.
        asked: ``auto``, or the run's choice.

    Raises:
        Unavailable: none of them can be used here.
    """
    return _first_available((asked,) if asked != "auto" and len(names) > 1 else names)


def _judge(extractor: str) -> tuple[str, str]:
    """Name of the ONNX file and its network's input, as far as they are known."""
    if extractor != "arcface" or not weights.is_available("arcface"):
        return "arcface", "in the range and order that the file declares, else that of ArcFace or found by trying"
    network_input = getattr(EXTRACTORS.get("arcface")(), "network_input", JudgeInput())
    return weights.find("arcface").name, str(network_input)


def _first_available(names: Sequence[str]) -> str:
    reasons = []
    for name in names:
        try:
            EXTRACTORS.get(name)().check()
        except Unavailable as error:
            reasons.append(str(error))
            continue
        return name
    raise Unavailable("; ".join(dict.fromkeys(reasons)))
