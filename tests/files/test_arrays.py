"""Arrays in files give what arrays in memory give, and take none of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import psutil
import pytest
import torch

from fsrbench.files import arrays
from fsrbench.metrics import distribution
from fsrbench.stats.jackknife import frechet_blocks


def features(count: int, seed: int, width: int = 24) -> np.ndarray:
    return np.random.RandomState(seed).gamma(2, size=(count, width)).astype(np.float32)


def in_a_file(array: np.ndarray, folder: Path, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    monkeypatch.setattr(arrays, "MOST_BYTES", 10_000)
    joined = arrays.join(({"it": part} for part in np.array_split(array, 9)), folder)["it"]
    assert isinstance(joined, np.memmap)
    assert list(folder.iterdir()) == []
    return joined


def test_parts_are_joined_row_below_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = features(900, 0).reshape(900, 4, 6)
    np.testing.assert_array_equal(in_a_file(one, tmp_path, monkeypatch), one)
    small = arrays.join([{"a": np.arange(3), "b": np.zeros(3)}, {"a": np.arange(2), "b": np.ones(2)}], tmp_path)
    assert small["a"].tolist() == [0, 1, 2, 0, 1]
    assert not isinstance(small["a"], np.memmap)


def test_moments_are_numpys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "PART", 100)
    array = features(1030, 1) + 1000  # far from zero, where sums of squares would lose digits
    mean, covariance = arrays.mean_and_covariance(array)
    np.testing.assert_allclose(mean, array.astype(np.float64).mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(covariance, np.cov(array.astype(np.float64), rowvar=False), rtol=1e-9, atol=1e-12)


def test_distances_are_torch_fidelitys_from_files_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
    from torch_fidelity.metric_kid import kid_features_to_metric

    one, other = features(700, 2), features(600, 3) * 1.1
    tensors = [torch.from_numpy(x.astype(np.float64)) for x in (one, other)]
    files = [in_a_file(x, tmp_path, monkeypatch) for x in (one, other)]
    theirs = fid_statistics_to_metric(*map(fid_features_to_statistics, tensors), verbose=False)
    expected = pytest.approx(theirs["frechet_inception_distance"], rel=1e-9)
    assert distribution.frechet_distance(*files) == distribution.frechet_distance(one, other) == expected
    settings = {"kid_subsets": 100, "kid_subset_size": 90, "kid_kernel": "poly", "kid_kernel_poly_degree": 3}
    settings |= {"kid_kernel_poly_gamma": None, "kid_kernel_poly_coef0": 1.0, "rng_seed": 5, "verbose": False}
    found = kid_features_to_metric(*tensors, **settings)
    expected = found["kernel_inception_distance_mean"], found["kernel_inception_distance_std"]
    assert distribution.kernel_distance(*files, 90, 5) == expected
    block, other_block = np.arange(700) % 7, np.arange(600) % 7
    blocks = [frechet_blocks(1.0, *pair, block, other_block) for pair in (files, (one, other))]
    np.testing.assert_array_equal(*blocks)


def test_what_is_read_from_a_file_does_not_stay(tmp_path: Path) -> None:
    shard = features(64, 4, 2048)
    array = arrays.join(({"it": shard} for _ in range(800)), tmp_path)["it"]
    assert array.nbytes > 400e6
    before = psutil.Process().memory_info().rss
    most = max(psutil.Process().memory_info().rss + 0 * len(part) for part in arrays.parts(array))
    assert most - before < 150e6
