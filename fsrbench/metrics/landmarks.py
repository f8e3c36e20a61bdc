"""Facial landmarks: are eyes, nose and mouth where they are in the HR image?"""

from __future__ import annotations

from abc import abstractmethod
from math import inf
from typing import Self

import numpy as np

from fsrbench.metrics.base import Direction, FeatureMetric
from fsrbench.metrics.evaluation import Evaluation, Faces
from fsrbench.metrics.extractors.base import LARGE
from fsrbench.metrics.face_descriptors import size_for_dlib
from fsrbench.metrics.facts import Facts

FAILURE = 0.1
"""Error above which landmarks count as lost, as in 300-W (Sagonas et al., ICCVW 2013)."""


def distances(landmarks: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Mean distance of each face's landmarks from the true ones.

    Args:
        landmarks: N,P,2.
        truth: N,P,2, in the same unit.

    Returns:
        N, in that unit.

    Example:
        >>> distances(np.array([[[3.0, 4], [0, 1]]]), np.zeros((1, 2, 2)))
        array([3.])
    """
    mean: np.ndarray = np.linalg.norm(landmarks - truth, axis=2).mean(axis=1)
    return mean


def nme(landmarks: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Normalised mean error of each face: mean distance over the distance of the outer eye corners (300-W).

    Args:
        landmarks: N,68,2.
        truth: N,68,2, in the same unit.

    Returns:
        N fractions.
    """
    eyes = np.linalg.norm(truth[:, 36] - truth[:, 45], axis=1)
    normalised: np.ndarray = distances(landmarks, truth) / eyes
    return normalised


class LandmarkNme(FeatureMetric):
    """Normalised mean error of landmarks (Sagonas et al., ICCVW 2013), SR's against HR's, both by the reference FAN.

    The mean distance of 68 landmarks over the distance of HR's outer eye corners: a fraction, not negative, lower is
    better. ``failure_rate`` is the share of faces with more than 0.1.

    Example:
        >>> hr = np.zeros((1, 68, 2))
        >>> hr[0, 45, 0] = 30  # px between the outer corners of the eyes
        >>> faces = Faces(["a"], [None], {"landmarks": hr + [3, 0]}, {"landmarks": hr})
        >>> LandmarkNme().evaluate(faces, seed=0).values
        array([0.1])
    """

    name, title, unit, digits, bounds = "landmark_nme", "Landmark error", "fraction", 2, (0, inf)
    direction: Direction = "lower"
    needs = frozenset({"hr"})
    extractor = "fan"
    protocol = (
        "68 landmarks of SR against those of HR, both by the reference model's FAN at 64 px (which its training also "
        "uses; landmark_nme_dlib is the second opinion); mean distance over the distance of the outer eye corners in HR"
    )

    @property
    def is_rate(self) -> bool:
        """No: an error, as a fraction of a distance."""
        return False

    @property
    def scores_hr(self) -> bool:
        """Not HR against itself."""
        return False

    def evaluate(self, faces: Faces, seed: int) -> Evaluation:
        """Error of each face; a detail is the share of faces above 0.1."""
        assert faces.hr is not None
        errors = nme(faces.features["landmarks"], faces.hr["landmarks"])
        lost = float((errors > FAILURE).mean())
        return Evaluation(errors, None, f"{lost:.1%} of the faces above {FAILURE:.0%}", {"failure_rate": lost})


class _ByDlib(FeatureMetric):
    """A landmark metric by dlib's predictor; its protocol depends on the pictures' size."""

    extractor = "dlib-landmarks"

    def __init__(self) -> None:
        self.protocol = self._protocol(0)

    def configured(self, facts: Facts) -> Self:
        """With the protocol for pictures of this size."""
        return self.replace(protocol=self._protocol(facts.task.hr_size))

    @abstractmethod
    def _protocol(self, side: int) -> str:
        """The protocol for pictures of ``side`` px."""


class LandmarkNmeDlib(_ByDlib, LandmarkNme):
    """:class:`LandmarkNme` by dlib's predictor (Kazemi, Sullivan, CVPR 2014)."""

    name, title = "landmark_nme_dlib", "Landmark error, dlib"

    def _protocol(self, side: int) -> str:
        seen = "at 256 px (Pillow BICUBIC)" if side < LARGE else "on the picture as it is"
        return (
            f"68 landmarks of SR against those of HR, both by dlib's predictor {seen} in MTCNN's box of the HR; mean "
            "distance over the distance of the outer eye corners in HR"
        )


class Lmd(FeatureMetric):
    """Landmark distance of SR from HR in pixels of the HR, as in VQFR (Gu et al., ECCV 2022), by the reference FAN.

    The mean distance of the landmarks that one network finds in both pictures, not normalised: it grows with the
    picture, so numbers at two sizes are not comparable (:class:`LandmarkNme`'s are). Not negative, lower is better.

    Example:
        >>> hr = np.zeros((1, 68, 2))
        >>> faces = Faces(["a"], [None], {"landmarks": hr + [3, 4]}, {"landmarks": hr})
        >>> Lmd().evaluate(faces, seed=0).values
        array([5.])
    """

    name, title, unit, digits, bounds = "lmd", "Landmark distance", "px", 2, (0, inf)
    direction: Direction = "lower"
    needs = frozenset({"hr"})
    extractor = "fan"
    protocol = (
        "mean distance of SR's 68 landmarks from HR's in pixels of the HR, not normalised; both by the reference "
        "model's FAN, which sees the whole picture at 64 px (torch's antialiased bicubic) and gives sub-pixel points"
    )

    @property
    def scores_hr(self) -> bool:
        """Not HR against itself."""
        return False

    def evaluate(self, faces: Faces, seed: int) -> Evaluation:
        """Distance of each face; a detail is the largest."""
        assert faces.hr is not None
        found = distances(faces.features["landmarks"], faces.hr["landmarks"])
        return Evaluation(found, details={"largest": float(found.max())})


class LmdDlib(_ByDlib, Lmd):
    """:class:`Lmd` by dlib's predictor (Kazemi, Sullivan, CVPR 2014)."""

    name, title = "lmd_dlib", "Landmark distance, dlib"

    def _protocol(self, side: int) -> str:
        return (
            "mean distance of SR's 68 landmarks from HR's in pixels of the HR, not normalised; both by dlib's "
            f"predictor, {size_for_dlib(side)}, in MTCNN's box of the HR"
        )


class Lmd98(Lmd):
    """:class:`Lmd` of the 98 landmarks (WFLW's) of a network that the user names; VQFR's script uses AWing."""

    name, title = "lmd_98", "Landmark distance, 98 points"
    extractor = "landmarks98"
    protocol = (
        "mean distance of SR's 98 landmarks from HR's in pixels of the HR, not normalised; both by the ONNX file "
        "landmarks98 on the whole picture (bilinear without antialiasing, 8 bit, 256 px or what the file fixes); of "
        "heatmaps the largest value, a quarter pixel towards its larger neighbours, times side / heatmap's side"
    )
