"""Identity margin: is an SR face nearer to its own HR than to anybody else's, and by how much?"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from fsrbench.errors import Invalid
from fsrbench.metrics.evaluation import Evaluation, Faces
from fsrbench.metrics.face_descriptors import describe_descriptor
from fsrbench.metrics.identity import EUCLIDEAN, Identity
from fsrbench.metrics.ranking import score_blocks, unit_rows
from fsrbench.stats.intervals import mean_interval
from fsrbench.tasks import Task

ROUNDING: Final = 1e-6
"""Of cosines in single precision; equal pictures of two people are no nearer to one than to the other."""
_MARGIN: Final = "cosine of SR_i and HR_i less the highest of SR_i and the HR of another person, mean of the images"


class Likeness(NamedTuple):
    """Cosines of each of N pictures with the HR gallery."""

    own: np.ndarray
    """With its own HR."""
    best_other: np.ndarray
    """The highest with another person's."""
    mean_other: np.ndarray
    """The mean with other people's."""


def likeness(pictures: np.ndarray, gallery: np.ndarray, people: np.ndarray) -> Likeness:
    """Cosines of pictures with all HR, in blocks.

    Args:
        pictures: N,D of unit length.
        gallery: N,D of unit length, row for row.
        people: N whole numbers, at least two different ones.
    """
    order = np.argsort(people, kind="stable")
    sums = np.zeros((int(people.max()) + 1, gallery.shape[1]))
    np.add.at(sums, people, gallery)
    others = len(people) - np.bincount(people)[people]
    own = np.einsum("nd,nd->n", pictures, gallery, dtype=np.float64)
    mean = np.einsum("nd,nd->n", pictures, sums.sum(axis=0) - sums[people]) / others
    first, last = (np.searchsorted(people[order], people, side) for side in ("left", "right"))
    best = np.empty(len(pictures))
    for part, scores in score_blocks(pictures, gallery):
        for row, picture in enumerate(range(part.start, part.stop)):
            scores[row, order[first[picture] : last[picture]]] = -np.inf
        best[part] = scores.max(axis=1)
    return Likeness(own, best, mean)


class IdentityMargin(Identity):
    """How much nearer an SR face is to its own HR than to the nearest HR of anybody else in the set.

    ``cos(SR_i, HR_i) - max_j cos(SR_i, HR_j)`` over the HR of other people, mean of the images; from -2 to 2, higher is
    better, and below 0 the face would be taken for another's. It falls with the number of people, so it compares
    methods on one set, not sets. A note says if SR is nearer to its own HR than enlarged LR is, but also nearer to
    everybody else, without a larger margin: pulling faces towards a mean raises ``identity`` and helps nobody to be
    recognised.

    Example:
        >>> sr, hr = np.array([[1.0, 0], [0.6, 0.8]]), np.array([[1.0, 0], [0, 1]])
        >>> faces = Faces(["a", "b"], [None] * 2, {"descriptor": sr}, {"descriptor": hr})
        >>> IdentityMargin().evaluate(faces, seed=0).values.round(4)
        array([1. , 0.2])
    """

    name, title = "identity_margin", "Identity margin"
    bounds = (-2, 2)
    uses_lr = True

    @property
    def scores_hr(self) -> bool:
        """HR too: how far apart the people are at best."""
        return True

    def _protocol(self, extractor: str, aligned: str, task: Task | None = None) -> str:
        described = describe_descriptor(extractor, aligned, task.hr_size if task else 0)
        return f"{_MARGIN}; {described}{EUCLIDEAN if extractor == 'dlib' else ''}"

    def evaluate(self, faces: Faces, seed: int) -> Evaluation:
        """Margin of each image; details have its parts and how often it is positive."""
        assert faces.hr is not None
        people = np.unique(faces.people, return_inverse=True)[1]
        if people.max() < 1:
            raise Invalid("needs HR of at least two people")
        rows = np.arange(len(people))
        sr, hr = (unit_rows(part["descriptor"], rows) for part in (faces.features, faces.hr))
        found = likeness(sr, hr, people)
        margin = found.own - found.best_other
        details = {
            "to_own_hr": float(found.own.mean()),
            "to_nearest_other": float(found.best_other.mean()),
            "to_others": float(found.mean_other.mean()),
            "nearest_to_own_share": float((margin > ROUNDING).mean()),
        }
        note = ""
        if faces.lr is not None and not faces.is_hr:
            note = _pulled(found, likeness(unit_rows(faces.lr["descriptor"], rows), hr, people), people, seed)
        return Evaluation(margin, note=note, details=details)


def _pulled(sr: Likeness, lr: Likeness, people: np.ndarray, seed: int) -> str:
    """A note if SR is nearer than LR to its own HR and to other people's, beyond chance, without a larger margin."""
    own_gain, other_gain = sr.own - lr.own, sr.mean_other - lr.mean_other
    if min(mean_interval(own_gain, seed, people)[0], mean_interval(other_gain, seed, people)[0]) <= 0:
        return ""
    margins = (sr.own - sr.best_other) - (lr.own - lr.best_other)
    low, high = mean_interval(margins, seed, people)
    if low > 0:
        return ""  # it gains more than the pull towards everybody
    verdict = "falls" if high < 0 else "does not grow"
    return (
        f"nearer to its HR than LR enlarged by {own_gain.mean():.3f}, and nearer to other people by "
        f"{other_gain.mean():.3f} on average: the margin {verdict} ({margins.mean():+.3f})"
    )
