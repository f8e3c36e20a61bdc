"""Face verification: do SR faces still match their own identity and no other?"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal, Self

import numpy as np

from fsrbench.datasets.pairs import ListedPair
from fsrbench.errors import Invalid
from fsrbench.metrics.base import FeatureMetric
from fsrbench.metrics.evaluation import Evaluation, Faces, Summary
from fsrbench.metrics.face_descriptors import DESCRIPTORS, align, describe_descriptor
from fsrbench.metrics.facts import Facts
from fsrbench.metrics.pairing import FOLDS, MATES, Pairs, labelled_pairs, listed_pairs, self_pairs
from fsrbench.metrics.roc import FARS, area_under_curve, roc_curve, roc_details, thinned
from fsrbench.stats.small_samples import half_width, rate_interval

LEAST_ALIKE = 0.65
"""Least share of comparisons in which HR pictures of one person are nearer than strangers'. For real people it is 0.95
or more at 64 px; 40 pairs with meaningless labels give 0.5 +- 0.06."""
_SELF = (
    "genuine SR_i/HR_i, impostor SR_i/HR of one picture of another identity in the same fold (without identities every "
    "picture is its own)"
)
_LABELLED = (
    f"genuine SR_i/{{other}}_j, two pictures of one identity (at most {MATES} j for each i), as many impostors of the "
    "same fold for each SR_i"
)
_LISTED = "genuine and impostor pairs SR_i/{other}_j and their folds as the pairs file lists them"
_FOLDS = (
    "Euclidean distance; mean accuracy of ten folds by identity, threshold best on the other nine, t-interval over the "
    "folds; folds and pairs drawn by the run's seed"
)
_LISTED_FOLDS = (
    "Euclidean distance; mean accuracy of the folds, threshold best on the others, t-interval over the folds"
)


def best_threshold(distance: np.ndarray, genuine: np.ndarray) -> float:
    """The distance below which calling a pair genuine is right most often (the middle of the best gap)."""
    order = np.argsort(distance, kind="stable")
    ordered = distance[order]
    right = np.concatenate([[0], np.cumsum(np.where(genuine[order], 1, -1))])
    edges = np.concatenate([[ordered[0] - 1e-6], (ordered[1:] + ordered[:-1]) / 2, [ordered[-1] + 1e-6]])
    separable = np.concatenate([[True], ordered[1:] > ordered[:-1], [True]])  # no threshold separates equal distances
    return float(edges[int(np.argmax(np.where(separable, right, -len(right))))])


def distances(faces: Faces, pairs: Pairs, sides: Literal["one", "both"] = "one") -> np.ndarray:
    """Euclidean distance between the descriptors of each pair's SR and HR (with ``both``, SR and SR) image."""
    others = faces.hr if sides == "one" else faces.features
    assert others is not None
    probe, gallery = faces.features["descriptor"][pairs.probe], others["descriptor"][pairs.gallery]
    result: np.ndarray = np.linalg.norm(probe - gallery, axis=1)
    return result


def judge(distance: np.ndarray, pairs: Pairs) -> np.ndarray:
    """Whether each pair is judged right, with the threshold that is best on the other folds."""
    right = np.zeros(len(distance), dtype=bool)
    for fold in np.unique(pairs.fold):
        inside = pairs.fold == fold
        threshold = best_threshold(distance[~inside], pairs.genuine[~inside])
        right[inside] = (distance[inside] < threshold) == pairs.genuine[inside]
    return right


