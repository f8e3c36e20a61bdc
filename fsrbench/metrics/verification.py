"""Face verification: do SR faces still match their own identity and no other?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import stats

from fsrbench.errors import Invalid
from fsrbench.metrics.base import Evaluation, Faces, Facts, FeatureMetric, Summary
from fsrbench.metrics.features import EXTRACTORS

FOLDS = 10
_FOLD_PROTOCOL = "accuracy over ten folds by identity, threshold from the other nine, interval from the folds"


@dataclass(frozen=True)
class Pairs:
    """Verification pairs: SR image ``probe`` against HR image ``gallery`` (row numbers)."""

    probe: np.ndarray
    gallery: np.ndarray
    genuine: np.ndarray
    fold: np.ndarray


def assign_folds(groups: list[str], seed: int) -> np.ndarray:
    """A fold 0..9 for each image; images of one group (identity) share it."""
    names = sorted(set(groups))
    order = np.random.RandomState(seed).permutation(len(names))
    fold_of = {names[i]: rank % FOLDS for rank, i in enumerate(order)}
    return np.array([fold_of[g] for g in groups])


def self_pairs(groups: list[str], seed: int) -> Pairs:
    """Genuine: SR_i and HR_i. Impostor: SR_i and the HR of one image of another identity in the same fold."""
    fold = assign_folds(groups, seed)
    rows = np.arange(len(groups))
    return _with_impostors(rows, rows, np.array(groups), fold, seed)


def labelled_pairs(groups: list[str], seed: int) -> Pairs:
    """Genuine: SR_i and the HR of every other picture of its identity. As many impostors for each SR_i."""
    fold = assign_folds(groups, seed)
    names = np.array(groups)
    probe, gallery = np.nonzero((names[:, None] == names[None, :]) & ~np.eye(len(names), dtype=bool))
    return _with_impostors(probe, gallery, names, fold, seed)


def _with_impostors(probe: np.ndarray, gallery: np.ndarray, names: np.ndarray, fold: np.ndarray, seed: int) -> Pairs:
    rng = np.random.RandomState(seed + 1)
    others = np.empty_like(gallery)
    for i in np.unique(probe):
        candidates = np.flatnonzero((fold == fold[i]) & (names != names[i]))
        mine = np.flatnonzero(probe == i)
        if len(candidates) == 0:
            raise Invalid("too few identities for ten folds")
        others[mine] = rng.choice(candidates, size=len(mine), replace=len(mine) > len(candidates))
    return Pairs(
        probe=np.concatenate([probe, probe]),
        gallery=np.concatenate([gallery, others]),
        genuine=np.repeat([True, False], len(probe)),
        fold=np.concatenate([fold[probe], fold[probe]]),
    )


def best_threshold(distance: np.ndarray, genuine: np.ndarray) -> float:
    """The distance below which calling a pair genuine is right most often (the middle of the best gap)."""
    order = np.argsort(distance, kind="stable")
    ordered = distance[order]
    right = np.concatenate([[0], np.cumsum(np.where(genuine[order], 1, -1))])
    edges = np.concatenate([[ordered[0] - 1e-6], (ordered[1:] + ordered[:-1]) / 2, [ordered[-1] + 1e-6]])
    return float(edges[int(np.argmax(right))])


def judge(distance: np.ndarray, pairs: Pairs) -> np.ndarray:
    """Whether each pair is judged right, with the threshold that is best on the other folds."""
    right = np.zeros(len(distance), dtype=bool)
    for fold in np.unique(pairs.fold):
        here = pairs.fold == fold
        threshold = best_threshold(distance[~here], pairs.genuine[~here])
        right[here] = (distance[here] < threshold) == pairs.genuine[here]
    return right


def summarise_folds(right: np.ndarray, fold: np.ndarray) -> Summary:
    """Mean accuracy of the folds with a 95 % t-interval."""
    accuracies = np.array([right[fold == f].mean() for f in np.unique(fold)])
    mean, error = accuracies.mean(), stats.sem(accuracies)
    reach = stats.t.ppf(0.975, len(accuracies) - 1) * error
    return Summary(float(mean), float(max(0, mean - reach)), float(min(1, mean + reach)), len(right))


class _Verification(FeatureMetric):
    unit, digits = "fraction", 1
    needs = frozenset({"hr"})
    labelled: ClassVar[bool] = False
    minimum: ClassVar[int] = 2 * FOLDS

    def check(self, facts: Facts) -> None:
        """Refuse without a descriptor or with too few images for ten folds."""
        super().check(facts)
        if facts.images < self.minimum:
            raise Invalid(f"needs at least {self.minimum} images for ten folds, not {facts.images}")
        EXTRACTORS.get(self.extractor)().check()

    def evaluate(self, faces: Faces, seed: int) -> Evaluation:
        """For each image the share of its pairs that are judged right; the summary is over the folds."""
        assert faces.hr is not None
        # Without identities every picture is taken for a person of its own.
        groups = [identity or f"image {i}" for i, identity in zip(faces.ids, faces.identities, strict=True)]
        if len(set(groups)) < 2 * FOLDS:
            raise Invalid(f"needs at least {2 * FOLDS} identities for ten folds, not {len(set(groups))}")
        pairs = (labelled_pairs if self.labelled else self_pairs)(groups, seed)
        probe, gallery = faces.features["descriptor"][pairs.probe], faces.hr["descriptor"][pairs.gallery]
        right = judge(np.linalg.norm(probe - gallery, axis=1), pairs)
        pairs_of = np.bincount(pairs.probe, minlength=len(groups))
        hits = np.bincount(pairs.probe, weights=right, minlength=len(groups))
        values = np.divide(hits, pairs_of, out=np.full(len(groups), np.nan), where=pairs_of > 0)
        return Evaluation(values, summarise_folds(right, pairs.fold))


class VerificationDlib(_Verification):
    """SR against its own HR and another's, judged by dlib's descriptor."""

    name, title = "verification_dlib", "Verification (dlib)"
    extractor = "dlib"
    protocol = (
        "genuine SR_i/HR_i, impostor SR_i/HR of another identity; dlib 128-d descriptor, pictures enlarged to 256 px, "
        f"aligned by the HR's landmarks; {_FOLD_PROTOCOL}"
    )


class VerificationFacenet(_Verification):
    """SR against its own HR and another's, judged by FaceNet."""

    name, title = "verification_facenet", "Verification (FaceNet)"
    extractor = "facenet"
    protocol = (
        "genuine SR_i/HR_i, impostor SR_i/HR of another identity; FaceNet (VGGFace2) 512-d embedding of the HR's "
        f"MTCNN box at 160 px; {_FOLD_PROTOCOL}"
    )


class Verification(VerificationDlib):
    """SR against its own HR and another's, judged by the first descriptor whose weights are there."""

    name, title = "verification", "Verification"


class VerificationLabelled(VerificationDlib):
    """SR against different pictures of the same and of other identities."""

    name, title = "verification_labelled", "Verification, labelled"
    needs = frozenset({"hr", "pairs"})
    labelled = True
    protocol = (
        "genuine SR_i/HR_j, two pictures of one identity, and as many impostors; dlib 128-d descriptor, pictures "
        f"enlarged to 256 px, aligned by the HR's landmarks; {_FOLD_PROTOCOL}"
    )
