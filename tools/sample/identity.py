"""Split of the coefficients' variation into what differs between people and what differs between pictures of one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


@dataclass
class Population:
    """Gaussian model ``mean + between @ person + within @ occasion`` with standard normal person and occasion."""

    mean: Array
    between: Array
    within: Array

    def draw(self, people: int, pictures: int, seed: int, spread: float = 0.95, steady: float = 0.0) -> Array:
        """Coefficients ``[people, pictures, d]``.

        Args:
            people: how many identities.
            pictures: how many pictures of each.
            seed: of the random numbers.
            spread: scale of all differences; a little under 1 keeps away from the edge of the population.
            steady: how much smaller the differences between one person's pictures are; 0 takes them as estimated.
        """
        rng = np.random.default_rng(seed)
        d = len(self.mean)
        person = rng.standard_normal((people, 1, d)) @ self.between.T
        occasion = rng.standard_normal((people, pictures, d)) @ self.within.T
        return (self.mean + spread * (person + (1 - steady) * occasion)).astype(np.float32)


def square_root(covariance: NDArray[np.float64]) -> Array:
    """Symmetric root of a covariance whose negative eigenvalues (estimation noise) are set to zero."""
    values, vectors = np.linalg.eigh(covariance)
    return ((vectors * np.sqrt(values.clip(0))) @ vectors.T).astype(np.float32)


def share_kept(textures: int, shapes: int, coarse: float, fine: float, shape: float) -> NDArray[np.float64]:
    """Share of each coefficient's deviation within an identity that is kept as such.

    The first texture coefficients are light, hair and background, which do change between pictures of one person.
    The fine ones draw eyes, nose and mouth: much of their variation within an identity is error of the landmarks,
    and goes to the differences between people, so that the total stays what it was.
    """
    order = np.arange(textures)
    return np.r_[fine + (coarse - fine) * np.exp(-((order / 20) ** 2)), np.full(shapes, shape)]


def fit_population(
    coefficients: Array,
    people: NDArray[np.int64],
    textures: int,
    kept: tuple[float, float, float] = (0.95, 0.4, 0.8),
) -> Population:
    """Estimate the split from labelled coefficients.

    Args:
        coefficients: ``[n, d]``, texture before shape.
        people: identity of each row; people with one picture inform only the total.
        textures: how many of the ``d`` are texture.
        kept: see :func:`share_kept`.
    """
    total = np.cov(coefficients.T.astype(np.float64))
    _, label, count = np.unique(people, return_inverse=True, return_counts=True)
    sums = np.zeros((len(count), coefficients.shape[1]))
    np.add.at(sums, label, coefficients)
    rest = coefficients - (sums / count[:, None])[label]
    within = rest.T @ rest / (len(coefficients) - len(count))
    share = share_kept(textures, coefficients.shape[1] - textures, *kept)
    steady = within * share[:, None] * share
    return Population(coefficients.mean(0).astype(np.float32), square_root(total - steady), square_root(steady))
