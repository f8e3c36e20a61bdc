"""Numbers by group: means, intervals and tests of a made run, and what is not ranked."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from made.grouped import IMAGES, PERSON, SEX, labels, scores, write_grouped, write_labels

from fsrbench.errors import UserError
from fsrbench.runs.by_group import ByGroup, by_group, compare_by_group, left_out
from fsrbench.runs.data import RunData
from fsrbench.runs.grouping import groupings, labels_of
from fsrbench.stats import holm, mean_interval
from fsrbench.stats.gaps import gap_test


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunData:
    return write_grouped(tmp_path_factory.mktemp("grouped") / "run")


def rows(run: RunData, by: str, **options: object) -> dict[tuple[str, str, str], ByGroup]:
    found = by_group(run, groupings(run.labels, by), **options)  # type: ignore[arg-type]
    return {(row.column, row.metric, row.method): row for row in found}


def test_values_are_the_means_and_intervals_of_the_groups_images(run):
    row = rows(run, "sex", metrics=["psnr"])["sex", "psnr", "unfair"]
    values = scores()["unfair", "psnr"]
    for group in row.groups:
        own = values[group.group == SEX]
        assert group.value == pytest.approx(own.mean())
        expected = mean_interval(own, 0, PERSON[group.group == SEX])
        assert (group.ci_low, group.ci_high) == pytest.approx(expected)
        assert (group.images, group.people, group.ranked) == (40, 20, True)


def test_p_is_the_gap_tests_and_corrected_over_the_call(run):
    found = rows(run, "sex,expression", metrics=["psnr", "niqe"])
    row = found["sex", "psnr", "unfair"]
    codes = (SEX == "male").astype(int)
    assert row.p == pytest.approx(gap_test(scores()["unfair", "psnr"], codes, PERSON), abs=0.003)
    assert [each.p_corrected for each in found.values()] == pytest.approx(holm([each.p for each in found.values()]))


def test_the_planted_gap_alone_is_found(run):
    found = rows(run, "sex,expression")
    apart = {key for key, row in found.items() if row.p_corrected < 0.05}
    assert apart == {("sex", metric, "unfair") for metric in ("psnr", "niqe", "hue", "detection")}
    worst = {metric: found["sex", metric, "unfair"].worst(run.metric(metric).direction) for metric in run.metrics[:4]}
    assert worst == {"psnr": "male", "niqe": "male", "hue": "", "detection": "male"}
    row = found["sex", "psnr", "unfair"]
    values = scores()["unfair", "psnr"]
    assert row.gap == pytest.approx(values[SEX == "female"].mean() - values[SEX == "male"].mean())


def test_equal_scores_are_not_tested(run):
    row = rows(run, "sex")["sex", "detection", "plain"]
    assert (math.isnan(row.p), row.gap, row.reason) == (True, 0, "all scores are equal")
    assert row.groups[0].ci_low == pytest.approx(0.8316, abs=1e-3)  # Clopper and Pearson's for 20 of 20


def test_groups_of_few_people_are_shown_and_not_ranked(run):
    row = rows(run, "town", metrics=["psnr"])["town", "psnr", "plain"]
    assert [(group.group, group.people, group.ranked) for group in row.groups] == [
        *(("a", 18, True), ("b", 18, True)),
        ("few", 4, False),
    ]
    assert math.isfinite(row.groups[2].value)
    assert {group.group for group in row.ranked} == {"a", "b"}
    wider = rows(run, "town", metrics=["psnr"], min_people=4)["town", "psnr", "plain"]
    assert len(wider.ranked) == 3


def test_too_few_people_for_any_group_are_refused(run):
    with pytest.raises(UserError, match=r"too few people: sex has female 20, male 20; two groups of 21 are needed"):
        rows(run, "sex", min_people=21)
    # One column of two that can be tested is enough
    found = rows(run, "sex,town", min_people=19, metrics=["psnr"])
    assert found["town", "psnr", "plain"].reason == "too few people"


def test_infinite_scores_and_images_without_a_label_are_left_out(run):
    chosen = groupings({"age": labels()["age"]}, "age:38")
    frame = run.scores.copy()
    frame.loc[frame["image"].isin(IMAGES[2:4]) & (frame["metric"] == "psnr"), "value"] = np.inf
    changed = RunData(run.path, frame, run.summary, run.manifest, images=run.images, labels=run.labels)
    row = by_group(changed, chosen, ["psnr"], ["plain"])[0]
    assert sum(group.images for group in row.groups) == 80 - 2 - 2
    assert row.reason == "2 images with an infinite score left out"


def test_comparison_asks_whether_the_lead_differs(run):
    found = compare_by_group(run, groupings(run.labels, "sex,expression"), "plain", ["psnr", "hue"])
    apart = {(row.column, row.metric): row for row in found if row.p_corrected < 0.05}
    assert set(apart) == {("sex", "psnr"), ("sex", "hue")}
    row = apart["sex", "psnr"]
    difference = scores()["unfair", "psnr"] - scores()["plain", "psnr"]
    assert (row.method, row.base) == ("unfair", "plain")
    assert [group.value for group in row.groups] == pytest.approx(
        [difference[SEX == "female"].mean(), difference[SEX == "male"].mean()]
    )
    assert row.worst("higher") == "male"


def test_one_method_alone_is_not_compared(run):
    with pytest.raises(UserError, match="there is no method besides plain to compare"):
        compare_by_group(run, groupings(run.labels, "sex"), "plain", methods=["plain"])
    with pytest.raises(UserError, match="no method nobody in this run"):
        compare_by_group(run, groupings(run.labels, "sex"), "nobody")


def test_metrics_of_the_whole_set_have_no_groups(run):
    assert left_out(run, []) == ["fid"]
    with pytest.raises(UserError, match="fid: no per-image scores, and this run did not compute it by these groups"):
        by_group(run, groupings(run.labels, "sex"), ["fid"])
    with pytest.raises(UserError, match="no metric lpips in this run"):
        by_group(run, groupings(run.labels, "sex"), ["lpips"])
    with pytest.raises(UserError, match="no method nobody in this run"):
        by_group(run, groupings(run.labels, "sex"), None, ["nobody"])


def test_a_file_of_labels_takes_the_place_of_the_runs_own(run, tmp_path: Path):
    file = write_labels(tmp_path / "more.csv", {"sex": dict.fromkeys(IMAGES, "x"), "hat": dict.fromkeys(IMAGES, "no")})
    found = labels_of(run, file)
    assert set(found) == {"sex", "age", "expression", "town", "hat"}
    assert set(found["sex"].values()) == {"x"}


def test_a_run_without_labels_says_how_to_give_them(tmp_path: Path):
    plain = write_grouped(tmp_path / "run", groups=False)
    with pytest.raises(UserError, match=r"has no labels of its images: give --groups FILE.csv"):
        labels_of(plain)
