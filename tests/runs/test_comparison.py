"""Which differences of a run are called differences."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made.places import ROOT

from fsrbench.errors import UserError
from fsrbench.runs import times
from fsrbench.runs.comparison import compare_run, paired, tied_with_best, told_apart
from fsrbench.runs.data import RunData

UNITS = {
    "psnr": ("dB", "higher"),
    "niqe": ("", "lower"),
    "hue": ("", "none"),
    "latency_ms": ("ms", "lower"),
    "throughput": ("images/s", "higher"),
}
RESULTS = ROOT / "results"
IMAGES = [f"p{i // 4:02}/{i}" for i in range(80)]
PEOPLE = {image: image[:3] for image in IMAGES}


def made(
    scores: dict[tuple[str, str], np.ndarray],
    values: dict[tuple[str, str], tuple[float, float, float]] | None = None,
    blocks: dict[tuple[str, str], np.ndarray] | None = None,
    status: str = "ok",
) -> RunData:
    """A run in memory from scores by (method, metric), and values with intervals of what has no scores."""
    blocks = blocks or {}
    means = {key: (float(np.nanmean(s)), np.nan, np.nan) for key, s in (scores | blocks).items()}
    rows = [
        (*key, *value, 80, *UNITS.get(key[1], ("", "lower")), status, "")
        for key, value in (means | (values or {})).items()
    ]
    names = ["method", "metric", "value", "ci_low", "ci_high", "n", "unit", "direction", "status", "note"]
    per_image = [(m, i, k, v, "ok") for (m, k), s in scores.items() for i, v in zip(IMAGES, s, strict=False)]
    per_block = [(m, k, f"block {i}", v) for (m, k), s in blocks.items() for i, v in enumerate(s)]
    return RunData(
        Path("run"),
        pd.DataFrame(per_image, columns=["method", "image", "metric", "value", "status"]),
        pd.DataFrame(rows, columns=names),
        {},
        images=pd.DataFrame(PEOPLE.items(), columns=["image", "identity"]),
        blocks=pd.DataFrame(per_block, columns=["method", "metric", "block", "value"]),
    )


def noise(seed: int, size: int = 80) -> np.ndarray:
    return np.random.RandomState(seed).normal(0, 1, size)


BASE = 25 + 3 * noise(0)


@pytest.mark.parametrize(("metric", "higher", "lower"), [("psnr", "better", "worse"), ("niqe", "worse", "better")])
def test_verdicts_follow_the_direction(metric, higher, lower):
    scores = {"a": BASE, "more": BASE + 1 + noise(1), "less": BASE - 1 + noise(2), "same": BASE + 0.1 * noise(3)}
    run = made({(m, metric): s for m, s in scores.items()})
    found = {row.method: row for row in compare_run(run, "a")}
    assert {m: row.verdict for m, row in found.items()} == {"more": higher, "less": lower, "same": "same"}
    assert found["more"].difference == pytest.approx(1 + noise(1).mean())


def test_without_a_direction_a_difference_is_neither_better_nor_worse():
    run = made({("a", "hue"): BASE, ("b", "hue"): BASE + 1 + 0.1 * noise(1)})
    assert [row.verdict for row in compare_run(run, "a")] == ["other"]


def test_p_is_corrected_for_all_tests_of_the_comparison():
    scores = {("a", "psnr"): BASE} | {(f"m{i}", "psnr"): BASE + 0.21 + noise(10 + i) for i in range(12)}
    rows = compare_run(made(scores), "a")
    assert all(row.p_corrected >= row.paired.p for row in rows if row.paired)
    alone = compare_run(made({key: scores[key] for key in (("a", "psnr"), ("m2", "psnr"))}), "a")[0]
    among = next(row for row in rows if row.method == "m2")
    assert alone.p_corrected == alone.paired.p  # type: ignore[union-attr]
    assert among.p_corrected > alone.p_corrected


def test_pictures_of_one_person_count_as_one():
    by_person = np.repeat(noise(4, 20), 4)  # twenty people, not eighty pictures, differ
    run = made({("a", "psnr"): BASE, ("b", "psnr"): BASE + 0.3 + by_person})
    with_people = paired(run, "psnr", "b", "a")
    run.images["identity"] = None
    del run.__dict__["identities"]
    alone = paired(run, "psnr", "b", "a")
    assert with_people is not None
    assert alone is not None
    assert with_people.p > 2 * alone.p
    assert with_people.ci_high - with_people.ci_low > 1.5 * (alone.ci_high - alone.ci_low)


def test_a_picture_called_as_a_person_is_not_of_that_person():
    run = made({("a", "psnr"): np.array([20.0, 21.0]), ("b", "psnr"): np.array([21.0, 22.0])})
    for frame in (run.scores, run.images):
        frame["image"] = frame["image"].replace(IMAGES[1], "p00")
    run.images.loc[run.images["image"] == "p00", "identity"] = None
    found = paired(run, "psnr", "b", "a")
    assert found is not None
    assert found.p == 0.5  # two of the four exchanges of two people; of one person all are as large


def test_only_images_that_both_have_are_compared():
    holes = BASE + 1
    holes[:10], holes[10:12] = np.nan, np.inf
    found = paired(made({("a", "psnr"): BASE, ("b", "psnr"): holes}), "psnr", "b", "a")
    assert found is not None
    assert (found.n, found.difference) == (68, pytest.approx(1))


def failed_where_it_is_hard() -> RunData:
    """``b`` is worse than ``a`` on every image and has no score of the twenty hardest, so that its mean is higher."""
    worse = BASE - 0.2 + 0.01 * noise(1)
    worse[np.argsort(BASE)[:20]] = np.nan
    return made({("a", "psnr"): BASE, ("b", "psnr"): worse})


def test_a_method_that_failed_on_the_hardest_images_is_judged_on_the_others():
    run = failed_where_it_is_hard()
    assert run.result("b", "psnr").value > run.result("a", "psnr").value  # type: ignore[union-attr]
    (row,) = compare_run(run, "a")
    assert row.paired is not None
    assert row.paired.ci_low < row.difference < row.paired.ci_high
    assert row.difference == pytest.approx(-0.2, abs=0.01)
    assert row.verdict == "worse"


def test_numbers_of_whole_sets_are_compared_by_their_blocks():
    blocks = {("a", "kid"): noise(5, 20), ("b", "kid"): noise(5, 20) + 0.2, ("c", "kid"): noise(6, 20)}
    found = {row.method: row for row in compare_run(made({}, blocks=blocks), "a")}
    assert {m: (row.verdict, row.paired.n if row.paired else 0) for m, row in found.items()} == {
        "b": ("worse", 20),
        "c": ("same", 20),
    }


def test_without_scores_intervals_decide_and_without_intervals_the_values():
    times = {"a": (3.0, 2.9, 3.1), "near": (3.15, 3.05, 3.3), "far": (9.0, 8.0, 10.0)}
    sizes = {"a": (5.0, np.nan, np.nan), "near": (5.0, np.nan, np.nan), "far": (5.1, np.nan, np.nan)}
    values = {(m, "latency_ms"): v for m, v in times.items()} | {(m, "params"): v for m, v in sizes.items()}
    rows = compare_run(made({}, values), "a")
    assert [row.verdict for row in rows] == ["same", "worse", "same", "worse"]
    assert all(row.paired is None and np.isnan(row.p_corrected) for row in rows)


@pytest.mark.parametrize(
    ("first", "second"), [((0.1, np.nan, np.nan), (0.2, np.nan, np.nan)), ((0.1, 0.09, 0.11), (0.2, np.nan, np.nan))]
)
def test_values_without_intervals_are_not_compared(first, second):
    """KID of many images and FID of singular blocks have none."""
    (row,) = compare_run(made({}, {("a", "kid"): first, ("b", "kid"): second}), "a")
    assert (row.verdict, row.reason) == ("untested", "no interval")


def test_blocks_of_one_method_alone_are_no_test():
    run = made({}, {("b", "kid"): (0.2, np.nan, np.nan)}, {("a", "kid"): noise(1, 20)})
    (row,) = compare_run(run, "a")
    assert (row.verdict, row.reason) == ("untested", "no interval")


def only_on(images: int, scores: np.ndarray) -> np.ndarray:
    return np.where(np.arange(len(scores)) < images, scores, np.nan)


@pytest.mark.parametrize(("images", "verdict"), [(1, "untested"), (39, "untested"), (40, "better")])
def test_half_of_the_images_must_be_in_common(images, verdict):
    scores = {("a", "psnr"): BASE, ("b", "psnr"): only_on(images, BASE + 13 + 0.1 * noise(1))}
    (row,) = compare_run(made(scores), "a")
    assert row.verdict == verdict
    assert row.reason == ("" if verdict == "better" else f"{images} of 80 images in common")


def test_a_number_of_a_small_part_of_the_set_is_not_compared():
    run = made({}, blocks={("a", "kid"): noise(1, 20), ("b", "kid"): noise(2, 20) + 9})
    run.summary.loc[run.summary["method"] == "b", "n"] = 30
    (row,) = compare_run(run, "a")
    assert (row.verdict, row.reason) == ("untested", "measured on 30 and 80 images")


@pytest.mark.parametrize("metric", ["psnr", "niqe"])
def test_equal_to_hr_is_better_than_any_number(metric):
    equal = np.full(80, np.inf if metric == "psnr" else -np.inf)
    equal[3] = 30.0
    (row,) = compare_run(made({("a", metric): BASE + 10, ("b", metric): equal}, None), "a")
    assert (row.verdict, row.reason) == ("better", "79 infinite: by rank")
    assert row.paired is not None
    assert row.paired.n + row.paired.infinite == 80
    assert row.win_rate == pytest.approx((79 + (equal[3] > BASE[3] + 10 if metric == "psnr" else 0)) / 80, abs=0.013)


def test_a_few_infinite_scores_do_not_outweigh_the_others():
    lucky = BASE - 5
    lucky[:4] = np.inf
    (row,) = compare_run(made({("a", "psnr"): BASE, ("b", "psnr"): lucky}), "a")
    assert row.verdict == "worse"
    assert tied_with_best(made({("a", "psnr"): BASE, ("b", "psnr"): lucky}), "psnr") == ("a", [])


def test_too_few_people_tell_nothing():
    run = made({("a", "psnr"): BASE[:20], ("b", "psnr"): BASE[:20] + 13})
    (row,) = compare_run(run, "a")
    assert (row.verdict, row.reason) == ("few", "5 people, 1 test")


def test_how_many_people_are_few_depends_on_the_number_of_tests():
    """Of seven people the smallest p is 1/64: enough for three tests and not for four."""
    scores = {(m, "psnr"): BASE[:28] + 5 * i for i, m in enumerate("abcde")}
    three, four = ({key: scores[key] for key in list(scores)[:count]} for count in (4, 5))
    assert {row.verdict for row in compare_run(made(three), "a")} == {"better"}
    assert {row.verdict for row in compare_run(made(four), "a")} == {"few"}


@pytest.mark.parametrize(("metric", "wins"), [("psnr", 1.0), ("niqe", 0.0), ("hue", 1.0)])
def test_wins_are_of_the_better(metric, wins):
    (row,) = compare_run(made({("a", metric): BASE, ("b", metric): BASE + 1}), "a")
    assert row.win_rate == wins


def test_pairs_that_a_test_tells_apart():
    scores = {"a": BASE, "b": BASE + 0.01 * noise(1), "c": BASE + 3}
    run = made({(m, "psnr"): s for m, s in scores.items()})
    assert told_apart(run, "psnr") == {frozenset("ac"), frozenset("bc")}


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [
        ((3.26, 3.20, 3.29), (3.40, 3.36, 3.44), "same"),  # equal networks of results/faces_hr_bicubic
        ((3.0, 2.99, 3.01), (3.0 * 1.19, 3.55, 3.58), "same"),
        ((3.0, 2.99, 3.01), (3.0 * 1.21, 3.60, 3.65), "worse"),
        ((3.0 * 1.21, 3.60, 3.65), (3.0, 2.99, 3.01), "better"),
        ((3.0, 2.0, 9.0), (30.0, 8.0, 40.0), "same"),
    ],
)
def test_times_are_ranked_beyond_the_band_alone(first, second, verdict):
    values = {("a", "latency_ms"): first, ("b", "latency_ms"): second}
    run = made({}, values)
    assert [row.verdict for row in compare_run(run, "a")] == [verdict]
    tied = tied_with_best(run, "latency_ms")
    assert tied is not None
    assert bool(tied[1]) == (verdict == "same")


def test_equal_networks_of_the_committed_results_are_not_told_apart():
    equal, pairs = [["ours", "ours-psnr"], ["ours-paper", "ours-short"]], 0
    for folder, names in product([path.parent for path in RESULTS.glob("*/summary.csv")], equal):
        summary = pd.read_csv(folder / "summary.csv", keep_default_na=False, na_values=[""])
        rows = summary[summary["unit"].isin(times.UNITS) & summary["method"].isin(names)]
        for metric, found in rows.groupby("metric"):
            numbers = found.set_index("method")[["value", "ci_low", "ci_high"]].T.to_dict("list")
            run = made({}, {(method, str(metric)): tuple(values) for method, values in numbers.items()})
            verdicts = [row.verdict for base in numbers for row in compare_run(run, base)]
            assert set(verdicts) <= {"same"}, (folder, metric, numbers)
            pairs += len(verdicts) // 2
    assert pairs >= 12


def test_metrics_can_be_chosen_and_unknown_names_are_answered():
    run = made({(m, k): BASE for m in "ab" for k in ("psnr", "niqe")})
    assert [row.metric for row in compare_run(run, "a", ["niqe"])] == ["niqe"]
    with pytest.raises(UserError, match="no method c in this run; it has a, b"):
        compare_run(run, "c")
    with pytest.raises(UserError, match="no metric ssim in this run; it has psnr, niqe"):
        compare_run(run, "a", ["ssim"])


# --- the best and its equals


@pytest.mark.parametrize(("metric", "sign"), [("psnr", 1), ("niqe", -1)])
def test_the_best_and_what_cannot_be_told_from_it(metric, sign):
    scores = {"worst": BASE - 2 * sign, "best": BASE + 0.01 * sign + 0.2 * noise(1), "equal": BASE}
    run = made({(m, metric): s for m, s in scores.items()})
    assert tied_with_best(run, metric) == ("best", ["equal"])
    assert tied_with_best(run, metric, ["equal", "worst"]) == ("equal", [])


def test_the_best_value_is_not_the_best_method_where_another_is_better_on_the_same_images():
    assert tied_with_best(failed_where_it_is_hard(), "psnr") == ("b", ["a"])


def test_nothing_is_best_without_a_direction_alone_or_failed():
    assert tied_with_best(made({("a", "hue"): BASE, ("b", "hue"): BASE}), "hue") is None
    assert tied_with_best(made({("a", "psnr"): BASE}), "psnr") is None
    assert tied_with_best(made({("a", "psnr"): BASE, ("b", "psnr"): BASE + 1}, status="failed"), "psnr") is None


def test_the_ceiling_is_not_the_best():
    run = made({("a", "psnr"): BASE, ("b", "psnr"): BASE - 1, ("hr", "psnr"): BASE + 9})
    assert tied_with_best(run, "psnr") == ("a", [])
