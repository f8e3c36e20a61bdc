"""Have outputs moved beyond what inputs explain? A conditional two-sample test that holds if inputs moved, too."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.spatial.distance import cdist, pdist

from fsrbench.drift.two_samples import Tested
from fsrbench.stats.corrections import PERMUTATIONS

FOLDS: Final = 5
RIDGES: Final = 10.0 ** np.arange(-6, 3)
"""Penalties of the regression; leave-one-out decides."""
WIDEST: Final = 4.0
"""Standardised inputs beyond this are cut off: one odd picture is not to bend the regression."""


@dataclass(frozen=True, eq=False)
class Conditional:
    """The test of K outputs, and whether inputs leave anything to be compared."""

    tested: Tested
    shift: np.ndarray
    """K differences, window less reference, at equal inputs; in the outputs' units."""
    overlap: float
    """1 where the window's inputs cannot be told from the reference's, 0 where each picture's can."""
    explained: np.ndarray
    """K shares of the outputs' variance that inputs explain (cross-validated)."""


def beyond_inputs(
    inputs: np.ndarray, outputs: np.ndarray, window: np.ndarray, blocks: np.ndarray, seed: int = 0
) -> Conditional:
    """Test whether K outputs differ between window and reference at equal inputs.

    The generalised covariance measure (Shah and Peters, Annals of Statistics 48, 2020). Two regressions on inputs, both
    cross-fitted over whole blocks of both sets: of an output, and of whether a picture is the window's. Their residuals
    are uncorrelated if the output depends on the set through inputs alone. An error of one regression does no harm as
    long as the other is right, so the test holds its level where the inputs have moved; where they share no ground with
    the reference's, the second regression knows the set, nothing is left to compare and the test stays silent. The
    statistic is the sum of products over its standard error, of which blocks are the units; p-values are of random
    signs of blocks, corrected over all outputs by the largest of each draw.

    Args:
        inputs: N,P, none NaN.
        outputs: N,K, none NaN.
        window: N, whether a picture is the window's.
        blocks: N labels.
        seed: of folds and signs.
    """
    rng = np.random.default_rng(seed)
    number = np.unique(blocks, return_inverse=True)[1]
    scale = outputs.std(axis=0)
    varied = scale > 1e-9
    targets = np.column_stack(
        [np.where(varied, (outputs - outputs.mean(axis=0)) / np.where(varied, scale, 1), 0.0), window]
    )
    residuals = targets - _cross_fitted(_standardised(inputs), targets, number, rng)
    set_residual = residuals[:, -1]
    products = residuals[:, :-1] * set_residual[:, None]
    sums = np.zeros((int(number.max()) + 1, products.shape[1]))
    np.add.at(sums, number, products)
    left = float((set_residual**2).sum())
    share = window.mean()
    overlap = min(1.0, left / (len(window) * share * (1 - share)))
    explained = 1 - (residuals[:, :-1] ** 2).mean(axis=0)
    shift = np.where(varied, products.sum(axis=0) / max(left, 1e-12) * scale, 0.0)
    return Conditional(_by_signs(sums, varied, rng), shift, overlap, explained.clip(0, 1))


def _by_signs(sums: np.ndarray, varied: np.ndarray, rng: np.random.Generator) -> Tested:
    """The K statistics, and as the last one that of all together: the length of their vector, whitened."""
    errors = np.sqrt((sums**2).sum(axis=0))
    possible = varied & (errors > 1e-12)
    units = np.where(possible, sums / np.where(possible, errors, 1), 0.0)
    signs = np.vstack([np.ones(len(sums)), rng.choice([-1.0, 1.0], (PERMUTATIONS, len(sums)))])
    drawn = signs @ units
    together = np.sqrt(np.einsum("bk,kl,bl->b", drawn, np.linalg.pinv(units.T @ units, rcond=1e-6), drawn).clip(min=0))
    magnitudes = np.column_stack([np.abs(drawn), together])
    alone = _chances(magnitudes)
    smallest = alone[:, np.append(possible, True)].min(axis=1)
    p_family = (smallest[:, None] <= alone[0] * (1 + 1e-9)).mean(axis=0)
    known = np.append(possible, possible.any())
    t = np.append(drawn[0], together[0])
    return Tested(*(np.where(known, each, math.nan) for each in (t, alone[0], p_family)))


def _chances(magnitudes: np.ndarray) -> np.ndarray:
    """Of each of B,K draws: the share of the draws in its column that are as large."""
    ordered = np.sort(magnitudes, axis=0)
    smaller = [np.searchsorted(column, own * (1 - 1e-9)) for column, own in zip(ordered.T, magnitudes.T, strict=True)]
    found: np.ndarray = 1 - np.stack(smaller, axis=1) / len(magnitudes)
    return found


def _standardised(inputs: np.ndarray) -> np.ndarray:
    """Each input with mean 0 and variance 1; those that do not vary are left out."""
    kept = inputs[:, inputs.std(axis=0) > 1e-9]
    return np.asarray(((kept - kept.mean(axis=0)) / kept.std(axis=0)).clip(-WIDEST, WIDEST))


def _cross_fitted(inputs: np.ndarray, targets: np.ndarray, blocks: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Predictions of each picture by regressions that have seen none of its block."""
    fold = (rng.permutation(int(blocks.max()) + 1) % FOLDS)[blocks]
    predicted = np.empty_like(targets)
    width = float(np.median(pdist(inputs[:: max(1, len(inputs) // 500)]))) if inputs.shape[1] else 1.0
    for each in range(FOLDS):
        out = fold == each
        if out.any():
            predicted[out] = _kernel_ridge(inputs[~out], targets[~out], inputs[out], width or 1.0)
    return predicted


def _kernel_ridge(known: np.ndarray, targets: np.ndarray, asked: np.ndarray, width: float) -> np.ndarray:
    """Ridge regression with a linear and a Gaussian kernel; leave-one-out chooses each target's penalty."""
    mean = targets.mean(axis=0)
    values, vectors = np.linalg.eigh(_kernel(known, known, width))
    values = values.clip(min=0)
    turned = vectors.T @ (targets - mean)
    best = np.full(targets.shape[1], math.inf)
    weights = np.zeros_like(targets)
    for ridge in RIDGES * len(known):
        shrunk = values / (values + ridge)
        leverage = (vectors**2) @ shrunk
        errors = (targets - mean - vectors @ (shrunk[:, None] * turned)) / (1 - leverage).clip(1e-9)[:, None]
        loss = (errors**2).mean(axis=0)
        better = loss < best
        best = np.where(better, loss, best)
        weights[:, better] = (vectors @ (turned / (values + ridge)[:, None]))[:, better]
    predicted: np.ndarray = mean + _kernel(asked, known, width) @ weights
    return predicted


def _kernel(a: np.ndarray, b: np.ndarray, width: float) -> np.ndarray:
    kernel: np.ndarray = a @ b.T / max(1, a.shape[1]) + np.exp(-cdist(a, b, "sqeuclidean") / (2 * width**2))
    return kernel
