"""Rank correlations of many rows at once, and their p-values."""

from __future__ import annotations

import math
from itertools import permutations
from typing import Final

import numpy as np

EXACT: Final = 7
"""Up to this many methods, p is from all their orders."""
PERMUTATIONS: Final = 9999
"""Otherwise p is from this many random orders."""


def spearman(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Spearman's rank correlation of each row: B,M and B,M -> B; equal values share a rank, NaN where all are equal.

    Example:
        >>> spearman(np.array([[1.0, 2.0, 3.0]]), np.array([[10.0, 30.0, 20.0]]))
        array([0.5])
    """
    ranks = [_ranks(values) for values in (first, second)]
    centred = [rank - rank.mean(axis=1, keepdims=True) for rank in ranks]
    norm = np.sqrt((centred[0] ** 2).sum(axis=1) * (centred[1] ** 2).sum(axis=1))
    return _ratio((centred[0] * centred[1]).sum(axis=1), norm)


def kendall(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Kendall's tau-b of each row: B,M and B,M -> B; NaN where all values are equal.

    Example:
        >>> kendall(np.array([[1.0, 2.0, 3.0]]), np.array([[10.0, 30.0, 20.0]])).round(3)
        array([0.333])
    """
    upper = np.triu_indices(first.shape[1], 1)
    signs = [np.sign(values[:, :, None] - values[:, None, :])[:, upper[0], upper[1]] for values in (first, second)]
    norm = np.sqrt((signs[0] ** 2).sum(axis=1) * (signs[1] ** 2).sum(axis=1))
    return _ratio((signs[0] * signs[1]).sum(axis=1), norm)


def chance_of(values: np.ndarray, preferred: np.ndarray, seed: int = 0) -> float:
    """Share of the orders of methods in which Kendall's tau is at least as far from 0; exact for few methods."""
    methods = len(values)
    if methods <= EXACT:
        orders = np.array(list(permutations(range(methods))))
    else:
        random = np.random.default_rng(seed)
        orders = random.permuted(np.tile(np.arange(methods), (PERMUTATIONS, 1)), axis=1)
        orders = np.concatenate([np.arange(methods)[None], orders])
    found = np.abs(kendall(values[orders], np.broadcast_to(preferred, orders.shape)))
    observed = abs(float(kendall(values[None], preferred[None])[0]))
    return float((found >= observed - 1e-9).mean())


def _ranks(values: np.ndarray) -> np.ndarray:
    """Mean ranks of each row."""
    below = (values[:, None, :] < values[:, :, None]).sum(axis=2)
    equal = (values[:, None, :] == values[:, :, None]).sum(axis=2)
    ranks: np.ndarray = below + (equal - 1) / 2
    return ranks


def _ratio(value: np.ndarray, norm: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.divide(value, norm, out=np.full(len(norm), math.nan), where=norm > 0)
    return found
