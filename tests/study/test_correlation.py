"""Metrics against raters: counted answer by answer, and with metrics whose agreement is known beforehand."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fsrbench.errors import UserError
from fsrbench.runs.data import RunData
from fsrbench.study.answers import Answers, read_answers
from fsrbench.study.correlation import MetricAgreement, compare_metrics
from fsrbench.study.raters import sort_out

from .conftest import Study

GOOD = {"bicubic": 3.0, "scgan": 2.0, "ours": 1.0}
"""A metric, lower is better, in the order of :data:`STRENGTHS`; the made-up run's PSNR is in another."""


@pytest.fixture(scope="module")
def read(answers: Path, study: Study) -> Answers:
    return read_answers([answers], study.key_file)


def with_metric(run: RunData, name: str, values: dict[str, float], direction: str, noise: float = 0.0) -> RunData:
    """The run with one more metric: a score of each image, and its mean."""
    random = np.random.default_rng(0)
    images = list(run.per_image("psnr").index)
    rows = [(m, i, name, value + noise * random.normal(), "ok") for m, value in values.items() for i in images]
    scores = pd.concat([run.scores, pd.DataFrame(rows, columns=list(run.scores.columns))])
    more = [{"method": m, "metric": name, "value": v, "status": "ok", "n": 8.0} for m, v in values.items()]
    summary = pd.concat([run.summary, pd.DataFrame(more).assign(direction=direction, unit="", note="")])
    return replace(run, scores=scores, summary=summary)


def of(run: RunData, read: Answers, metric: str, question: int = 0) -> MetricAgreement:
    found = compare_metrics(run, read, draws=200)[question]
    return next(each for each in found.metrics if each.metric == metric)


@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_agreement_is_the_share_of_answers_with_the_better_score(study: Study, read: Answers, noise: float) -> None:
    run = with_metric(study.run, "good", GOOD, "lower", noise)
    scores = run.per_image("good")
    kept, _ = sort_out(read)
    table, key = read.table(0, kept), read.key
    shares = []
    for image, first, second, outcome in zip(table.image, table.first, table.second, table.outcome, strict=True):
        a, b = (scores.loc[key.images[image], key.methods[m]] for m in (first, second))
        preferred = {0: a < b, 1: b < a, 2: None}[int(outcome)]
        shares.append(0.5 if preferred is None or a == b else float(preferred))
    found = of(run, read, "good")
    assert found.agreement.value == pytest.approx(np.mean(shares))
    assert found.answers == len(shares) == 120
    assert found.agreement.low < found.agreement.value < found.agreement.high


def test_directions_are_taken_into_account(study: Study, read: Answers) -> None:
    lower = of(with_metric(study.run, "good", GOOD, "lower"), read, "good")
    higher = of(with_metric(study.run, "good", {m: -v for m, v in GOOD.items()}, "higher"), read, "good")
    wrong = of(with_metric(study.run, "good", GOOD, "higher"), read, "good")
    assert lower == higher
    assert (lower.spearman.value, lower.kendall.value) == (1, 1)
    assert (wrong.spearman.value, wrong.kendall.value) == (-1, -1)
    assert wrong.agreement.value == pytest.approx(1 - lower.agreement.value)
    assert lower.p == pytest.approx(2 / 6)  # of three methods' orders, one and its reverse


def test_metric_without_scores_of_images_has_ranks_alone(study: Study, read: Answers) -> None:
    found = of(study.run, read, "latency_ms")
    assert math.isnan(found.agreement.value)
    assert found.answers == 0
    assert found.spearman.value == -0.5  # ours is preferred, bicubic is fastest
    assert found.methods == 3


def test_metric_of_two_methods_has_no_rank_correlation(study: Study, read: Answers) -> None:
    found = of(study.run, read, "kid")  # invalid for bicubic
    assert found.methods == 2
    assert math.isnan(found.kendall.value)


def test_intervals_of_ranks_show_when_an_order_is_uncertain(study: Study, read: Answers) -> None:
    clear = of(with_metric(study.run, "good", GOOD, "lower"), read, "good")
    close = {"bicubic": 1.0, "scgan": 1.0001, "ours": 1.0002}
    unclear = of(with_metric(study.run, "good", close, "higher", noise=0.1), read, "good")
    assert clear.kendall.low > 0
    assert unclear.kendall.low < unclear.kendall.high


def test_agreement_of_raters_with_most_others(study: Study, read: Answers) -> None:
    kept, _ = sort_out(read)
    table = read.table(0, kept)
    rows = list(zip(table.image, table.pair, table.outcome, strict=True))
    shares = []
    for place, (image, pair, outcome) in enumerate(rows):
        others = [o for n, (i, p, o) in enumerate(rows) if (i, p) == (image, pair) and n != place]
        if others:
            lead = others.count(0) - others.count(1)
            shares.append(0.5 if outcome == 2 or lead == 0 else float((outcome == 0) == (lead > 0)))
    found = compare_metrics(study.run, read, draws=50)[0]
    assert found.raters.value == pytest.approx(np.mean(shares))
    assert found.smallest_p == pytest.approx(2 / 6)


def test_run_without_a_direction_is_refused(study: Study, read: Answers) -> None:
    run = replace(study.run, summary=study.run.summary.assign(direction="none"), manifest={})
    with pytest.raises(UserError, match="no metric with a direction"):
        compare_metrics(run, read)
