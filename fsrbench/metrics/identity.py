"""Identity: similarity of the face descriptors of SR and its HR, or the LR that it was made from."""

from __future__ import annotations

from typing import ClassVar, Final, Self

import numpy as np

from fsrbench.metrics.base import FeatureMetric
from fsrbench.metrics.evaluation import Evaluation, Faces
from fsrbench.metrics.extractors.base import Features
from fsrbench.metrics.face_descriptors import DESCRIPTORS, align, describe_descriptor
from fsrbench.metrics.facts import Facts
from fsrbench.tasks import Task

MOST_STRANGERS: Final = 20_000
"""Once this many pairs of strangers are averaged, no more are added."""
EUCLIDEAN: Final = (
    "; dlib's descriptor is made for Euclidean distances (one person: below 0.6), its cosine is that of the vectors as "
    "they are, and about 0.84 for strangers, 0.95 for one person"
)


def cosine(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Cosine of the angle between vectors, row by row: ``a.b / (|a| |b|)``.

    Args:
        a: N,D.
        b: N,D.

    Returns:
        N values from -1 to 1; 0 where a vector is 0.

    Example:
        >>> cosine(np.array([[1.0, 0], [1, 1]]), np.array([[0.0, 2], [3, 3]])).round(6)
        array([0., 1.])
    """
    unit_a, unit_b = (x / np.linalg.norm(x, axis=1, keepdims=True).clip(1e-12) for x in (a, b))
    cosines: np.ndarray = np.clip((unit_a * unit_b).sum(axis=1), -1, 1)
    return cosines


def strangers_cosine(descriptors: np.ndarray, people: list[str]) -> float:
    """Mean cosine of pictures of different people: the score of a face that kept nothing of its identity.

    Args:
        descriptors: N,D.
        people: the person on each of the N pictures.

    Returns:
        The mean over about :data:`MOST_STRANGERS` pairs, or all if there are fewer; NaN if all show one person.
    """
    count, number = len(descriptors), np.unique(people, return_inverse=True)[1]
    total, pairs = 0.0, 0
    for shift in range(1, count // 2 + 1):
        other = np.roll(np.arange(count), -shift)
        different = number != number[other]
        total += float(cosine(descriptors[different], descriptors[other[different]]).sum())
        pairs += int(different.sum())
        if pairs >= MOST_STRANGERS:
            break
    return total / pairs if pairs else float("nan")


class Identity(FeatureMetric):
    """Cosine similarity of the face descriptors of SR and HR (Deng et al., CVPR 2019, for ArcFace's).

    ``cos = s.h / (|s| |h|)`` of each image's two descriptors, mean over the images; from -1 to 1, higher is better. The
    angle ``arccos(cos)``, which papers call identity distance or Deg., is given in degrees as a detail, with no pair
    left out (VQFR's script leaves out those under one degree). Uses the first descriptor whose weights are available:
    dlib, FaceNet, ArcFace.

    Example:
        >>> sr, hr = np.array([[1.0, 0], [1, 1]]), np.array([[1.0, 0], [0, 1]])
        >>> found = Identity().evaluate(Faces(["a", "b"], [None] * 2, {"descriptor": sr}, {"descriptor": hr}), seed=0)
        >>> found.values.round(4), round(found.details["angle_degrees"], 1)
        (array([1.    , 0.7071]), 22.5)
    """

    name, title, digits = "identity", "Identity", 3
    bounds: ClassVar[tuple[float, float]] = (-1, 1)
    needs = frozenset({"hr"})
    descriptors: ClassVar[tuple[str, ...]] = tuple(DESCRIPTORS)

    def __init__(self) -> None:
        self.extractor = self.descriptors[0]
        self.protocol = self._protocol(self.extractor, "the HR")

    @property
    def scores_hr(self) -> bool:
        """Not HR against itself."""
        return False

    def configured(self, facts: Facts) -> Self:
        """With the descriptor that was asked for, or the first that is available."""
        aligned = align(self.descriptors, facts)
        protocol = self._protocol(aligned.descriptor, aligned.words, facts.task)
        return self.replace(extractor=aligned.extractor, by_lr=aligned.by_lr, protocol=protocol)

    def _protocol(self, extractor: str, aligned: str, task: Task | None = None) -> str:
        described = describe_descriptor(extractor, aligned, task.hr_size if task else 0)
        euclidean = EUCLIDEAN if extractor == "dlib" else ""
        return f"cosine similarity of SR_i and {self._pair(task)}, mean of the images; {described}{euclidean}"

    def _pair(self, task: Task | None) -> str:
        """What SR_i is compared with, for the protocol."""
        return "HR_i"

    def evaluate(self, faces: Faces, seed: int) -> Evaluation:
        """Cosine of each image; details have the mean angle, the lowest cosine and that of strangers."""
        other = self._other(faces)
        values = cosine(faces.features["descriptor"], other["descriptor"])
        strangers = strangers_cosine(other["descriptor"], faces.people)
        details = {"angle_degrees": float(np.degrees(np.arccos(values)).mean()), "lowest": float(values.min())}
        return Evaluation(values, details=details if np.isnan(strangers) else details | {"strangers": strangers})

    def _other(self, faces: Faces) -> Features:
        assert faces.hr is not None
        return faces.hr


class IdentityLr(Identity):
    """:class:`Identity` of SR and the LR input, enlarged to HR's size: for data without HR, as in NTIRE's challenges.

    A method that returns its input scores 1, so this is a check and not a quality to rank by. HR's landmarks align
    both pictures, or those of LR without HR. The run keeps the descriptors of the pictures that it keeps, for
    ``fsrbench drift``.

    Example:
        >>> sr, lr = {"descriptor": np.array([[1.0, 0]])}, {"descriptor": np.array([[1.0, 1]])}
        >>> IdentityLr().evaluate(Faces(["a"], [None], sr, None, lr=lr), seed=0).values.round(4)
        array([0.7071])
    """

    name, title = "identity_lr", "Identity, to LR"
    hr_is_ceiling = False
    needs = frozenset()
    uses_lr = True
    keeps_descriptors = True

    @property
    def scores_hr(self) -> bool:
        """HR too: how similar a real face is to its own LR."""
        return True

    @property
    def scores_lr(self) -> bool:
        """Not LR against itself."""
        return False

    def _pair(self, task: Task | None) -> str:
        return "LR_i" if task and task.is_restoration else "LR_i (enlarged to HR's side by Pillow BICUBIC)"

    def _other(self, faces: Faces) -> Features:
        assert faces.lr is not None
        return faces.lr
