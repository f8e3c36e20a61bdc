"""Numbers made again from scores and blocks: what agrees and what does not, by an independent computation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from made import bundles
from scipy import stats

from fsrbench.bundle.schema import Document, Summary
from fsrbench.bundle.summaries import SummaryCheck
from fsrbench.provenance.versions import versions

PEOPLE = 20
IMAGES = [f"id{person:02d}/{picture}" for person in range(PEOPLE) for picture in range(2)]
SCORES = np.random.RandomState(0).normal(30, 2, len(IMAGES))
NOTHING = pd.DataFrame(columns=["metric", "block", "value"])


def result(**row: Any) -> Any:
    """A result with one number, whose t interval over people is computed here."""
    by_person = SCORES.reshape(PEOPLE, 2).mean(axis=1)
    low, high = stats.t.interval(0.95, PEOPLE - 1, by_person.mean(), stats.sem(by_person))
    made = bundles.document({})
    made["results"][0]["images"] = [{"id": image, "identity": image[:4]} for image in IMAGES]
    made["results"][0]["versions"] = versions()
    number = made["results"][0]["summaries"][0]
    number.update({"value": float(SCORES.mean()), "ci_low": low, "ci_high": high, "n": len(IMAGES)} | row)
    return Document.model_validate(made, strict=False).results[0]


def frame(values: np.ndarray, metric: str = "psnr", status: str = "ok") -> pd.DataFrame:
    return pd.DataFrame({"image": IMAGES, "metric": metric, "value": values, "status": status})


def check(scores: pd.DataFrame, blocks: pd.DataFrame = NOTHING, **row: Any) -> list[str]:
    made = result(**row)
    number: Summary = made.summaries[0]
    return SummaryCheck(made, scores, blocks, ()).number(number)[1]


def test_the_t_interval_over_people_agrees() -> None:
    assert check(frame(SCORES)) == []


@pytest.mark.parametrize(
    ("row", "line"),
    [
        ({"value": SCORES.mean() + 1e-6}, "is 30"),
        ({"ci_low": SCORES.mean() - 0.1}, "its interval is"),
        ({"ci_low": None, "ci_high": None}, "its interval is none to none"),
        ({"n": 39}, "n is 39, and there are 40 finite scores"),
        ({"value": None}, "is called ok and has no number"),
        ({"status": "invalid"}, "is called invalid and has a number"),
    ],
)
def test_other_numbers_do_not(row: dict[str, Any], line: str) -> None:
    assert any(found.startswith(line) for found in check(frame(SCORES), **row))


def test_a_rate_has_the_interval_of_rates() -> None:
    """All hits: Clopper and Pearson's interval of as many trials as there are people."""
    low = 0.025 ** (1 / PEOPLE)
    rate = {"metric": "detection", "unit": "fraction", "value": 1.0, "ci_high": 1.0}
    hits = frame(np.ones(len(IMAGES)), "detection")
    assert check(hits, **rate, ci_low=low) == []
    assert check(hits, **rate, ci_low=low - 0.05)[0].startswith("its interval is")


def test_infinite_scores_are_left_out_of_psnr() -> None:
    values = SCORES.copy()
    values[:2] = np.inf  # both of one person
    rest = SCORES[2:].reshape(PEOPLE - 1, 2).mean(axis=1)
    low, high = stats.t.interval(0.95, PEOPLE - 2, rest.mean(), stats.sem(rest))
    assert check(frame(values), value=float(SCORES[2:].mean()), ci_low=low, ci_high=high, n=38) == []
    assert check(frame(values, "ssim"), metric="ssim", unit="")[0].startswith("is 3")


def test_a_number_of_the_set_is_the_mean_of_its_blocks() -> None:
    values = np.random.RandomState(1).normal(40, 5, 20)
    blocks = pd.DataFrame({"metric": "fid", "block": [f"block {i}" for i in range(20)], "value": values})
    half = stats.t.ppf(0.975, 19) * stats.sem(values)
    row = {"metric": "fid", "unit": "", "direction": "lower", "value": float(values.mean())}
    ends = {"ci_low": values.mean() - half, "ci_high": values.mean() + half}
    none = frame(SCORES).iloc[:0]
    assert check(none, blocks, **row, **ends) == []
    assert check(none, blocks, **row | {"value": 39.0}, **ends)[0].startswith("is 39, the mean of its blocks")
    assert check(none, blocks, **row, **ends | {"ci_high": 60.0})[0].startswith("its interval is")
    assert check(none, blocks, **row, **ends, n=41)[0] == "n is 41, and there are 40 images"


def test_a_metric_that_scores_images_needs_their_scores() -> None:
    assert check(frame(SCORES).iloc[:0]) == ["a number without a score of any image"]


def test_a_number_of_its_own_is_free_and_bounded() -> None:
    shares = frame(np.full(len(IMAGES), 0.5), "verification")
    row = {"metric": "verification", "unit": "fraction", "ci_low": 0.6, "ci_high": 0.9}
    made = result(**row, value=0.8)
    checked = SummaryCheck(made, shares, NOTHING, ())
    assert checked.number(made.summaries[0])[1] == []
    assert checked.is_free(made.summaries[0])
    assert check(shares, **row, value=1.2)[0] == "is 1.2, beyond 0 to 1"
    assert check(shares, **row, value=0.95)[0] == "is 0.95, outside its interval 0.6 to 0.9"


def test_with_other_libraries_the_ends_may_move_a_little() -> None:
    made = result()
    number = made.summaries[0]
    width = number.ci_high - number.ci_low
    moved = number.model_copy(update={"ci_low": number.ci_low - 0.05 * width})
    assert SummaryCheck(made, frame(SCORES), NOTHING, ()).number(moved)[1]
    other = made.model_copy(update={"versions": made.versions | {"scipy": "0"}})
    assert SummaryCheck(other, frame(SCORES), NOTHING, ()).number(moved)[1] == []


def test_scores_of_no_metric_of_the_result_are_named() -> None:
    made = result()
    (line,) = SummaryCheck(made, pd.concat([frame(SCORES), frame(SCORES, "ssim")]), NOTHING, ()).strangers()
    assert line == "of ssim, which the result does not have"
