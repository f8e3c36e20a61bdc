"""Facial landmarks: do eyes, nose and mouth lie where they do in the HR image?"""

from __future__ import annotations

from math import inf

import numpy as np

from fsrbench.metrics.base import Direction, Evaluation, Faces, FeatureMetric

FAILURE = 0.1
"""Error above which landmarks count as lost, as in 300-W (Sagonas et al., ICCVW 2013)."""


def nme(landmarks: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Normalised mean error of each face: mean distance over the distance of the outer eye corners (300-W).

    Args:
        landmarks: N,68,2.
        truth: N,68,2, in the same unit.

    Returns:
        N fractions.
    """
    distance = np.linalg.norm(landmarks - truth, axis=2).mean(axis=1)
    eyes = np.linalg.norm(truth[:, 36] - truth[:, 45], axis=1)
    normalised: np.ndarray = distance / eyes
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
        """Error of each face; a detail has the share of those that lost their landmarks."""
        assert faces.hr is not None
        errors = nme(faces.features["landmarks"], faces.hr["landmarks"])
        lost = float((errors > FAILURE).mean())
        return Evaluation(errors, None, f"{lost:.1%} of the faces above {FAILURE:.0%}", {"failure_rate": lost})


class LandmarkNmeDlib(LandmarkNme):
    """:class:`LandmarkNme` by dlib's predictor (Kazemi, Sullivan, CVPR 2014)."""

    name, title = "landmark_nme_dlib", "Landmark error, dlib"
    extractor = "dlib-landmarks"
    protocol = (
        "68 landmarks of SR against those of HR, both by dlib's predictor at 256 px (Pillow BICUBIC) in MTCNN's box of "
        "the HR; mean distance over the distance of the outer eye corners in HR"
    )
