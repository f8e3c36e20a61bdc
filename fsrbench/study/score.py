"""``fsrbench study score``: strengths of methods from raters' answers, with intervals, ranks and agreement."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np

from fsrbench.errors import UserError
from fsrbench.stats.corrections import LEVEL, holm
from fsrbench.stats.intervals import RESAMPLES
from fsrbench.stats.small_samples import rate_interval, t_quantile
from fsrbench.study.answers import Answers, AnswerTable
from fsrbench.study.bradley_terry import Strengths, fit, pairs_of
from fsrbench.study.questions import Question
from fsrbench.study.raters import RaterCheck, consistency, sort_out
from fsrbench.study.resampling import Crossed

LEAST: Final = 2
"""Minimum raters, and people on the images, for an interval."""


@dataclass(frozen=True)
class MethodScore:
    """What raters think of one method."""

    method: str
    preference: float
    """Probability to be preferred over another method; NaN if nobody was asked about it."""
    ci_low: float
    ci_high: float
    log_strength: float
    """Bradley-Terry; their mean is 0."""
    wins: int
    losses: int
    ties: int
    best_rank: int
    """One more than the methods that are distinguishably preferred to it (Holm over all pairs)."""
    worst_rank: int

    @property
    def n(self) -> int:
        """Answers about it."""
        return self.wins + self.losses + self.ties

    @property
    def rank(self) -> str:
        """Its rank, or the range that cannot be told apart."""
        return f"{self.best_rank}" if self.best_rank == self.worst_rank else f"{self.best_rank}-{self.worst_rank}"


@dataclass(frozen=True)
class QuestionScore:
    """The answers to one question."""

    question: Question
    methods: tuple[MethodScore, ...]
    """The most preferred first."""
    answers: int
    raters: int
    images: int
    people: int
    ties: float
    """Share of answers that saw no difference."""
    alpha: float
    """Krippendorff's, ordinal; NaN if no pair was answered twice, or without the library."""
    alpha_reason: str
    """Why there is none."""
    repeated: int
    """Repeats with the same answer."""
    repeats: int


@dataclass(frozen=True)
class StudyScore:
    """A study."""

    study: str
    questions: tuple[QuestionScore, ...]
    raters: tuple[RaterCheck, ...]
    """All of them, including those set apart."""
    remarks: tuple[str, ...]


def score_study(answers: Answers, seed: int = 0, draws: int = RESAMPLES) -> StudyScore:
    """Score all questions.

    Args:
        answers: of all raters; those who fail the catch pairs are set apart.
        seed: of the bootstraps.
        draws: of each bootstrap.

    Raises:
        UserError: no rater's answers count.
    """
    kept, checks = sort_out(answers)
    if not kept:
        reasons = "; ".join(f"{check.name}: {check.reason}" for check in checks[:3])
        raise UserError(f"no rater's answers count: {reasons}{'; ...' if len(checks) > 3 else ''}")
    found = []
    for place, question in enumerate(answers.key.asked):
        table = answers.table(place, kept)
        if len(table):
            repeats = consistency(kept, answers.key, place)
            found.append(score_question(question, table, seed, draws, repeats))
    if not found:
        raise UserError("no rater whose answers count has answered a pair of methods")
    return StudyScore(answers.key.study, tuple(found), tuple(checks), answers.remarks)


def score_question(
    question: Question, table: AnswerTable, seed: int = 0, draws: int = RESAMPLES, repeats: tuple[int, int] = (0, 0)
) -> QuestionScore:
    """Score the answers to one question, at least one; arguments as for :func:`score_study`."""
    crossed = crossed_of(table)
    alpha, reason = agreement(table)
    return QuestionScore(
        question,
        tuple(_methods(table, crossed, seed, draws)),
        len(table),
        len(np.unique(table.rater)),
        len(np.unique(table.image)),
        len(np.unique(table.person)),
        float((table.outcome == 2).mean()),
        alpha,
        reason,
        *repeats,
    )


def crossed_of(table: AnswerTable) -> Crossed:
    """The answers by pair and choice, with raters and people as clusters."""
    pairs = math.comb(len(table.key.methods), 2)
    return Crossed(table.pair * 3 + table.outcome, pairs * 3, table.rater, table.person)


def strengths_of(counts: np.ndarray, methods: int) -> Strengths:
    """Strengths from B,3P counts of :func:`crossed_of`."""
    return fit(counts.reshape(len(counts), -1, 3), methods)


def interval(value: float, error: float, clusters: float) -> tuple[float, float]:
    """95 % interval of a share: Student's t on its log-odds; at 0 and 1 by :func:`rate_interval`.

    Args:
        value: in [0, 1].
        error: its standard error.
        clusters: effective number of raters or people, whichever is smaller.

    Example:
        >>> [round(end, 3) for end in interval(0.8, 0.05, 30)]
        [0.679, 0.883]
    """
    if not math.isfinite(error) or clusters < LEAST:
        return math.nan, math.nan
    spread = value * (1 - value)
    if error < 1e-9 or spread < 1e-6:
        return rate_interval(value, 0.0, clusters, int(clusters))
    middle, half = math.log(value / (1 - value)), t_quantile(clusters) * error / spread
    low, high = (1 / (1 + math.exp(-min(max(end, -700), 700))) for end in (middle - half, middle + half))
    return low, high


