"""Strengths of methods from pairwise choices with ties: Bradley and Terry's model with Davidson's ties.

Davidson (J. Amer. Statist. Assoc. 65, 1970): of methods with strengths ``a`` and ``b``, the first is preferred with
probability ``a / (a + b + v sqrt(a b))``, the second with ``b / (...)``, and there is no difference with
``v sqrt(a b) / (...)``. Its sufficient statistics are each method's wins plus half its ties, and the number of ties: so
ties count as half wins, as is customary, but do not pull the strengths together as they do there. If all pairs were
asked equally often, a method's fitted :func:`preference` is exactly its share of wins and half ties, whether the model
is right or not.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np

RIDGE: Final = 1e-2
"""Weight of a normal prior around 0, that of a hundredth of an answer: it keeps the strength of a method that always
wins finite, and is negligible otherwise."""
STEPS: Final = 50
"""Maximum Newton steps; about six are needed."""
CLOSE: Final = 1e-8
"""Steps below this end the search."""
LONGEST: Final = 2.0
"""Maximum change of any strength in one step."""


@dataclass(frozen=True, eq=False)
class Strengths:
    """Fitted models, one for each of B sets of answers."""

    log: np.ndarray
    """B,M: log-strengths, whose mean is 0."""
    tie: np.ndarray
    """B: Davidson's log v; close to minus infinity if nobody answered "no difference"."""

    def preference(self) -> np.ndarray:
        """B,M: see :func:`preference`."""
        return preference(self.log, self.tie)


def pairs_of(methods: int) -> list[tuple[int, int]]:
    """The pairs of M methods in the order of all arrays here.

    Example:
        >>> pairs_of(3)
        [(0, 1), (0, 2), (1, 2)]
    """
    return list(combinations(range(methods), 2))


def fit(counts: np.ndarray, methods: int) -> Strengths:
    """The strengths that make the answers most probable.

    Newton's method on the log-likelihood, which is concave in log-strengths and log v; all sets at once.

    Args:
        counts: B,P,3: of each pair of :func:`pairs_of`, how often (or with which weight) the first was preferred, the
            second, and neither.
        methods: M, at least two.

    Example:
        >>> found = fit(np.array([[[30.0, 10.0, 0.0]]]), 2)
        >>> round(float(found.log[0, 0] - found.log[0, 1]), 2), found.preference().round(3).tolist()
        (1.1, [[0.75, 0.25]])
    """
    features = _features(methods)  # P,3,M+1
    parameters = np.zeros((len(counts), methods + 1))
    asked = counts.sum(axis=2)
    observed = np.einsum("bpo,poq->bq", counts, features)
    ridge = RIDGE * np.eye(methods + 1)
    for _ in range(STEPS):
        chance = _softmax(np.einsum("poq,bq->bpo", features, parameters))
        expected = np.einsum("bpo,poq->bpq", chance, features)
        gradient = observed - np.einsum("bp,bpq->bq", asked, expected) - RIDGE * parameters
        spread = np.einsum("bp,bpo,poq,por->bqr", asked, chance, features, features, optimize=True)
        spread -= np.einsum("bp,bpq,bpr->bqr", asked, expected, expected, optimize=True)
        step = np.linalg.solve(spread + ridge, gradient[..., None])[..., 0]
        longest = np.abs(step).max(axis=1, initial=0.0)
        parameters += step * np.minimum(1.0, LONGEST / np.maximum(longest, CLOSE))[:, None]
        if longest.max(initial=0.0) < CLOSE:
            break
    log = parameters[:, :methods]
    return Strengths(log - log.mean(axis=1, keepdims=True), parameters[:, methods])


def preference(log: np.ndarray, tie: np.ndarray) -> np.ndarray:
    """Probability of each method to be preferred over another one of the M, drawn at random; a tie counts half.

    Args:
        log: B,M log-strengths.
        tie: B, Davidson's log v.

    Returns:
        B,M in [0, 1]; their mean is 1/2.

    Example:
        >>> preference(np.log([[3.0, 1.0]]), np.array([-np.inf])).round(2).tolist()
        [[0.75, 0.25]]
    """
    half = (log[:, :, None] - log[:, None, :]) / 2
    tied = np.exp(tie)[:, None, None] / 2
    wins: np.ndarray = (np.exp(half) + tied) / (2 * np.cosh(half) + 2 * tied)
    methods = log.shape[1]
    others: np.ndarray = (wins.sum(axis=2) - 0.5) / (methods - 1)
    return others


def _features(methods: int) -> np.ndarray:
    """P,3,M+1: weights of the parameters in the log-probability of each answer, up to a constant."""
    pairs = pairs_of(methods)
    features = np.zeros((len(pairs), 3, methods + 1))
    for place, (first, second) in enumerate(pairs):
        features[place, 0, first] = features[place, 1, second] = 1.0
        features[place, 2, [first, second]] = 0.5
        features[place, 2, methods] = 1.0
    return features


def _softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=2, keepdims=True))
    shares: np.ndarray = powers / powers.sum(axis=2, keepdims=True)
    return shares
