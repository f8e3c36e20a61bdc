"""The score and the identity gate of NTIRE's challenges on real-world face restoration (2025 and 2026)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import inf
from typing import ClassVar, Final, Self

import numpy as np

from fsrbench.errors import Invalid
from fsrbench.metrics.base import CombinedMetric, Direction
from fsrbench.metrics.evaluation import Evaluation, Faces, Summary
from fsrbench.metrics.face_descriptors import choose_descriptor
from fsrbench.metrics.facts import Facts
from fsrbench.metrics.identity import IdentityLr, cosine
from fsrbench.tasks import Task

PARTS: Final = ("clipiqa", "maniqa", "musiq", "niqe", "qalign", "fid")
"""What the score is made of; FID is one number for all images, the others one per image."""
ALIGNED: Final = {
    "adaface-by-file": "the five points that the file face_points lists",
    "adaface": "five of dlib's 68 points of {aligned} (the challenge's list of points, face_points, is not given)",
}
"""The extractors in order of preference, and by which points each aligns."""


def score(clipiqa: float, maniqa: float, musiq: float, niqe: float, qalign: float, fid: float) -> float:
    """``CLIPIQA + MANIQA + MUSIQ/100 + max(0, (10 - NIQE)/10) + QALIGN/5 + max(0, (100 - FID)/100)``.

    Example:
        >>> score(clipiqa=0.75, maniqa=0.5, musiq=75, niqe=5, qalign=2.5, fid=50)
        3.5
    """
    return clipiqa + maniqa + musiq / 100 + max(0.0, (10 - niqe) / 10) + qalign / 5 + max(0.0, (100 - fid) / 100)


def subsets_of(ids: Sequence[str], known: Iterable[str]) -> list[str]:
    """The subset of each image: the first folder of its id.

    Raises:
        Invalid: an image is in no known subset.

    Example:
        >>> subsets_of(["CelebA/1", "LFW-Test/1"], ["CelebA", "LFW-Test"])
        ['CelebA', 'LFW-Test']
    """
    names = list(known)
    of = [image.partition("/")[0] if "/" in image else "" for image in ids]
    if other := next((image for image, name in zip(ids, of, strict=True) if name not in names), None):
        raise Invalid(
            f"the first folder of an id names its subset: {', '.join(names)}; {other[:80]} is in none of them: put the "
            f"inputs into LR/{names[0]}/ and so on, and the outputs likewise"
        )
    return of


def subset_means(ids: Sequence[str], values: np.ndarray, images: Mapping[str, int]) -> dict[str, float]:
    """The mean of each subset's values that are not NaN.

    Raises:
        Invalid: a subset has no image, or an image is in no subset.
    """
    of = np.array(subsets_of(ids, images))
    if missing := [name for name in images if not (of == name).any()]:
        raise Invalid(f"no image of {', '.join(missing)}: the mean is over the subsets {', '.join(images)}")
    return {name: float(np.nanmean(values[of == name])) for name in images}


def weighted(means: Mapping[str, float], images: Mapping[str, int]) -> float:
    """The mean of the subsets' means, weighted by the number of images of each whole subset."""
    return sum(means[name] * count for name, count in images.items()) / sum(images.values())


class NtireScore(CombinedMetric):
    """The challenges' score: :func:`score` of the parts, each the mean of its subsets' means weighted by their size.

    From 0 to about 6, higher is better. It contains no comparison with HR, and is what entries are optimised for.

    Args:
        parts: for each of :data:`PARTS`, the metric of the run that measures it.
        subsets: number of images of each whole subset.
    """

    name, title, digits = "ntire_score", "Score", 4

    def __init__(self, parts: Mapping[str, str], subsets: Mapping[str, int]) -> None:
        self.parts, self._named, self._subsets = tuple(parts.values()), dict(parts), dict(subsets)
        counted = ", ".join(f"{name} {count}" for name, count in subsets.items())
        self.protocol = (
            "CLIPIQA + MANIQA + MUSIQ/100 + max(0, (10 - NIQE)/10) + QALIGN/5 + max(0, (100 - FID)/100), each but FID "
            f"the mean of the subsets' means, counted by {counted}; FID once of all images"
        )

    def combine(self, ids: Sequence[str], parts: Mapping[str, Evaluation]) -> Evaluation:
        """One number for the set, without an interval; details have the parts as they enter it."""
        found: dict[str, float] = {}
        for part, name in self._named.items():
            values, summary = parts[name].values, parts[name].summary
            if values is not None:
                found[part] = weighted(subset_means(ids, values, self._subsets), self._subsets)
            else:
                found[part] = summary.value if summary else float("nan")
        total = sum(self._subsets.values())
        note = "" if len(ids) == total else f"{len(ids)} images; the challenge's test has {total}"
        return Evaluation(None, Summary(score(**found), n=len(ids)), note, found)