def _methods(table: AnswerTable, crossed: Crossed, seed: int, draws: int) -> list[MethodScore]:
    names = table.key.methods
    count = len(names)
    fitted = strengths_of(crossed.total, count)
    shown = fitted.preference()[0]
    numbers = crossed.covariance(lambda counts: _numbers(counts, count), seed, draws)
    errors = numbers.errors()[:count]
    tallies = _tallies(crossed.total.reshape(-1, 3), count)
    # If all answers about a method are the same, so are draws of them: their spread says nothing
    unanimous = [max(tally) == sum(tally) > 0 for tally in tallies]
    errors[np.isfinite(errors) & unanimous] = 0.0
    least = [_sign_test(crossed.clusters) if unanimous[a] or unanimous[b] else 0.0 for a, b in pairs_of(count)]
    differences = [numbers.error(_difference(count, a, b)) for a, b in pairs_of(count)]
    ahead = _ahead(fitted.log[0], differences, crossed.clusters, least)
    found = []
    for place, name in enumerate(names):
        wins, losses, ties = tallies[place]
        asked = wins + losses + ties > 0
        low, high = interval(shown[place], errors[place], crossed.clusters) if asked else (math.nan, math.nan)
        best, worst = 1 + int(ahead[:, place].sum()), count - int(ahead[place].sum())
        value, log = (float(shown[place]), float(fitted.log[0, place])) if asked else (math.nan, math.nan)
        found.append(MethodScore(name, value, low, high, log, wins, losses, ties, best, worst))
    return sorted(found, key=lambda score: -score.preference if score.n else math.inf)


def _numbers(counts: np.ndarray, methods: int) -> np.ndarray:
    """B,2M: preferences and log-strengths."""
    fitted = strengths_of(counts, methods)
    return np.concatenate([fitted.preference(), fitted.log], axis=1)


def _difference(methods: int, first: int, second: int) -> np.ndarray:
    """Weights of :func:`_numbers` that give the difference of two log-strengths."""
    weights = np.zeros(2 * methods)
    weights[methods + first], weights[methods + second] = 1.0, -1.0
    return weights


def _sign_test(clusters: float) -> float:
    """Two-sided p of raters, or people, who all agree."""
    return min(1.0, 2.0 ** (1 - int(clusters)))


def _ahead(log: np.ndarray, errors: Sequence[float], clusters: float, least: Sequence[float]) -> np.ndarray:
    """M,M: whether a method is distinguishably preferred to another; Student's t, Holm over all pairs.

    Each pair's p is at least its ``least``.
    """
    from scipy import special

    count = len(log)
    ahead = np.zeros((count, count), dtype=bool)
    tests = []
    for (a, b), error, smallest in zip(combinations(range(count), 2), errors, least, strict=True):
        known = math.isfinite(error) and error > 0 and clusters >= LEAST
        p = 2 * float(special.stdtr(clusters - 1, -abs(log[a] - log[b]) / error)) if known else math.nan
        tests.append(max(p, smallest))  # max keeps NaN if it comes first
    for (a, b), p in zip(combinations(range(count), 2), holm(tests), strict=True):
        if p < LEVEL:
            ahead[(a, b) if log[a] > log[b] else (b, a)] = True
    return ahead


def _tallies(counts: np.ndarray, methods: int) -> list[tuple[int, int, int]]:
    """Wins, losses and ties of each method."""
    found = np.zeros((methods, 3), dtype=int)
    for (a, b), (first, second, tied) in zip(pairs_of(methods), counts.astype(int), strict=True):
        found[a] += first, second, tied
        found[b] += second, first, tied
    return [tuple(row) for row in found.tolist()]


def agreement(table: AnswerTable) -> tuple[float, str]:
    """Krippendorff's alpha of the answers to the same pair on the same image, ordinal, and why there is none.

    1: all agree; 0: as much as if everybody tossed a coin. The ordinal scale is first preferred, no difference, second
    preferred. Which method comes first is arbitrary, so each pair counts in both orders: in one order alone, agreement
    that a method is nearly always better would pass for chance, and alpha would depend on the methods' names.
    """
    try:
        import krippendorff
    except ImportError:
        return math.nan, "needs the package krippendorff: pip install fsrbench[study]"
    unit = np.unique(table.image * math.comb(len(table.key.methods), 2) + table.pair, return_inverse=True)[1]
    ordered = np.array([0, 2, 1])[table.outcome]  # no difference is in the middle
    counts = np.bincount(unit * 3 + ordered, minlength=3 * (int(unit.max()) + 1)).reshape(-1, 3)
    shared = counts[counts.sum(axis=1) > 1]
    shared = np.concatenate([shared, shared[:, ::-1]])
    if not len(shared):
        return math.nan, "no pair was answered by two raters"
    if (shared.sum(axis=0) > 0).sum() < 2:
        return math.nan, "nobody saw a difference"
    return float(krippendorff.alpha(value_counts=shared, value_domain=[0, 1, 2], level_of_measurement="ordinal")), ""
