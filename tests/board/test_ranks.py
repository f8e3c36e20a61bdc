"""Rank ranges against the single test of each pair, and against the truth in draws without any difference."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from fsrbench.board.ranks import rank_scores, rank_values
from fsrbench.runs.metric_info import Result
from fsrbench.stats.corrections import holm
from fsrbench.stats.paired import p_value

DRAWS = 200
"""Of the daily simulation; docs/board.md has the shares of 1,000."""


def one_by_one(scores: pd.DataFrame, lower: bool, people: list[str] | None = None) -> dict[str, tuple[int, int]]:
    """The definition, without any shortcut: the project's test of each pair on its own images."""
    pairs = list(combinations(scores.columns, 2))
    tests = []
    for first, second in pairs:
        both = scores[[first, second]].dropna()
        who = None if people is None else np.array(people)[scores.index.isin(both.index)]
        tests.append(p_value((both[first] - both[second]).to_numpy(), clusters=who))
    wins = dict.fromkeys(scores.columns, 0)
    losses = dict(wins)
    for (first, second), p in zip(pairs, holm(tests), strict=True):
        if p < 0.05:
            both = scores[[first, second]].dropna()
            ahead = (both[first].mean() > both[second].mean()) != lower
            better, worse = (first, second) if ahead else (second, first)
            wins[better] += 1
            losses[worse] += 1
    return {name: (1 + losses[name], len(wins) - wins[name]) for name in scores.columns}


def made(methods: int, images: int, seed: int = 0, apart: float = 0.3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(images, 1)) + rng.normal(size=(images, methods)) + apart * rng.integers(0, 4, methods)
    return pd.DataFrame(values, [f"id/{i}" for i in range(images)], [f"m{i}" for i in range(methods)])


@pytest.mark.parametrize("lower", [False, True])
def test_ranges_are_those_of_the_single_tests(lower: bool) -> None:
    scores = made(6, 60)
    found = rank_scores(scores, lower)
    assert found.how == "paired"
    assert found.ranges == one_by_one(scores, lower)
    assert len(set(found.ranges.values())) > 2


def test_pictures_of_a_person_stay_together() -> None:
    own = np.repeat(np.random.default_rng(3).normal(size=(15, 4)), 4, axis=0)  # what a method makes of a person
    scores = made(4, 60, apart=0) + 2 * (own - own.mean(axis=0))
    scores["m0"] += 1.5  # 1.6 standard errors over people, and 3.7 over pictures
    people = [f"person {i // 4}" for i in range(60)]
    found = rank_scores(scores, False, people)
    assert found.ranges == one_by_one(scores, False, people)
    assert found.ranges != rank_scores(scores, False).ranges


def test_two_methods_are_compared_on_the_images_that_both_have() -> None:
    scores = made(5, 60)
    scores.iloc[:20, 0] = np.nan
    scores.iloc[50:, 1] = np.nan
    scores.iloc[0, 2] = np.nan
    assert rank_scores(scores, False).ranges == one_by_one(scores, False)


def test_few_images_in_common_are_no_comparison() -> None:
    """A method that was scored on easy images alone beats nobody."""
    scores = made(3, 60, apart=0)
    scores["m0"] += 20
    assert rank_scores(scores, False).ranges["m0"] == (1, 1)
    scores.loc[scores.index[20:], "m0"] = np.nan
    assert rank_scores(scores, False).ranges["m0"] == (1, 3)


def test_too_few_people_share_one_range() -> None:
    scores = made(3, 60, apart=9)
    found = rank_scores(scores, False, [f"person {i % 5}" for i in range(60)])
    assert (found.how, set(found.ranges.values())) == ("few", {(1, 3)})


def test_equal_scores_are_tied_and_infinite_ones_are_above() -> None:
    scores = made(2, 40)
    scores["m1"] = scores["m0"]
    assert set(rank_scores(scores, False).ranges.values()) == {(1, 2)}
    scores["m1"] = np.inf
    assert rank_scores(scores, False).ranges == {"m0": (2, 2), "m1": (1, 1)}


def test_one_method_has_no_rank() -> None:
    assert rank_scores(made(1, 20), False).ranges == {}


def result(value: float, low: float = np.nan, high: float = np.nan) -> Result:
    return Result(value, low, high, 20, "ok", "")


def test_values_are_told_apart_by_their_intervals() -> None:
    found = {"a": result(30, 28, 32), "b": result(31, 29, 33), "c": result(40, 38, 42), "d": result(10)}
    ranking = rank_values(found, lower=True, exact=False)
    assert ranking.how == "intervals"
    assert ranking.ranges == {"a": (1, 3), "b": (1, 3), "c": (3, 4), "d": (1, 4)}


def test_counts_are_told_apart_exactly_and_times_beyond_a_band() -> None:
    counts = {"a": result(0.69), "b": result(0.69), "c": result(15.0)}
    assert rank_values(counts, lower=True, exact=True).ranges == {"a": (1, 2), "b": (1, 2), "c": (3, 3)}
    times = {"a": result(10, 9.9, 10.1), "b": result(11, 10.9, 11.1), "c": result(13, 12.9, 13.1)}
    assert rank_values(times, lower=True, exact=False, timed=True).ranges == {"a": (1, 2), "b": (1, 3), "c": (2, 3)}
    assert rank_values({"a": result(1), "b": result(2)}, lower=True, exact=False).how == "none"


def share_of_ties(methods: int, people: int, draws: int, seed: int) -> float:
    """How often all of some methods that do not differ share one range."""
    rng = np.random.default_rng(seed)
    tied = 0
    for _ in range(draws):
        person = rng.normal(size=(people, 1, 1)) + rng.normal(scale=0.5, size=(people, 1, methods))
        values = (person + rng.normal(size=(people, 3, methods))).reshape(-1, methods)
        ranges = rank_scores(pd.DataFrame(values), False, [str(i) for i in range(people) for _ in range(3)]).ranges
        tied += len(set(ranges.values())) == 1
    return tied / draws


@pytest.mark.parametrize(("methods", "people"), [(2, 20), (6, 40)])
def test_methods_that_do_not_differ_share_one_range(methods: int, people: int) -> None:
    assert share_of_ties(methods, people, DRAWS, seed=methods) > 0.919  # 0.95 less two standard errors


@pytest.mark.slow
@pytest.mark.parametrize(("methods", "people"), [(2, 20), (6, 40), (12, 100), (30, 64)])
def test_methods_that_do_not_differ_share_one_range_in_many_draws(methods: int, people: int) -> None:
    assert share_of_ties(methods, people, 1000, seed=methods) >= 0.935