class NtireIdentity(IdentityLr):
    """Cosine of AdaFace's descriptors of SR and its LR input, mean of the images, as the challenges' gate compares.

    A method that returns its input scores 1.
    """

    name, title = "ntire_identity", "ID similarity"
    descriptors = tuple(ALIGNED)

    def configured(self, facts: Facts) -> Self:
        """Aligned by the challenge's points if they are given, else by landmarks."""
        extractor = choose_descriptor(self.descriptors, "auto")
        by_lr = extractor == "adaface" and not facts.has_hr and facts.alignment != "sr"
        aligned = "the picture itself" if facts.alignment == "sr" else "the HR" if facts.has_hr else "the LR"
        protocol = self._protocol(extractor, aligned, facts.task)
        return self.replace(extractor=extractor, by_lr=by_lr, protocol=protocol)

    def _protocol(self, extractor: str, aligned: str, task: Task | None = None) -> str:
        return (
            "cosine of SR_i and its LR input, not HR, mean of the images; AdaFace IR-50 (the ONNX file adaface) on "
            f"112 px chips, B, G, R in [-1, 1], aligned by {ALIGNED[extractor].format(aligned=aligned)}"
        )


class NtireGate(NtireIdentity):
    """Number of faces whose cosine with their LR input is below their subset's threshold; lower is better.

    The challenges refuse an entry with more than ten such faces in their whole test, so a part of the test can fail
    but not pass; their script only counts them.

    Args:
        thresholds: the least cosine by subset.
        most: faces below the threshold that are allowed.
        subsets: number of images of each whole subset.
    """

    name, title, unit, digits = "ntire_gate", "ID too low", "faces", 0
    direction: Direction = "lower"
    bounds: ClassVar[tuple[float, float]] = (0, inf)
    number = "set"

    def __init__(self, thresholds: Mapping[str, float], most: int, subsets: Mapping[str, int]) -> None:
        self._thresholds, self._most, self._total = dict(thresholds), most, sum(subsets.values())
        super().__init__()

    def _protocol(self, extractor: str, aligned: str, task: Task | None = None) -> str:
        limits = ", ".join(f"{name} {limit:g}" for name, limit in self._thresholds.items())
        return (
            f"number of faces below their subset's threshold ({limits}): {super()._protocol(extractor, aligned, task)}"
        )

    def evaluate(self, faces: Faces, seed: int) -> Evaluation:
        """One number for the set; details have that of each subset with images."""
        assert faces.lr is not None
        values = cosine(faces.features["descriptor"], faces.lr["descriptor"])
        of = np.array(subsets_of(faces.ids, self._thresholds))
        below = values < np.array([self._thresholds[name] for name in of])
        each = {name: int(below[of == name].sum()) for name in self._thresholds if (of == name).any()}
        counts = ", ".join(f"{name} {count} of {(of == name).sum()}" for name, count in each.items())
        note = f"below the threshold: {counts}; {self._verdict(int(below.sum()), len(of))}"
        details = {name: float(count) for name, count in each.items()}
        return Evaluation(None, Summary(float(below.sum()), n=len(of)), note, details)

    def _verdict(self, below: int, images: int) -> str:
        if below > self._most:
            return f"refused by the rule of at most {self._most}"
        if images == self._total:
            return f"passes by the rule of at most {self._most}"
        return f"no verdict: the rule of at most {self._most} is for the test's {self._total} images, not for {images}"
