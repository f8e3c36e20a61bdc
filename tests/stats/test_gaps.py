"""The gap test: it rejects as often as it should, finds what is there, and its statistic is the textbook's."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import scipy.stats

from fsrbench.stats.gaps import Groups, gap_test

DRAWS, PEOPLE = 500, 48
RNG = np.random.default_rng


def scores(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Scores that vary between people and within them, and their people: one to four images per person."""
    person = np.repeat(np.arange(PEOPLE), rng.integers(1, 5, PEOPLE))
    return rng.normal(size=PEOPLE)[person] + 0.5 * rng.normal(size=len(person)), person


def of_people(rng: np.random.Generator, person: np.ndarray) -> np.ndarray:
    """Three groups of unequal size; everybody in one."""
    return rng.permutation(np.repeat([0, 1, 2], [10, 14, 24]))[person]


def of_images(rng: np.random.Generator, person: np.ndarray) -> np.ndarray:
    """An expression: each image's own."""
    return rng.integers(0, 2, len(person))


def mixed(rng: np.random.Generator, person: np.ndarray) -> np.ndarray:
    """An age near an edge: most people are in one group, some in both."""
    own = (rng.random(PEOPLE) < 0.4)[person]
    return np.where(rng.random(len(person)) < 0.1, ~own, own).astype(int)


@pytest.mark.heavy  # 500 tests of 199 permutations: two to five seconds each
@pytest.mark.parametrize("labels", [of_people, of_images, mixed])
def test_without_a_difference_3_to_7_of_100_tests_reject(labels):
    rng, found = RNG(0), []
    for seed in range(DRAWS):
        values, person = scores(rng)
        found.append(gap_test(values, labels(rng, person), person, 199, seed) <= 0.05)
    assert 0.03 <= np.mean(found) <= 0.07


@pytest.mark.heavy
def test_groups_that_only_vary_more_do_not_look_different():
    rng, found = RNG(3), []
    for seed in range(DRAWS):
        group = np.repeat([0, 1], [12, 48])
        values = rng.normal(size=60) * np.where(group == 0, 4, 1)
        found.append(gap_test(values, group, np.arange(60), 199, seed) <= 0.05)
    assert np.mean(found) <= 0.08  # a test of the plain difference rejects in 25 of 100


def test_images_taken_for_people_would_find_gaps_that_are_none():
    rng, alone, by_person = RNG(5), [], []
    for seed in range(100):
        person = np.repeat(np.arange(20), 6)
        values = rng.normal(size=20)[person] + 0.3 * rng.normal(size=120)
        group = rng.permutation(np.repeat([0, 1], 10))[person]
        alone.append(gap_test(values, group, np.arange(120), 99, seed) <= 0.05)
        by_person.append(gap_test(values, group, person, 99, seed) <= 0.05)
    assert np.mean(alone) > 0.3 > 0.12 > np.mean(by_person)


def test_a_gap_between_people_and_one_within_them_are_found():
    values, person = scores(RNG(1))
    group = of_people(RNG(2), person)
    assert gap_test(values + 1.5 * (group == 0), group, person) < 0.01
    # Half of what people differ by, and found because the same people smile
    rng, person, smiling = RNG(3), np.repeat(np.arange(PEOPLE), 2), np.tile([0, 1], PEOPLE)
    values = rng.normal(size=PEOPLE)[person] + 0.5 * rng.normal(size=len(person)) + 0.5 * smiling
    assert gap_test(values, smiling, person) < 0.01
    assert gap_test(values, smiling, np.arange(len(person))) > 0.05


def test_two_groups_of_one_image_each_are_welchs_t():
    values, group = RNG(0).normal(size=30), np.repeat([0, 1], [12, 18])
    values[:12] *= 3
    found = Groups(group, np.arange(30))
    observed = found._statistic((values - values.mean()) / values.std(), group)
    expected = scipy.stats.ttest_ind(values[:12], values[12:], equal_var=False)
    assert observed == pytest.approx(abs(expected.statistic))


def test_everybody_in_both_groups_is_the_paired_t():
    values, person = RNG(0).normal(size=40), np.repeat(np.arange(20), 2)
    group = np.tile([0, 1], 20)
    found = Groups(group, person)
    observed = found._statistic((values - values.mean()) / values.std(), group)
    assert observed == pytest.approx(abs(scipy.stats.ttest_rel(values[::2], values[1::2]).statistic))


def test_p_is_that_of_all_arrangements_by_hand():
    values, group = np.array([0.1, 0.5, 0.2, 1.4, 1.1, 0.9, 2.0]), np.array([0, 0, 0, 1, 1, 1, 1])

    def welch(codes: np.ndarray) -> float:
        return abs(scipy.stats.ttest_ind(values[codes == 0], values[codes == 1], equal_var=False).statistic)

    arrangements = [
        np.array([0 if i in first else 1 for i in range(7)]) for first in itertools.combinations(range(7), 3)
    ]
    observed = welch(group)
    exact = np.mean([welch(codes) >= observed - 1e-12 for codes in arrangements])
    assert gap_test(values, group, np.arange(7), 20_000) == pytest.approx(exact, abs=0.01)


