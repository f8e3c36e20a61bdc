"""A study's scores as tables, CSV and JSON."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator
from typing import Any, Final

import pandas as pd

from fsrbench.errors import counted
from fsrbench.gate.as_json import number
from fsrbench.stats.corrections import LEVEL
from fsrbench.study.as_table import NO_VALUE, Shown, ends, nulls, text_of
from fsrbench.study.raters import LEVEL as CATCH_LEVEL
from fsrbench.study.score import MethodScore, QuestionScore, StudyScore

HEADINGS: Final = ("Rank", "Method", "Preferred (%)", "95 % interval", "Log-strength", "Wins", "Losses", "Ties")
LEGEND: Final = (
    "Preferred: probability to be preferred over another method of the study, no difference counted half; 50 %: as "
    "good as the others. Bradley-Terry with ties (Davidson 1970); intervals by bootstraps over raters and people. "
    f"Rank: methods that cannot be told apart at {100 * LEVEL:g} % (Holm) share a range."
)


def tables(score: StudyScore) -> list[Shown]:
    """A table for each question, with lines on the raters below the last."""
    found = [_table(question) for question in score.questions]
    found[-1].lines.extend(rater_lines(score))
    return found


def frame(score: StudyScore) -> pd.DataFrame:
    """One row per question and method, for CSV."""
    rows = [(question.question, method) for question in score.questions for method in question.methods]
    return pd.DataFrame({"question": q.name, "metric": q.metric, **_method(method)} for q, method in rows)


def record(score: StudyScore) -> dict[str, Any]:
    """For JSON; a missing number is null."""
    return {
        "schema_version": 1,
        "study": score.study,
        "questions": [_question(found) for found in score.questions],
        "raters": [
            {
                "name": rater.name,
                "counts": rater.counts,
                "reason": rater.reason,
                "answered": rater.answered,
                "caught": rater.caught,
                "catches": rater.catches,
                "repeated": rater.repeated,
                "repeats": rater.repeats,
                "left": number(rater.left),
                "median_ms": number(rater.median_ms),
            }
            for rater in score.raters
        ],
        "remarks": list(score.remarks),
    }


def rater_lines(score: StudyScore) -> Iterator[str]:
    """Who was set apart and why, and how raters answered."""
    kept = [rater for rater in score.raters if rater.counts]
    yield (
        f"Raters: {len(kept)} of {len(score.raters)} count: those who did better on catch pairs (HR against bicubic) "
        f"than random clicks do (p <= {CATCH_LEVEL:g})."
    )
    for rater in score.raters:
        if not rater.counts:
            yield f"Set apart: {rater.name}: {rater.reason}"
    chosen = [rater.left for rater in kept if math.isfinite(rater.left)]
    times = [rater.median_ms for rater in kept if math.isfinite(rater.median_ms)]
    if chosen and times:
        share, time = 100 * statistics.mean(chosen), statistics.median(times) / 1000
        yield f"Left was chosen in {share:.0f} % of choices; a median rater took {time:.1f} s for an answer."
    yield from score.remarks


def _table(found: QuestionScore) -> Shown:
    title = (
        f"{found.question.text} {found.answers} answers of {counted(found.raters, 'rater')} on "
        f"{counted(found.images, 'image')} of {found.people} people"
    )
    alpha = f"{NO_VALUE} ({found.alpha_reason})" if found.alpha_reason else f"{found.alpha:.2f}"
    same = f"{found.repeated} of {found.repeats} repeats had the same answer" if found.repeats else "no repeats"
    line = (
        f"No difference: {100 * found.ties:.0f} % of answers. Agreement (Krippendorff's alpha): {alpha}. "
        f"Consistency: {same}."
    )
    return Shown(title, HEADINGS, [_cells(method) for method in found.methods], [LEGEND, line])


def _cells(m: MethodScore) -> list[str]:
    if not m.n:
        return [NO_VALUE, m.method, NO_VALUE, "nobody was asked", NO_VALUE, "0", "0", "0"]
    interval = ends(m.ci_low, m.ci_high, 100, 1)
    strength = f"{m.log_strength:+.2f}".replace("-", "−")
    return [m.rank, m.method, text_of(m.preference, 100, 1), interval, strength, *map(str, (m.wins, m.losses, m.ties))]


def _question(found: QuestionScore) -> dict[str, Any]:
    return {
        "question": found.question.name,
        "text": found.question.text,
        "metric": found.question.metric,
        "answers": found.answers,
        "raters": found.raters,
        "images": found.images,
        "people": found.people,
        "ties": found.ties,
        "krippendorff_alpha": number(found.alpha),
        "repeats": found.repeats,
        "repeated": found.repeated,
        "methods": [nulls(_method(method)) for method in found.methods],
    }


def _method(m: MethodScore) -> dict[str, Any]:
    return {
        "method": m.method,
        "preference": m.preference,
        "ci_low": m.ci_low,
        "ci_high": m.ci_high,
        "log_strength": m.log_strength,
        "best_rank": m.best_rank,
        "worst_rank": m.worst_rank,
        "wins": m.wins,
        "losses": m.losses,
        "ties": m.ties,
    }
