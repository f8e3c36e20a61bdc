"""How far two sets of face descriptors are apart: KID, for any division of the blocks into two sets, and FID."""

from __future__ import annotations

import math

import numpy as np

from fsrbench.stats.jackknife import frechet

EXCHANGES = 20
"""Permutations of the blocks; their mean FID is what FID is by chance."""


class SetDistance:
    """Kernel distance (KID) of window and reference, for any division of the blocks into the two.

    The squared maximum mean discrepancy with ``k(x, y) = (x.y / D + 1)^3`` (Binkowski et al., ICLR 2018), as in metric
    ``kid_face``, but of all pictures and without pairs of one block: the mean k of pictures of different blocks within
    the window, plus that within the reference, less twice the mean k between the two. So it is unbiased for any number
    of pictures, even if a block's pictures are alike.

    Args:
        descriptors: N,D, NaN where a picture has none; such pictures are ignored.
        blocks: N labels.
    """

    def __init__(self, descriptors: np.ndarray, blocks: np.ndarray) -> None:
        there = np.isfinite(descriptors).all(axis=1)
        number = np.unique(blocks, return_inverse=True)[1]
        order = np.argsort(number[there], kind="stable")
        self._x, place = descriptors[there][order], number[there][order]
        self.known = np.bincount(number[there], minlength=int(number.max(initial=-1)) + 1) > 0
        """Of all G blocks, in the order of their labels: whether any picture has a descriptor."""
        self._starts = np.flatnonzero(np.diff(place, prepend=-1))
        self._counts = np.diff([*self._starts, len(place)]).astype(float)
        kernel = (self._x @ self._x.T / max(1, self._x.shape[1]) + 1) ** 3
        self._itself = self._of_blocks(np.diag(kernel))
        self._sums = self._of_blocks(self._of_blocks(kernel).T)
        np.fill_diagonal(self._sums, 0.0)

    def _of_blocks(self, rows: np.ndarray) -> np.ndarray:
        """Sums over the pictures of each block."""
        found: np.ndarray = np.add.reduceat(rows, self._starts, axis=0) if len(rows) else rows
        return found

    def kid(self, inside: np.ndarray) -> np.ndarray:
        """B distances of B divisions of the K known blocks, each a row of booleans; NaN without two blocks a side."""
        return self._parts(inside)[0]

    def apart(self, inside: np.ndarray) -> float:
        """How far the means are apart in the kernel's space, in standard deviations of the reference's pictures."""
        kid, within = (float(each[0]) for each in self._parts(inside[None]))
        spread = float(self._itself[~inside].sum() / self._counts[~inside].sum()) - within
        return math.sqrt(max(0.0, kid) / spread) if spread > 0 else math.nan

    def _parts(self, inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """B distances, and B mean kernels within the reference."""
        chosen = inside.astype(float)
        toward = chosen @ self._sums
        window, total = (toward * chosen).sum(axis=1), self._sums.sum()
        across = toward.sum(axis=1) - window
        here, here_squared = chosen @ self._counts, chosen @ self._counts**2
        there, there_squared = self._counts.sum() - here, (self._counts**2).sum() - here_squared
        with np.errstate(invalid="ignore", divide="ignore"):
            within = (total - window - 2 * across) / (there**2 - there_squared)
            return window / (here**2 - here_squared) + within - 2 * across / (here * there), within

    def frechet(self, inside: np.ndarray, seed: int = 0) -> tuple[float, float] | None:
        """FID of the two sets, and what it is by chance: the mean over :data:`EXCHANGES` permutations of the blocks.

        Returns:
            ``None`` if a set has no more pictures than a descriptor has numbers, so that its covariance is singular.
        """
        rng = np.random.default_rng(seed)
        divisions = [inside, *(rng.permutation(inside) for _ in range(EXCHANGES))]
        found = []
        for division in divisions:
            member = np.repeat(division, self._counts.astype(int))
            sets = self._x[member], self._x[~member]
            if min(map(len, sets)) <= self._x.shape[1]:
                return None
            try:
                found.append(frechet(*_moments(sets[0]), *_moments(sets[1])))
            except np.linalg.LinAlgError:  # pictures that are alike
                return None
        return found[0], float(np.mean(found[1:]))


def _moments(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of N,D."""
    return x.mean(axis=0), np.cov(x, rowvar=False)
