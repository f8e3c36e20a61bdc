"""``fsrbench study metrics``: how well metrics agree with what people prefer."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from fsrbench.errors import UserError
from fsrbench.runs.data import RunData
from fsrbench.runs.preference import JUDGED
from fsrbench.stats.intervals import RESAMPLES
from fsrbench.study.answers import Answers, AnswerTable
from fsrbench.study.questions import Question
from fsrbench.study.ranks import chance_of, kendall, spearman
from fsrbench.study.raters import sort_out
from fsrbench.study.resampling import Crossed
from fsrbench.study.score import crossed_of, interval, strengths_of

FEWEST: Final = 3
"""Minimum methods for a rank correlation."""


@dataclass(frozen=True)
class Interval:
    """A number with its 95 % interval; NaN if there is none."""

    value: float
    low: float = math.nan
    high: float = math.nan


NONE: Final = Interval(math.nan)


@dataclass(frozen=True)
class MetricAgreement:
    """One metric against the answers to one question."""

    metric: str
    agreement: Interval
    """How often the picture with the better score is the preferred one."""
    answers: int
    """On pictures that both have a score."""
    spearman: Interval
    """Between the methods' numbers and their preference, directions taken into account."""
    kendall: Interval
    p: float
    """Probability that a metric unrelated to preference correlates as strongly (Kendall, two-sided)."""
    methods: int


@dataclass(frozen=True)
class QuestionAgreement:
    """All metrics against one question."""

    question: Question
    metrics: tuple[MetricAgreement, ...]
    """The best first."""
    raters: Interval
    """How often an answer is that of most others on the same pair; with few answers a metric can do better."""
    methods: int
    smallest_p: float
    """p of a perfect correlation of this many methods."""


def compare_metrics(
    run: RunData, answers: Answers, seed: int = 0, draws: int = RESAMPLES
) -> tuple[QuestionAgreement, ...]:
    """Compare every metric of a run that has a direction with the answers to each question.

    Raises:
        UserError: no rater's answers count, or the run has no metric with a direction.
    """
    kept, _ = sort_out(answers)
    if not kept:
        raise UserError("no rater's answers count: all are set apart; see `fsrbench study score`")
    metrics = [name for name in run.metrics if name not in JUDGED and run.metric(name).direction != "none"]
    if not metrics:
        raise UserError(f"{run.path}: no metric with a direction")
    found = []
    for place, question in enumerate(answers.key.asked):
        table = answers.table(place, kept)
        if len(table):
            found.append(_question(run, question, table, metrics, seed, draws))
    return tuple(found)


def _question(
    run: RunData, question: Question, table: AnswerTable, metrics: Sequence[str], seed: int, draws: int
) -> QuestionAgreement:
    count = len(table.key.methods)
    crossed = crossed_of(table)
    times, preferred = _drawn(table, crossed, seed, draws)
    shown = strengths_of(crossed.total, count).preference()[0]
    rows = [_metric(run, name, table, shown, preferred, times, seed) for name in metrics]
    rows.sort(key=lambda row: [-_or_lowest(row.agreement.value), -_or_lowest(row.kendall.value)])
    raters = _share(table, _with_others(table), seed)[0]
    return QuestionAgreement(question, tuple(rows), raters, count, 2 / math.factorial(count))


def _or_lowest(value: float) -> float:
    return value if math.isfinite(value) else -math.inf


def _drawn(table: AnswerTable, crossed: Crossed, seed: int, draws: int) -> tuple[np.ndarray, np.ndarray]:
    """For each draw of raters and people, the weight of each image and the preference of each method: B,I and B,M."""
    counts, drawn = crossed.crossed_draws(seed, draws)
    times = np.zeros((draws, 1 + max(table.key.people)))
    times[:, : drawn.shape[1]] = drawn  # nobody was asked about the others
    return times[:, np.array(table.key.people)], strengths_of(counts, len(table.key.methods)).preference()


