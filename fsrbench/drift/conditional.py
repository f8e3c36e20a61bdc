"""Have outputs moved beyond what inputs explain? A conditional two-sample test, valid even if inputs moved."""

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
"""Penalties of the regressions of outputs; leave-one-out decides."""
PENALTY: Final = 0.01
"""Penalty of the regression of the set; fixed, because one chosen by the sets would differ for each permutation."""
AT_ONCE: Final = 100
"""Permutations that are computed together."""
WIDEST: Final = 4.0
"""Standardised inputs are clipped to this, so that one odd picture does not bend the regression."""


@dataclass(frozen=True, eq=False)
class Conditional:
    """The test of K outputs, and whether inputs leave anything to compare."""

    tested: Tested
    shift: np.ndarray
    """K differences, window less reference, at equal inputs; in the outputs' units."""
    overlap: float
    """1 if the window's inputs cannot be told from the reference's, 0 if every picture's can."""
    explained: np.ndarray
    """K shares of the outputs' variance that inputs explain (cross-validated)."""


def beyond_inputs(
    inputs: np.ndarray, outputs: np.ndarray, window: np.ndarray, blocks: np.ndarray, seed: int = 0
) -> Conditional:
    """Test whether K outputs differ between window and reference at equal inputs.

    The generalised covariance measure (Shah and Peters, Annals of Statistics 48, 2020). Two regressions on inputs, both
    cross-fitted over whole blocks of both sets: of an output, and of whether a picture is the window's. Their residuals
    are uncorrelated if the output depends on the set through inputs alone. An error of one regression does no harm as
    long as the other is right, so the test holds its level if the inputs have moved; if they do not overlap with the
    reference's, the second regression predicts the set, nothing is left to compare and the test finds nothing.

    The statistic is the sum of products over its standard error, with blocks as units; besides the K outputs, one more
    takes all together: the length of the whitened vector of sums. Blocks are permuted as in
    :func:`.two_samples.two_samples`; the second regression, a linear smoother, is applied to each permutation. p-values
    are corrected over all statistics by the smallest p of each permutation; ties are broken by how far each statistic
    is from its own median.

    Args:
        inputs: N,P, none NaN.
        outputs: N,K, none NaN.
        window: N, whether a picture is the window's.
        blocks: N labels; none is in both sets.
        seed: of folds and permutations.
    """
    rng = np.random.default_rng(seed)
    number = np.unique(blocks, return_inverse=True)[1]
    scale = outputs.std(axis=0)
    varied = scale > 1e-9
    targets = np.where(varied, (outputs - outputs.mean(axis=0)) / np.where(varied, scale, 1), 0.0)
    predicted, smoother = _cross_fitted(_standardised(inputs), targets, number, rng)
    residuals = targets - predicted
    inside = np.zeros(int(number.max()) + 1)
    inside[number[window]] = 1.0
    statistics = _Statistics(residuals, smoother, number)
    tested = _tested(statistics, inside, varied, rng)
    set_residual = statistics.set_residuals(inside[None])[0]
    left, share = float((set_residual**2).sum()), float(window.mean())
    return Conditional(
        tested,
        shift=set_residual @ residuals / max(left, 1e-12) * np.where(varied, scale, 0.0),
        overlap=min(1.0, left / (len(window) * share * (1 - share))),
        explained=(1 - (residuals**2).mean(axis=0)).clip(0, 1),
    )


class _Statistics:
    """K + 1 statistics of any division of the blocks into window and reference."""

    def __init__(self, residuals: np.ndarray, smoother: np.ndarray, number: np.ndarray) -> None:
        self._smoother, self._number = smoother, number
        self._order = np.argsort(number, kind="stable")
        self._residuals = residuals[self._order]
        self._starts = np.searchsorted(number[self._order], np.arange(int(number.max()) + 1))

    def set_residuals(self, inside: np.ndarray) -> np.ndarray:
        """B,N residuals of the second regression, of B divisions B,G."""
        sets = inside[:, self._number]
        found: np.ndarray = sets - sets @ self._smoother.T
        return found

    def of(self, inside: np.ndarray) -> np.ndarray:
        """B,K+1 statistics: each output's, signed, and that of all together."""
        products = self.set_residuals(inside)[:, self._order, None] * self._residuals
        sums = np.add.reduceat(products, self._starts, axis=1)
        total, squares = sums.sum(axis=1), np.einsum("bgk,bgl->bkl", sums, sums)
        errors = np.sqrt(np.einsum("bkk->bk", squares)).clip(1e-12)
        t = total / errors
        related = squares / errors[:, :, None] / errors[:, None, :] + 1e-6 * np.eye(t.shape[1])
        together = np.einsum("bk,bk->b", t, np.linalg.solve(related, t[:, :, None])[:, :, 0])
        return np.column_stack([t, np.sqrt(together.clip(0))])


