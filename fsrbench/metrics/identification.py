"""Closed-set face identification: is a probe's own person the nearest in a gallery of many?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Literal, Self

import numpy as np

from fsrbench.datasets.roles import ENROLLED
from fsrbench.metrics.base import FeatureMetric
from fsrbench.metrics.enrolment import closed_set
from fsrbench.metrics.evaluation import Evaluation, Faces, Summary
from fsrbench.metrics.extractors.base import Features
from fsrbench.metrics.face_descriptors import DESCRIPTORS, align, describe_descriptor
from fsrbench.metrics.facts import Facts
from fsrbench.metrics.identity import EUCLIDEAN
from fsrbench.metrics.ranking import mate_ranks, unit_rows
from fsrbench.stats.intervals import mean_interval

RANKS: Final = (1, 5, 20)
LONGEST_CMC: Final = 1000
"""Most ranks of the curve."""
_PLAIN: Final = "without roles the first picture of each person, in sorted order, is enrolled"
_ROLES: Final = "gallery, probes and distractors as the data's folders say"


@dataclass(frozen=True, eq=False)
class Population:
    """All T images of identification; the pictures that may be probes and those that may be enrolled can differ."""

    people: Sequence[str]
    roles: Sequence[str | None]
    sought: np.ndarray
    """N,D: descriptors of the method's pictures."""
    shown: np.ndarray
    """Descriptors of what may be enrolled."""
    as_probe: np.ndarray
    """T: the row of each image in :attr:`sought`, -1 where the method has none of it."""
    as_shown: np.ndarray
    """T: the row of each image in :attr:`shown`, -1 where it is not to be enrolled."""

    def probes(self, images: np.ndarray) -> np.ndarray:
        """Unit descriptors of some images as probes."""
        return unit_rows(self.sought, self.as_probe[images])

    def gallery(self, images: np.ndarray) -> np.ndarray:
        """Unit descriptors of some images as the gallery."""
        return unit_rows(self.shown, self.as_shown[images])


class Recognition(FeatureMetric):
    """Base class of metrics that look for probes in a gallery: which pictures are super-resolved, and what is read."""

    unit, digits, bounds = "fraction", 1, (0, 1)
    needs = frozenset({"pairs"})
    descriptors: ClassVar[tuple[str, ...]] = tuple(DESCRIPTORS)
    uses_lr = True
    control = True
    sides: Literal["one", "both"] = "one"

    def __init__(self) -> None:
        self.extractor = self.descriptors[0]
        self.protocol = self._protocol("")

    def configured(self, facts: Facts) -> Self:
        """With the run's descriptor and alignment, and the gallery as it is or super-resolved too."""
        aligned = align(self.descriptors, facts)
        described = describe_descriptor(aligned.descriptor, aligned.words, facts.task.hr_size)
        given = "HR" if facts.has_hr else "their HR where they have one, else their LR enlarged by Pillow BICUBIC"
        gallery = "SR" if facts.sides == "both" else f"not super-resolved ({given})"
        euclidean = EUCLIDEAN if aligned.descriptor == "dlib" else ""
        protocol = self._protocol(f"; probes SR, gallery {gallery}; {described}{euclidean}", facts.has_roles)
        return self.replace(extractor=aligned.extractor, by_lr=aligned.by_lr, sides=facts.sides, protocol=protocol)

    def _protocol(self, setting: str, has_roles: bool = False) -> str:
        without = "" if has_roles else self.without_roles
        enrolled = _ROLES if has_roles else _PLAIN
        return f"{self.measured}{without}; cosine of descriptors; {enrolled}{setting}"

    measured: ClassVar[str]
    """What is counted, for the protocol."""
    without_roles: ClassVar[str] = ""
    """What is added to it if the data has no roles."""

    @property
    def reads_enrolled(self) -> bool:
        """Only with SR on both sides."""
        return self.sides == "both"

    def gallery_features(self, faces: Faces) -> Features:
        """Features of the pictures that are enrolled, row for row with the images.

        With SR on one side, the control without SR (row ``lr``) has the same gallery as the methods; with SR on both
        sides, its own pictures.
        """
        if self.sides == "both":
            return faces.features
        found = faces.hr if faces.hr is not None else faces.lr
        assert found is not None
        return found

    def population(self, faces: Faces) -> Population:
        """Who is looked for, and who is enrolled; with SR on one side, no SR of what is enrolled is read.

        Without roles, all images of the data decide who is enrolled, so that every row has the same gallery.
        """
        sought, beside = faces.features["descriptor"], faces.enrolled
        here = np.arange(len(faces.ids))
        if beside is None:
            shown = self.gallery_features(faces)["descriptor"]
            return Population(faces.people, faces.roles, sought, shown, here, here)
        shown, there = beside.features.get("descriptor", sought[:0]), np.arange(len(beside.ids))
        if not any(beside.roles):
            row_of = dict(zip(faces.ids, here.tolist(), strict=True))
            as_probe = np.array([row_of.get(image, -1) for image in beside.ids], dtype=np.int64)
            return Population(beside.people, (), sought, shown, as_probe, there)
        rows = np.array([row for row, role in enumerate(faces.roles) if role not in ENROLLED], dtype=np.int64)
        own = faces.people
        people = [*(own[row] for row in rows), *beside.people]
        roles = [*(faces.roles[row] for row in rows), *beside.roles]
        none = np.full(len(rows) + len(there), -1)
        as_probe, as_shown = none.copy(), none.copy()
        as_probe[: len(rows)], as_shown[len(rows) :] = rows, there
        return Population(people, roles, sought, shown, as_probe, as_shown)


