"""Open-set face identification: are people of a watch list found, and others not taken for them?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from fsrbench.metrics.enrolment import Enrolment, open_set
from fsrbench.metrics.evaluation import Evaluation, Faces, Summary
from fsrbench.metrics.identification import Population, Recognition
from fsrbench.metrics.ranking import OpenScores, open_scores, templates
from fsrbench.metrics.roc import area_under_curve, roc_curve, thinned
from fsrbench.stats.intervals import RESAMPLES
from fsrbench.stats.small_samples import rate_interval

TOP: Final = 20
"""A mate counts as found only among this many nearest people."""
FPIRS: Final = (0.3, 0.2, 0.1, 0.01)
MAIN: Final = 0.1
"""The false positive identification rate of the number in tables."""
_DRAWN: Final = 2**22
"""Weights drawn at once."""


def threshold_at(best: np.ndarray, fpir: float) -> float:
    """The lowest threshold above which no more than a share ``fpir`` of unmated probes have their best score.

    An order statistic of the scores and not one of a grid: with U probes, the ``floor(fpir U) + 1``-th highest.

    Args:
        best: U, the highest score of each unmated probe with anybody.
        fpir: in [0, 1].

    Example:
        >>> threshold_at(np.array([0.1, 0.5, 0.3, 0.2]), 0.25)  # 0.5 alone is above
        0.3
    """
    allowed = int(np.floor(fpir * len(best) + 1e-9))
    return float(np.sort(best)[::-1][allowed]) if allowed < len(best) else -np.inf


def found_scores(scores: OpenScores) -> np.ndarray:
    """Score of each mated probe with its own person; minus infinity if that is not among the :data:`TOP` nearest."""
    return np.where(scores.rank <= TOP, scores.mate, -np.inf)


def rate_at(found: np.ndarray, best: np.ndarray, fpir: float) -> float:
    """True positive identification rate: the share of mated probes found above :func:`threshold_at`."""
    return float((found > threshold_at(best, fpir)).mean())


def rate_intervals(
    found: np.ndarray, people: np.ndarray, best: np.ndarray, strangers: np.ndarray, fpirs: Sequence[float], seed: int
) -> list[tuple[float, float]]:
    """95 % bootstrap intervals of :func:`rate_at` (percentiles) over people; mated and unmated are drawn separately.

    The thresholds are computed anew in each draw, so that their uncertainty counts too. If all draws give the same
    rate, :func:`~fsrbench.stats.small_samples.rate_interval` with each person as one trial.

    Args:
        found: P scores, see :func:`found_scores`.
        people: the person of each.
        best: U scores of unmated probes.
        strangers: the person of each.
        fpirs: each in [0, 1].
        seed: of the draws.
    """
    falling, order = np.argsort(-best, kind="stable"), np.argsort(-found, kind="stable")
    mated_people, unmated_people = (np.unique(labels, return_inverse=True)[1] for labels in (people, strangers))
    thresholds = np.append(best[falling], -np.inf)
    above = np.searchsorted(-found[order], -thresholds, "left")  # found scores above each threshold
    rng, rates = np.random.default_rng(seed), np.empty((RESAMPLES, len(fpirs)))
    at_once = max(1, _DRAWN // max(len(best), len(found)))
    for start in range(0, RESAMPLES, at_once):
        draws = min(at_once, RESAMPLES - start)
        mated, unmated = (_draw(rng, labels, draws) for labels in (mated_people[order], unmated_people[falling]))
        for draw, (hits, passed) in enumerate(zip(mated.cumsum(axis=1), unmated.cumsum(axis=1), strict=True), start):
            at = above[np.searchsorted(passed, np.floor(np.array(fpirs) * passed[-1] + 1e-9), "right")]
            rates[draw] = np.where(at > 0, hits[at - 1], 0) / hits[-1]
    count = int(mated_people.max()) + 1
    ends = [(float(low), float(high)) for low, high in np.quantile(rates, [0.025, 0.975], axis=0).T]
    return [rate_interval(low, 0.0, count, count) if low == high else (low, high) for low, high in ends]


def _draw(rng: np.random.Generator, labels: np.ndarray, draws: int) -> np.ndarray:
    """How often each image counts in each draw; a draw takes as many people as there are, with replacement."""
    people = int(labels.max()) + 1
    drawn: np.ndarray = rng.multinomial(people, np.full(people, 1 / people), size=draws)[:, labels]
    return drawn


class IdentificationOpen(Recognition):
    """TPIR at FPIR 0.1 of open-set identification, as QMUL-SurvFace is scored (Cheng et al., 2018).

    Each enrolled person is represented by the mean of their descriptors; each distractor counts as one person. At the
    threshold, at most a tenth of the probes of people who are not enrolled match anybody (FPIR, false positive
    identification rate); it is an exact order statistic of their best scores. The number is the share of the other
    probes whose own person is among the 20 nearest and above that threshold (TPIR = 1 - FNIR), from 0 to 1, higher is
    better. Details have it at FPIR 0.3, 0.2 and 0.01, if there are enough probes, each with its interval, and the area
    under TPIR over FPIR. Intervals are by a bootstrap over people, with a new threshold in each draw.

    Tests between methods compare the images' hits at each method's own threshold, which they treat as fixed.

    Example:
        >>> people = np.eye(30)
        >>> twice = {"descriptor": np.concatenate([people, people[:20]])}
        >>> who = [f"p{i:02}" for i in [*range(30), *range(20)]]
        >>> faces = Faces([f"{p}/{i}" for i, p in enumerate(who)], who, twice, twice)
        >>> IdentificationOpen().evaluate(faces, seed=0).summary.value
        1.0
    """

    name, title, number = "identification_open", "Identification, open set", "own"
    measured = (
        f"open-set identification: TPIR (top {TOP}) at FPIR {MAIN:g}, gallery of mean descriptors of unit length, "
        "threshold an order statistic of the unmated probes' best scores"
    )
    without_roles = (
        "; without roles half of the people with a single picture, drawn by the run's seed, are unmated probes"
    )

    def evaluate(self, faces: Faces, seed: int) -> Evaluation:
        """1 or 0 for each mated probe, NaN for other images."""
        population = self.population(faces)
        enrolled = open_set(population.people, population.roles, seed).seen(population.as_probe >= 0)
        scores = _scores(population, enrolled)
        found, best = found_scores(scores), scores.best_of_unmated
        own, strangers = enrolled.person[enrolled.mated], enrolled.person[enrolled.unmated]
        rates = {f: rate_at(found, best, f) for f in FPIRS if f == MAIN or f * len(best) >= 1}
        intervals = dict(zip(rates, rate_intervals(found, own, best, strangers, list(rates), seed), strict=True))
        values = np.full(len(faces.ids), np.nan)
        values[population.as_probe[enrolled.mated]] = found > threshold_at(best, MAIN)
        details = {"auc": area_under_curve(*_as_distances(found, best))}
        for fpir in (f for f in rates if f != MAIN):
            name = f"tpir_at_fpir_{fpir:g}"
            details |= {name: rates[fpir], f"{name}_low": intervals[fpir][0], f"{name}_high": intervals[fpir][1]}
        summary = Summary(rates[MAIN], *intervals[MAIN], len(found))
        return Evaluation(values, summary, str(enrolled), details, {"tpir": thinned(identification_curve(found, best))})


def _scores(population: Population, enrolled: Enrolment) -> OpenScores:
    mated, unmated = (population.probes(images) for images in (enrolled.mated, enrolled.unmated))
    means, shown = templates(population.gallery(enrolled.gallery), enrolled.person[enrolled.gallery])
    return open_scores(mated, enrolled.person[enrolled.mated], unmated, means, shown)


def _as_distances(found: np.ndarray, best: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scores as distances, with mates that are not found beyond all others; and which are of mated probes."""
    distance = -np.concatenate([found, best])
    distance[np.isinf(distance)] = 1 + distance[np.isfinite(distance)].max()
    return distance, np.repeat([True, False], [len(found), len(best)])


def identification_curve(found: np.ndarray, best: np.ndarray) -> np.ndarray:
    """TPIR over FPIR at every threshold: K,2, rising from (0, 0); below 1 if some mates are not among the nearest."""
    curve = roc_curve(*_as_distances(found, best))
    return curve if np.isfinite(found).all() else curve[:-1]