def _tested(statistics: _Statistics, inside: np.ndarray, varied: np.ndarray, rng: np.random.Generator) -> Tested:
    observed = statistics.of(inside[None])
    parts = [observed]
    for done in range(0, PERMUTATIONS, AT_ONCE):
        number = min(AT_ONCE, PERMUTATIONS - done)
        parts.append(statistics.of(rng.permuted(np.tile(inside, (number, 1)), axis=1)))
    magnitudes = np.abs(np.concatenate(parts))
    p_values = _p_values(magnitudes)
    known = np.append(varied, varied.any())
    # The largest draws of all columns have the same p: break such ties by how far out they are.
    # Otherwise no corrected p could be smaller than the number of columns over that of draws.
    far = magnitudes / np.median(magnitudes, axis=0).clip(1e-12)
    order = p_values - far / (1 + far) / len(p_values)
    smallest = order[:, known].min(axis=1, initial=1)
    p_family = (smallest[:, None] <= order[0] + 1e-12).mean(axis=0)
    t, p, p_family = (np.where(known, each, math.nan) for each in (observed[0], p_values[0], p_family))
    return Tested(t, p, p_family, np.zeros(len(t), bool))


def _p_values(magnitudes: np.ndarray) -> np.ndarray:
    """For each of B,K draws the share of the draws in its column that are at least as large."""
    ordered = np.sort(magnitudes, axis=0)
    smaller = [np.searchsorted(column, own * (1 - 1e-9)) for column, own in zip(ordered.T, magnitudes.T, strict=True)]
    found: np.ndarray = 1 - np.stack(smaller, axis=1) / len(magnitudes)
    return found


def _standardised(inputs: np.ndarray) -> np.ndarray:
    """Each input with mean 0 and variance 1; those that do not vary are left out."""
    kept = inputs[:, inputs.std(axis=0) > 1e-9]
    return np.asarray(((kept - kept.mean(axis=0)) / kept.std(axis=0)).clip(-WIDEST, WIDEST))


def _cross_fitted(
    inputs: np.ndarray, targets: np.ndarray, blocks: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Predictions N,K by regressions that have not seen the block, and the N,N smoother that predicts the set."""
    fold = (rng.permutation(int(blocks.max()) + 1) % FOLDS)[blocks]
    predicted, smoother = np.zeros_like(targets), np.zeros((len(targets), len(targets)))
    width = float(np.median(pdist(inputs[:: max(1, len(inputs) // 500)]))) if inputs.shape[1] else 1.0
    for each in range(FOLDS):
        out = fold == each
        known = ~out
        if out.any() and known.any():
            ridge = _Ridge(inputs[known], width or 1.0)
            across = _kernel(inputs[out], inputs[known], width or 1.0)
            predicted[out] = ridge.mean(targets[known]) + across @ ridge.weights(targets[known])
            smoother[np.ix_(out, known)] = ridge.smoother(across)
    return predicted, smoother


class _Ridge:
    """Ridge regression with a linear and a Gaussian kernel; leave-one-out chooses each target's penalty."""

    def __init__(self, known: np.ndarray, width: float) -> None:
        values, self._vectors = np.linalg.eigh(_kernel(known, known, width))
        self._values = values.clip(min=0)

    @staticmethod
    def mean(targets: np.ndarray) -> np.ndarray:
        """Mean of each target."""
        found: np.ndarray = targets.mean(axis=0)
        return found

    def weights(self, targets: np.ndarray) -> np.ndarray:
        """N,K coefficients: a kernel's row times them, plus the mean, predicts the targets."""
        turned = self._vectors.T @ (targets - self.mean(targets))
        found: np.ndarray = self._vectors @ (turned / (self._values[:, None] + self._penalties(targets)))
        return found

    def smoother(self, across: np.ndarray) -> np.ndarray:
        """The M,N matrix that turns N targets into M predictions, with the fixed :data:`PENALTY`."""
        given = across @ (self._vectors / (self._values + PENALTY * len(self._values))) @ self._vectors.T
        found: np.ndarray = given + (1 - given.sum(axis=1, keepdims=True)) / len(self._values)
        return found

    def _penalties(self, targets: np.ndarray) -> np.ndarray:
        """The penalty of each target with the least leave-one-out error, in closed form."""
        centred, squared = targets - self.mean(targets), self._vectors**2
        turned = self._vectors.T @ centred
        candidates, losses = RIDGES * len(targets), []
        for penalty in candidates:
            shrunk = self._values / (self._values + penalty)
            leverage = squared @ shrunk
            errors = (centred - self._vectors @ (shrunk[:, None] * turned)) / (1 - leverage).clip(1e-9)[:, None]
            losses.append((errors**2).mean(axis=0))
        found: np.ndarray = candidates[np.argmin(losses, axis=0)]
        return found


def _kernel(a: np.ndarray, b: np.ndarray, width: float) -> np.ndarray:
    kernel: np.ndarray = a @ b.T / max(1, a.shape[1]) + np.exp(-cdist(a, b, "sqeuclidean") / (2 * width**2))
    return kernel