class Identification(Recognition):
    """Rank-1 rate of closed-set identification, as TinyFace and SCface are scored (Cheng et al., ACCV 2018).

    The pictures of the gallery, distractors among them, are ranked by the cosine of their descriptors with a probe's.
    The number is the share of probes whose nearest picture is of their own person, from 0 to 1, higher is better; ties
    count against the probe. Details have ranks 5 and 20 and TinyFace's mean average precision, each with its interval
    by person; the curve is the cumulative match characteristic. The control is the row ``lr``: LR enlarged, without SR.

    Example:
        >>> people = np.random.RandomState(0).normal(size=(20, 8))
        >>> twice, who = {"descriptor": np.repeat(people, 2, axis=0)}, [f"p{i // 2:02}" for i in range(40)]
        >>> faces = Faces([f"{p}/{i}" for i, p in enumerate(who)], who, twice, twice)
        >>> Identification().evaluate(faces, seed=0).summary.value
        1.0
    """

    name, title = "identification", "Identification"
    measured = "closed-set identification: share of probes whose nearest picture in the gallery is of their person"

    def evaluate(self, faces: Faces, seed: int) -> Evaluation:
        """1 or 0 for each probe, NaN for the gallery; the summary's interval is over the probes' people."""
        population = self.population(faces)
        enrolled = closed_set(population.people, population.roles).seen(population.as_probe >= 0)
        found = mate_ranks(
            population.probes(enrolled.mated),
            population.gallery(enrolled.gallery),
            enrolled.person[enrolled.mated],
            enrolled.person[enrolled.gallery],
        )
        people = enrolled.person[enrolled.mated]
        values = np.full(len(faces.ids), np.nan)
        hits = values[population.as_probe[enrolled.mated]] = (found.best == 1).astype(float)
        details: dict[str, float] = {}
        numbers = {f"rank_{rank}": (found.best <= rank).astype(float) for rank in RANKS[1:]}
        for name, scores in (numbers | {"map": found.precision}).items():
            details[name] = float(scores.mean())
            details[f"{name}_low"], details[f"{name}_high"] = mean_interval(scores, seed, people, rate=True)
        return Evaluation(
            values,
            summarise(hits, people, seed),
            str(enrolled),
            details,
            {"cmc": match_curve(found.best, len(enrolled.gallery))},
        )


def summarise(hits: np.ndarray, people: np.ndarray, seed: int) -> Summary:
    """The share of hits and its interval over people."""
    return Summary(float(hits.mean()), *mean_interval(hits, seed, people, rate=True), len(hits))


def match_curve(ranks: np.ndarray, gallery: int) -> np.ndarray:
    """Cumulative match characteristic, K,2: a rank, and the share of probes whose mate has that rank or a better one.

    Example:
        >>> match_curve(np.array([1, 3]), gallery=4).tolist()
        [[1.0, 0.5], [2.0, 0.5], [3.0, 1.0], [4.0, 1.0]]
    """
    last = min(gallery, LONGEST_CMC)
    at = np.arange(1, last + 1)
    hits = np.bincount(ranks[ranks <= last], minlength=last + 1)[1:].cumsum()
    return np.column_stack([at, hits / len(ranks)])
