from __future__ import annotations

import numpy as np
import pytest

from fsrbench.drift.set_distance import EXCHANGES, SetDistance
from fsrbench.metrics.distribution import frechet_distance

D = 8


def made(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, D))


def inside(count: int, others: int) -> np.ndarray:
    return np.repeat([False, True], [others, count])


def labels(count: int) -> np.ndarray:
    return np.array([f"{place:04}" for place in range(count)])


def test_kid_of_single_pictures_is_torch_fidelitys() -> None:
    from torch_fidelity.metric_kid import kernel_mmd

    reference, window = made(30, 0), made(30, 1) + 0.5
    found = SetDistance(np.concatenate([reference, window]), labels(60)).kid(inside(30, 30)[None])
    expected = kernel_mmd(window, reference, kid_kernel="poly", kid_kernel_poly_degree=3, kid_kernel_poly_gamma=None,
                          kid_kernel_poly_coef0=1.0)  # fmt: skip
    assert found[0] == pytest.approx(float(expected))


def test_pairs_of_one_block_are_left_out() -> None:
    """By hand, with loops, and with pictures that have no descriptor."""
    x, blocks = made(40, 2), np.array([f"{place // 3:02}" for place in range(40)])
    x[[4, 17, 39]] = np.nan
    division = np.arange(14) >= 8
    found = SetDistance(x, blocks)
    assert found.known.tolist() == [True] * 13 + [False]  # of the last block's only picture
    sums = {"ww": [], "rr": [], "wr": []}  # type: ignore[var-annotated]
    for i in range(40):
        for j in range(40):
            if blocks[i] != blocks[j] and np.isfinite(x[[i, j]]).all():
                pair = "".join(sorted("rw"[int(division[int(blocks[place])])] for place in (i, j)))
                sums[{"rw": "wr"}.get(pair, pair)].append((x[i] @ x[j] / D + 1) ** 3)
    expected = np.mean(sums["ww"]) + np.mean(sums["rr"]) - 2 * np.mean(sums["wr"])
    assert found.kid(division[None, :13])[0] == pytest.approx(expected)


def test_it_is_0_on_average_if_blocks_are_alike() -> None:
    """Twelve people with 10 alike pictures each on both sides: the usual estimate is far above 0."""
    found, plain = [], []
    for seed in range(200):
        x = np.repeat(made(24, seed), 10, axis=0) + 0.1 * made(240, 1000 + seed)
        blocks = np.repeat(labels(24), 10)
        found.append(SetDistance(x, blocks).kid(inside(12, 12)[None])[0])
        plain.append(SetDistance(x, labels(240)).kid(inside(120, 120)[None])[0])
    error = np.std(found) / np.sqrt(200)
    assert abs(np.mean(found)) < 3 * error
    assert np.mean(plain) > 10 * error


def test_how_far_apart_in_standard_deviations() -> None:
    """In one dimension, with a kernel that is nearly linear."""
    x = 0.01 * np.random.default_rng(0).normal(size=(1000, 1))
    x[500:] += 0.02
    assert SetDistance(x, labels(1000)).apart(inside(500, 500)) == pytest.approx(2.0, rel=0.1)


def test_frechet_beside_what_it_is_by_chance() -> None:
    reference, window = made(40, 3), made(30, 4)
    found = SetDistance(np.concatenate([reference, window]), labels(70)).frechet(inside(30, 40))
    assert found is not None
    assert found[0] == pytest.approx(frechet_distance(window, reference), rel=1e-6)
    moved = SetDistance(np.concatenate([reference, window + 3]), labels(70)).frechet(inside(30, 40))
    assert moved is not None
    assert found[0] < 2 * found[1]  # biased, as the number to compare with
    assert moved[0] > 3 * moved[1]
    assert EXCHANGES > 1


def test_no_frechet_without_a_covariance() -> None:
    x = made(40, 5)
    assert SetDistance(x, labels(40)).frechet(inside(D, 40 - D)) is None
    x[:, 0] = 0
    assert SetDistance(x, labels(40)).frechet(inside(20, 20)) is None
