from __future__ import annotations

from unittest import mock

import numpy as np
import pytest
from scipy import stats

from fsrbench.drift import two_samples as module
from fsrbench.drift.set_distance import SetDistance
from fsrbench.drift.two_samples import two_samples
from fsrbench.stats.corrections import PERMUTATIONS

N = 40


def made(seed: int, columns: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(2 * N, columns)), np.repeat([False, True], N), np.arange(2 * N)


def statistic_by_hand(values: np.ndarray, window: np.ndarray, blocks: np.ndarray) -> float:
    """Difference of mean ranks over its error by blocks, with loops."""
    ranks = (stats.rankdata(values) - 0.5) / len(values) - 0.5
    means, errors = [], []
    for side in (window, ~window):
        own, labels = ranks[side], blocks[side]
        mean = own.mean()
        errors.append(sum((own[labels == b] - mean).sum() ** 2 for b in np.unique(labels)) / len(own) ** 2)
        means.append(mean)
    return float((means[0] - means[1]) / np.sqrt(sum(errors)))


def test_statistic_of_blocks_by_hand() -> None:
    values, window, _ = made(0, 1)
    values[window] += 1
    blocks = np.arange(2 * N) // 3 + 1000 * window
    assert two_samples(values, window, blocks).t[0] == pytest.approx(statistic_by_hand(values[:, 0], window, blocks))


def test_p_is_scipys_permutation_test() -> None:
    rng = np.random.default_rng(3)
    first, second = rng.normal(size=9), rng.normal(0.9, size=9)
    values, window = np.concatenate([first, second]), np.repeat([False, True], 9)

    def statistic(a: np.ndarray, b: np.ndarray) -> float:
        pooled = np.concatenate([a, b])
        squares = ((stats.rankdata(pooled) - 0.5) / 18 - 0.5) ** 2
        found = []
        for each in ((stats.rankdata(pooled) - 0.5) / 18 - 0.5, squares):
            x, y = each[:9], each[9:]
            found.append(abs(y.mean() - x.mean()) / np.sqrt((x.var() + y.var()) / 9))
        return max(found)

    expected = stats.permutation_test(
        (first, second), statistic, alternative="greater", n_resamples=4000, rng=np.random.default_rng(0)
    ).pvalue
    found = two_samples(values[:, None], window, np.arange(18))
    assert found.p[0] == pytest.approx(expected, abs=0.03)
    assert found.p[0] == pytest.approx(found.p_family[0])  # one measure needs no correction


def test_a_shift_and_a_spread_are_found_and_only_they() -> None:
    values, window, blocks = made(1)
    values[window, 0] += 1.5
    values[window, 1] *= 6
    found = two_samples(values, window, blocks)
    assert (found.p_family[:2] < 0.01).all()
    assert found.p_family[2] > 0.05
    assert found.t[0] > 0 < found.t[1]
    assert (found.p_family >= found.p - 1e-12).all()


def test_pictures_of_one_person_are_no_evidence() -> None:
    rng = np.random.default_rng(5)
    people = np.repeat(np.arange(26), 20)
    values = (rng.normal(size=26)[people] + 0.01 * rng.normal(size=520))[:, None]
    window = people >= 13
    alone = two_samples(values, window, np.arange(520))
    together = two_samples(values, window, people)
    assert together.p[0] > 10 * alone.p[0]


def test_missing_values_count_for_nothing_and_constants_are_not_tested() -> None:
    values, window, blocks = made(2)
    values[::3, 0] = np.nan
    values[:, 1] = 7.0
    values[:, 2] = np.nan
    found = two_samples(values, window, blocks)
    assert found.t[0] == pytest.approx(
        statistic_by_hand(
            values[np.isfinite(values[:, 0]), 0], *(each[np.isfinite(values[:, 0])] for each in (window, blocks))
        )
    )
    assert np.isnan(found.p[1:]).all()


def test_sets_without_any_spread_differ_if_their_values_do() -> None:
    _, window, blocks = made(0, 1)
    assert two_samples(np.where(window, 20.0, 16.0)[:, None], window, blocks).p_family[0] < 0.01
    assert np.isnan(two_samples(np.full((2 * N, 1), 16.0), window, blocks).p[0])


def test_same_seed_same_p_and_never_zero() -> None:
    values, window, blocks = made(4)
    values[window] += 10
    first, second = (two_samples(values, window, blocks, seed=3) for _ in range(2))
    assert (first.p_family == second.p_family).all()
    assert first.p.min() == pytest.approx(1 / (PERMUTATIONS + 1))


def test_p_of_a_distance_of_sets_is_that_of_a_permutation_test() -> None:
    rng = np.random.default_rng(8)
    x, blocks, window = rng.normal(size=(24, 5)), np.arange(24), np.repeat([False, True], 12)
    x[window] += 0.45
    kid = SetDistance(x, blocks).kid
    found = two_samples(np.empty((24, 0)), window, blocks, distances=[SetDistance(x, blocks)])
    draws = kid(np.stack([rng.permutation(window) for _ in range(4000)]))
    assert found.p[0] == pytest.approx((draws >= kid(window[None])[0]).mean(), abs=0.03)
    assert 0.005 < found.p[0] < 0.5
    assert found.p_family[0] == pytest.approx(found.p[0])


def test_a_distance_of_sets_among_measures() -> None:
    """Descriptors that differ are found, correlated measures do not suffer; alike ones are not."""
    values, window, blocks = made(6)
    rng = np.random.default_rng(6)
    apart = rng.normal(size=(2 * N, 6)) + 1.5 * window[:, None]
    alike = rng.normal(size=(2 * N, 6))
    plain = two_samples(values, window, blocks)
    found = two_samples(values, window, blocks, distances=[SetDistance(x, blocks) for x in (apart, alike)])
    assert len(found.t) == len(found.p) == len(found.in_spread) == 5
    np.testing.assert_array_equal(found.p[:3], plain.p)
    assert found.p_family[3] < 0.01 < found.p_family[4]
    assert (found.p_family[:3] >= plain.p_family).all()


def test_pictures_without_a_descriptor_are_exchanged_with_nobody() -> None:
    values, window, blocks = made(7)
    x = np.random.default_rng(7).normal(size=(2 * N, 6)) + 1.5 * window[:, None]
    x[np.flatnonzero(~window)[10:]] = np.nan  # ten of the reference's are known
    found = two_samples(values, window, blocks, distances=[SetDistance(x, blocks)])
    assert found.p[3] < 0.01
    none = two_samples(values, window, blocks, distances=[SetDistance(np.full_like(x, np.nan), blocks)])
    assert np.isnan(none.p[3])
    np.testing.assert_array_equal(none.p_family[:3], two_samples(values, window, blocks).p_family)


@pytest.mark.heavy
def test_false_alarms_with_distances_of_sets() -> None:
    """Of 500 pairs of sets of one source, 15 people with six alike pictures each and nothing but descriptors."""
    alarms, blocks, window = 0, np.repeat(np.arange(30), 6), np.repeat([False, True], 90)
    with mock.patch.object(module, "PERMUTATIONS", 199):
        for seed in range(500):
            rng = np.random.default_rng(seed)
            x = np.repeat(rng.normal(size=(30, 8)), 6, axis=0) + 0.3 * rng.normal(size=(180, 8))
            near = np.linalg.norm(x - x.mean(axis=0), axis=1)[:, None]
            alarms += two_samples(near, window, blocks, seed, [SetDistance(x, blocks)]).p_family.min() <= 0.05
    assert 0.02 * 500 <= alarms <= 0.08 * 500
