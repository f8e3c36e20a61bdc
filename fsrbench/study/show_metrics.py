"""How well metrics agree with what people prefer, as tables, CSV and JSON."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import pandas as pd

from fsrbench.errors import counted
from fsrbench.stats.corrections import LEVEL
from fsrbench.study.as_table import Shown, ends, nulls, text_of
from fsrbench.study.correlation import Interval, MetricAgreement, QuestionAgreement

HEADINGS: Final = (
    *("Metric", "Agrees (%)", "95 % interval", "Answers"),
    *("Spearman", "95 % interval", "Kendall", "95 % interval", "p"),
)
LEGEND: Final = (
    "Agrees: how often the picture with the better score is the preferred one, no difference and equal scores counted "
    "half (2AFC; 50 %: chance). Spearman, Kendall: rank correlation of the methods' numbers with their preference, "
    "directions taken into account: 1 is best for every metric. Intervals: over raters and people; those of "
    "correlations are about these methods alone."
)


def tables(found: Sequence[QuestionAgreement]) -> list[Shown]:
    """A table of metrics for each question."""
    return [_table(each) for each in found]


def frame(found: Sequence[QuestionAgreement]) -> pd.DataFrame:
    """One row per question and metric, for CSV."""
    return pd.DataFrame({"question": q.question.name, **_metric(metric)} for q in found for metric in q.metrics)


def record(found: Sequence[QuestionAgreement]) -> dict[str, Any]:
    """For JSON; a missing number is null."""
    questions = [
        {
            "question": each.question.name,
            "methods": each.methods,
            "smallest_p": each.smallest_p,
            **nulls(_parts("raters", each.raters)),
            "metrics": [nulls(_metric(metric)) for metric in each.metrics],
        }
        for each in found
    ]
    return {"schema_version": 1, "questions": questions}


def _table(found: QuestionAgreement) -> Shown:
    few = ": too few methods to tell" if found.smallest_p > LEVEL else ""
    chance = (
        "p: probability that a metric unrelated to preference correlates as strongly (Kendall, either sign); the "
        f"smallest that {found.methods} methods can give is {found.smallest_p:.2g}{few}."
    )
    lines = [LEGEND, chance]
    if math.isfinite(found.raters.value):
        share = f"{text_of(found.raters.value, 100, 1)} {ends(found.raters.low, found.raters.high, 100, 1)}"
        lines.append(f"For comparison, one rater against most others on the same pair: {share} %.")
    title = f"{found.question.text} {counted(found.methods, 'method')}"
    return Shown(title, HEADINGS, [_cells(metric) for metric in found.metrics], lines)


def _cells(m: MetricAgreement) -> list[str]:
    answers = str(m.answers) if m.answers else "no per-image scores"
    shares = [text_of(m.agreement.value, 100, 1), ends(m.agreement.low, m.agreement.high, 100, 1), answers]
    ranks = [text for each in (m.spearman, m.kendall) for text in (text_of(each.value), ends(each.low, each.high))]
    return [m.metric, *shares, *ranks, f"{m.p:.2g}" if math.isfinite(m.p) else text_of(m.p)]


def _metric(m: MetricAgreement) -> dict[str, Any]:
    ranks = _parts("spearman", m.spearman) | _parts("kendall", m.kendall)
    shares = _parts("agreement", m.agreement)
    return {"metric": m.metric, **shares, "answers": m.answers, **ranks, "p": m.p, "methods": m.methods}


def _parts(name: str, found: Interval) -> dict[str, float]:
    return {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high}