def test_both_ways_to_compute_agree():
    values, person = scores(RNG(7))
    group = of_people(RNG(8), person)
    found = Groups(group, person)
    ordered, codes = values[found._order], group[found._order]
    assert found.constant
    assert found._of_people(ordered, codes[found._starts][None]) == pytest.approx(
        found._of_images(ordered, codes[None])
    )


def test_shuffles_keep_what_is_a_persons():
    person = np.array([0, 0, 1, 1, 2, 3, 3, 3, 4])
    group = np.array([0, 1, 0, 0, 1, 0, 1, 1, 0])
    found = Groups(group, person)
    (codes,) = found._shuffled(300, 0)
    who = person[found._order]
    pairs = {tuple(sorted(tuple(row[who == k]) for k in (0, 1))) for row in codes}
    # The two people of two images have both labels or 0 twice, and never swap with those of other numbers
    assert {tuple(sorted(map(sum, pair))) for pair in pairs} == {(0, 1)}
    assert {tuple(sorted(row[who == 3])) for row in codes} == {(0, 1, 1)}
    assert len({tuple(row) for row in codes}) > 10


@pytest.mark.parametrize("within", [False, True])
def test_of_many_people_p_is_students_and_that_of_the_permutations(within, monkeypatch):
    rng = RNG(9)
    person = np.repeat(np.arange(260), 2)
    values = rng.normal(size=260)[person] + 0.5 * rng.normal(size=520)
    group = np.tile([0, 1], 260) if within else np.repeat(np.arange(260) % 2, 2)
    values += group * (0.1 if within else 0.2)
    means = values.reshape(-1, 2)
    found = (
        scipy.stats.ttest_rel(*means.T)
        if within
        else scipy.stats.ttest_ind(means[::2].mean(axis=1), means[1::2].mean(axis=1), equal_var=False)
    )
    fast = gap_test(values, group, person)
    assert fast == pytest.approx(2 * scipy.stats.t.sf(abs(found.statistic), 259 if within else 129))
    monkeypatch.setattr("fsrbench.stats.gaps.ENOUGH", 1000)
    assert gap_test(values, group, person) == pytest.approx(fast, abs=0.015)


@pytest.mark.heavy
def test_nor_does_students_t_reject_too_often():
    rng, found = RNG(4), []
    for _ in range(1000):
        person = np.repeat(np.arange(400), rng.integers(1, 4, 400))
        values = rng.exponential(size=400)[person] + 0.5 * rng.normal(size=len(person))
        group = rng.permutation(np.repeat([0, 1, 2], [100, 120, 180]))[person]
        found.append(gap_test(values, group, person, 199) <= 0.05)  # in one draw of ten scores are too skewed for t
    assert 0.02 <= np.mean(found) <= 0.07


def rare(rng: np.random.Generator, count: int) -> np.ndarray:
    """Hits of one in a hundred."""
    return (rng.random(count) < 0.01).astype(float)


def long_tailed(rng: np.random.Generator, count: int) -> np.ndarray:
    return rng.lognormal(0, 2, count)


@pytest.mark.heavy  # 100 tests of 199 permutations
@pytest.mark.parametrize("draw", [rare, long_tailed])
def test_a_hundred_people_are_too_few_for_students_t_where_scores_are_skewed(draw):
    rng, group, rejected, by_t = RNG(6), np.repeat([0, 1], [100, 1500]), [], []
    for seed in range(100):
        values = draw(rng, len(group))
        rejected.append(gap_test(values, group, np.arange(len(group)), 199, seed) <= 0.05)
        by_t.append(scipy.stats.ttest_ind(values[:100], values[100:], equal_var=False).pvalue <= 0.05)
    assert np.mean(rejected) <= 0.1 < 0.13 < np.mean(by_t)


def test_a_rare_miss_that_is_frequent_in_a_small_group_is_found():
    values = np.r_[np.arange(100) < 10, np.arange(900) < 9].astype(float)
    assert gap_test(values, np.repeat([0, 1], [100, 900]), np.arange(1000), 999) < 0.02


@pytest.mark.parametrize("values", [np.ones(12), np.r_[np.zeros(11), 1e-14] + 5])
def test_equal_scores_have_no_gap(values):
    assert gap_test(values, np.repeat([0, 1], 6), np.arange(12)) == 1.0


def test_a_rate_that_is_perfect_in_one_group():
    detected = np.r_[np.ones(20), np.ones(12), np.zeros(8)]
    assert gap_test(detected, np.repeat([0, 1], 20), np.arange(40)) < 0.01
    assert gap_test(np.r_[np.ones(20), np.ones(19), 0], np.repeat([0, 1], 20), np.arange(40)) > 0.4