def fold_accuracies(right: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Share of pairs judged right in each fold."""
    return np.array([right[fold == f].mean() for f in np.unique(fold)])


def summarise_folds(right: np.ndarray, fold: np.ndarray, people: int = 0) -> Summary:
    """Mean accuracy of the folds with a 95 % t-interval.

    The folds share their thresholds, so it is a little too narrow: in simulations of 64 identities x 3 pictures it
    covered the true accuracy in 92 % of the draws (labelled pairs: 89 %). If all folds are equal, as at 100 %, the
    interval is exact, with each of the ``people`` as one trial.
    """
    accuracies = fold_accuracies(right, fold)
    mean, half = float(accuracies.mean()), half_width(accuracies)
    if half < 1e-9 and people:
        return Summary(mean, *rate_interval(mean, 0.0, people, people), len(right))
    return Summary(mean, max(0.0, mean - half), min(1.0, mean + half), len(right))


class Verification(FeatureMetric):
    """Accuracy of face verification: is SR_i nearer to its own HR than to somebody else's?

    A pair of an SR and an HR image is accepted if the Euclidean distance of their descriptors is below a threshold,
    chosen on nine of ten folds by identity and applied to the tenth, as on LFW (Huang et al., 2007). Each image makes a
    genuine pair and an impostor; the number is the share of pairs judged right, mean of the folds. From 0 to 1 (chance:
    0.5), higher is better. Uses the first descriptor whose weights are available: dlib, FaceNet, ArcFace.

    Example:
        >>> people = np.random.RandomState(0).normal(size=(40, 8))
        >>> ids = [f"p{i:02}" for i in range(40)]
        >>> faces = Faces(ids, [None] * 40, {"descriptor": people + 0.1}, {"descriptor": people})
        >>> Verification().evaluate(faces, seed=0).summary.value
        1.0
    """

    name, title, unit, digits, bounds = "verification", "Verification", "fraction", 1, (0, 1)
    number = "own"
    needs = frozenset({"hr"})
    descriptors: ClassVar[tuple[str, ...]] = tuple(DESCRIPTORS)
    pairing: ClassVar[str] = _SELF
    folding: ClassVar[str] = _FOLDS
    fewest: ClassVar[int] = 2 * FOLDS
    least_ceiling = 0.7
    own_hr: ClassVar[bool] = True
    """Whether genuine pairs are a picture and its own HR; then SR on both sides would compare a picture with itself."""
    sides: Literal["one", "both"] = "one"
    fars: ClassVar[tuple[float, ...]] = FARS
    """False accept rates whose true accept rate is a detail."""

    def __init__(self) -> None:
        self.extractor = self.descriptors[0]
        self.protocol = self._protocol(self.extractor, "one", "the HR")

    def configured(self, facts: Facts) -> Self:
        """With the descriptor that was asked for, or the first that is available.

        Raises:
            Invalid: there are too few images, or both sides of a pair would be the same picture.
        """
        if facts.images < self.fewest:
            raise Invalid(f"needs at least {self.fewest} images for ten folds, not {facts.images}")
        if facts.sides == "both" and self.own_hr:
            raise Invalid("with SR on both sides every picture would be compared with itself")
        aligned = align(self.descriptors, facts)
        protocol = self._protocol(aligned.descriptor, facts.sides, aligned.words, facts.task.hr_size)
        return self.replace(extractor=aligned.extractor, by_lr=aligned.by_lr, sides=facts.sides, protocol=protocol)

    def _protocol(self, extractor: str, sides: str, aligned: str, side: int = 0) -> str:
        pairing = self.pairing.format(other="SR" if sides == "both" else "HR")
        return f"{pairing}; {describe_descriptor(extractor, aligned, side)}; {self.folding}"

    def evaluate(self, faces: Faces, seed: int) -> Evaluation:
        """For each image, the share of its pairs that are judged right; the summary is over the folds."""
        from scipy import stats

        people = faces.people
        pairs = self.pairs(faces, people, seed)
        distance = distances(faces, pairs, self.sides)
        right = judge(distance, pairs)
        summary = summarise_folds(right, pairs.fold, len({people[image] for image in np.unique(pairs.probe)}))
        details = {"standard_error": float(stats.sem(fold_accuracies(right, pairs.fold)))}
        return Evaluation(
            _shares(right, pairs.probe, len(faces.ids)),
            summary,
            self.remark(faces, pairs),
            details | roc_details(distance, pairs.genuine, self.fars),
            {"roc": thinned(roc_curve(distance, pairs.genuine))},
        )

    def ceiling(self, hr: Faces, seed: int) -> float | None:
        """Accuracy of the judge on pairs of HR images, other pictures of the same people; ``None`` without any.

        Self pairs would say nothing about the judge: HR matches itself.
        """
        try:
            pairs = self.pairs(hr, hr.people, seed) if not self.own_hr else labelled_pairs(hr.people, seed)
        except Invalid:
            return None
        right = judge(distances(hr, pairs, "both"), pairs)
        return float(fold_accuracies(right, pairs.fold).mean())

    def pairs(self, faces: Faces, groups: list[str], seed: int) -> Pairs:
        """Which pictures are compared.

        Raises:
            Invalid: there are too few people.
        """
        return self_pairs(groups, seed)

    def remark(self, faces: Faces, pairs: Pairs) -> str:
        """What a reader must know about the pairs besides the protocol; empty for nothing."""
        return ""


def _shares(right: np.ndarray, probe: np.ndarray, images: int) -> np.ndarray:
    pairs_of, hits = np.bincount(probe, minlength=images), np.bincount(probe, weights=right, minlength=images)
    shares: np.ndarray = np.divide(hits, pairs_of, out=np.full(images, np.nan), where=pairs_of > 0)
    return shares


class VerificationDlib(Verification):
    """:class:`Verification` by dlib's descriptor."""

    name, title = "verification_dlib", "Verification (dlib)"
    descriptors = ("dlib",)


class VerificationFacenet(Verification):
    """:class:`Verification` by FaceNet (Schroff et al., CVPR 2015; facenet-pytorch's, trained on VGGFace2)."""

    name, title = "verification_facenet", "Verification (FaceNet)"
    descriptors = ("facenet",)


class VerificationArcface(Verification):
    """:class:`Verification` by an ArcFace-style network (Deng et al., CVPR 2019) in an ONNX file."""

    name, title = "verification_arcface", "Verification (ArcFace)"
    descriptors = ("arcface",)


class VerificationLabelled(Verification):
    """:class:`Verification` of SR_i against other HR pictures of the same person, and of other people.

    Harder than against its own HR, and closer to real use: identity has to hold across pictures.

    Example:
        >>> people = np.repeat(np.random.RandomState(0).normal(size=(20, 8)), 2, axis=0)  # two pictures of each
        >>> who = [f"p{i // 2:02}" for i in range(40)]
        >>> faces = Faces([f"{p}/{i}" for i, p in enumerate(who)], who, {"descriptor": people}, {"descriptor": people})
        >>> VerificationLabelled().evaluate(faces, seed=0).summary.value
        1.0
    """

    name, title = "verification_labelled", "Verification, labelled"
    needs = frozenset({"hr", "pairs"})
    pairing, own_hr = _LABELLED, False

    def pairs(self, faces: Faces, groups: list[str], seed: int) -> Pairs:
        """Pairs by the identities of the data."""
        return labelled_pairs(groups, seed)

    def remark(self, faces: Faces, pairs: Pairs) -> str:
        """A warning if HR itself shows that the identities are not people."""
        assert faces.hr is not None
        share = likeness(faces.hr["descriptor"], pairs)
        if share >= LEAST_ALIKE:
            return ""
        return (
            f"no identities: HR pictures of one are nearer to each other than strangers' in {share:.0%} of comparisons "
            "(chance: 50%); the sub-folders are not people, or the descriptor cannot tell these faces apart"
        )


def likeness(descriptors: np.ndarray, pairs: Pairs) -> float:
    """The share of comparisons in which two pictures of one identity are nearer to each other than two strangers'."""
    distance = np.linalg.norm(descriptors[pairs.probe] - descriptors[pairs.gallery], axis=1)
    return area_under_curve(distance, pairs.genuine)


class VerificationPairs(Verification):
    """:class:`Verification` of the pairs that a file lists, in that file's folds, as on LFW and QMUL-SurvFace.

    Details have the true accept rate at the false accept rates of SurvFace, 0.3, 0.1, 0.01 and 0.001. Without HR both
    pictures of a pair are SR.
    """

    name, title = "verification_pairs", "Verification, listed pairs"
    needs = frozenset()
    pairing, own_hr = _LISTED, False
    folding, fewest = _LISTED_FOLDS, 0  # the list has folds of its own
    fars = (0.3, 0.1, *FARS)
    listed: tuple[ListedPair, ...] = ()

    def configured(self, facts: Facts) -> Self:
        """With the listed pairs.

        Raises:
            Invalid: there are none; or as :meth:`Verification.configured`.
        """
        if not facts.pairs:
            raise Invalid("needs a list of pairs: --pairs FILE")
        known = facts if facts.has_hr else replace(facts, sides="both")
        return super().configured(known).replace(listed=facts.pairs)

    def pairs(self, faces: Faces, groups: list[str], seed: int) -> Pairs:
        """The listed pairs of which both images are available."""
        return listed_pairs(self.listed, faces.ids)

    def remark(self, faces: Faces, pairs: Pairs) -> str:
        """How many of the listed pairs could not be used."""
        missing = len(self.listed) - len(pairs.probe)
        return f"{missing} of {len(self.listed)} listed pairs left out: not both images are there" if missing else ""