def _metric(
    run: RunData,
    name: str,
    table: AnswerTable,
    shown: np.ndarray,
    preferred: np.ndarray,
    times: np.ndarray,
    seed: int,
) -> MetricAgreement:
    info, methods = run.metric(name), table.key.methods
    sign = -1.0 if info.direction == "lower" else 1.0
    scores = _scores(run, name, table) if name in run.scored else None
    agreement, answers = (NONE, 0) if scores is None else _share(table, _better(sign * scores, table), seed)
    values = np.array([r.value if (r := run.shown_result(m, name)) else math.nan for m in methods])
    if scores is not None:  # on the images that raters saw
        values = np.where(np.isfinite(values), _means(scores, np.ones((1, len(scores))))[0], math.nan)
    values *= sign
    known = np.isfinite(values)
    if known.sum() < FEWEST or np.ptp(values[known]) == 0:
        return MetricAgreement(name, agreement, answers, NONE, NONE, math.nan, int(known.sum()))
    drawn = np.broadcast_to(values, preferred.shape)
    if scores is not None:
        drawn = np.where(known, sign * _means(scores, times), math.nan)
    ours, theirs = (values[known], shown[known]), (drawn[:, known], preferred[:, known])
    ranks = (_correlation(rank, *ours, *theirs) for rank in (spearman, kendall))
    return MetricAgreement(name, agreement, answers, next(ranks), next(ranks), chance_of(*ours, seed), int(known.sum()))


def _correlation(
    rank: Callable[[np.ndarray, np.ndarray], np.ndarray],
    values: np.ndarray,
    shown: np.ndarray,
    drawn: np.ndarray,
    preferred: np.ndarray,
) -> Interval:
    """A rank correlation, and the middle 95 % of it over the draws."""
    among = rank(drawn, preferred)
    low, high = np.nanquantile(among, [0.025, 0.975]) if np.isfinite(among).any() else (math.nan, math.nan)
    return Interval(float(rank(values[None], shown[None])[0]), float(low), float(high))


def _scores(run: RunData, name: str, table: AnswerTable) -> np.ndarray:
    """I,M scores of the study's images and methods; NaN where missing."""
    frame: pd.DataFrame = run.per_image(name).reindex(index=table.key.images, columns=table.key.methods)
    return frame.to_numpy(dtype=float)


def _means(scores: np.ndarray, times: np.ndarray) -> np.ndarray:
    """B,M: means over the images, weighted by ``times``."""
    there = np.isfinite(scores)
    weights = times @ there
    sums = times @ np.where(there, scores, 0.0)
    means: np.ndarray = np.divide(sums, weights, out=np.full(sums.shape, math.nan), where=weights > 0)
    return means


def _better(scores: np.ndarray, table: AnswerTable) -> np.ndarray:
    """For each answer: 2 if the preferred picture has the better score, 1 for "no difference" or equal scores, 0 if the
    other has it; -1 if a score is missing."""
    first, second = scores[table.image, table.first], scores[table.image, table.second]
    ahead = np.sign(np.nan_to_num(first) - np.nan_to_num(second))
    ahead[first == second] = 0.0  # two infinite ones
    wanted = np.array([1.0, -1.0, 0.0])[table.outcome]
    agrees: np.ndarray = np.where(np.isnan(first) | np.isnan(second), -1, 1 + ahead * wanted).astype(int)
    return agrees


def _with_others(table: AnswerTable) -> np.ndarray:
    """As :func:`_better`, against what most other raters say of the same pair on the same image."""
    unit = np.unique(table.image * math.comb(len(table.key.methods), 2) + table.pair, return_inverse=True)[1]
    wanted = np.array([1, -1, 0])[table.outcome]
    sums, counts = np.bincount(unit, wanted), np.bincount(unit)
    others = np.sign(sums[unit] - wanted)
    agrees: np.ndarray = np.where(counts[unit] < 2, -1, 1 + others * wanted).astype(int)
    return agrees


def _share(table: AnswerTable, agrees: np.ndarray, seed: int) -> tuple[Interval, int]:
    """Mean of 0, 1/2 and 1 with its interval over raters and people, and the number of answers."""
    used = agrees >= 0
    if not used.any():
        return NONE, 0
    crossed = Crossed(agrees[used], 3, table.rater[used], table.person[used])

    def mean(counts: np.ndarray) -> np.ndarray:
        share: np.ndarray = (counts[:, 1] / 2 + counts[:, 2]) / counts.sum(axis=1)
        return share[:, None]

    value = float(mean(crossed.total)[0, 0])
    error = float(crossed.covariance(mean, seed).errors()[0])
    return Interval(value, *interval(value, error, crossed.clusters)), int(used.sum())
