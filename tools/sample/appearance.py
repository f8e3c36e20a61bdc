"""Active appearance model: PCA of the 68-point shape and of the texture warped to the mean shape.

The warp is a thin-plate spline through the 68 landmarks, eight forehead points derived from them and a fixed ring of
border points, so that the whole picture (hair and background included) is part of the texture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SIZE = 128
GRID = 32
"""Resolution of the flow fields; thin-plate splines are smooth, so they are evaluated coarsely and enlarged."""

Array = NDArray[np.float32]

FLIP68 = np.array(
    [
        *[*range(16, -1, -1), *range(26, 16, -1), *range(27, 31), *range(35, 30, -1)],
        *[45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40],
        *[*range(54, 47, -1), *range(59, 54, -1), *range(64, 59, -1), *range(67, 64, -1)],
    ]
)
"""Where each of the 68 points goes when the picture is mirrored."""


def border_points(size: int = SIZE) -> Array:
    """Points on the picture's edge that every warp keeps where they are."""
    ticks = np.linspace(0, size - 1, 5)
    edge = [(x, y) for x in ticks for y in (0.0, size - 1.0)] + [(x, y) for y in ticks[1:-1] for x in (0.0, size - 1.0)]
    return np.array(edge, np.float32)


def control_points(landmarks: Array) -> Array:
    """The 68 landmarks, a forehead arc that follows them, and the border.

    Args:
        landmarks: ``[68, 2]`` x, y in pixels.
    """
    brows = landmarks[[17, 19, 24, 26]]
    up = landmarks[27] - landmarks[33]
    lift = np.array([0.35, 0.75, 0.75, 0.35], np.float32)[:, None]
    forehead = np.clip(brows + lift * up, 2, SIZE - 3)
    inside = np.clip(landmarks, 1, SIZE - 2)
    return np.concatenate([inside, forehead, border_points()]).astype(np.float32)


def _kernel(a: Array, b: Array) -> NDArray[np.float64]:
    x, y = ((p[:, None] - q) ** 2 for p, q in zip(a.T.astype(np.float64), b.T, strict=True))
    return (x + y) * np.log(x + y + 1e-9)


def spline_basis(points: Array, grid: int = GRID) -> Array:
    """Matrix that takes target points to the thin-plate flow on a ``grid`` x ``grid`` lattice.

    The spline maps ``points`` (in the output frame) to any targets (in the source frame): ``basis @ targets``
    are the source coordinates of the lattice nodes.
    """
    n = len(points)
    scaled = points / SIZE
    system = np.zeros((n + 3, n + 3))
    system[:n, :n] = _kernel(scaled, scaled) + 1e-5 * np.eye(n)
    system[:n, n:] = np.c_[np.ones(n), scaled]
    system[n:, :n] = system[:n, n:].T
    axis = np.linspace(0, SIZE - 1, grid) / SIZE
    nodes = np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2)
    rows = np.c_[_kernel(nodes, scaled), np.ones(len(nodes)), nodes]
    return np.linalg.solve(system.T, rows.T).T[:, :n].astype(np.float32)


@dataclass
class Subspace:
    """A mean and orthogonal directions; coefficients are in the data's units."""

    mean: Array
    basis: Array
    deviation: Array

    def encode(self, rows: Array) -> Array:
        """Coefficients of ``rows``."""
        return (rows - self.mean) @ self.basis.T

    def decode(self, coefficients: Array) -> Array:
        """Rows from coefficients."""
        return coefficients @ self.basis + self.mean


def fit_subspace(rows: Array, components: int, seed: int = 0) -> Subspace:
    """Randomised PCA with two power iterations."""
    rng = np.random.default_rng(seed)
    mean = rows.mean(0)
    centred = rows - mean
    probe = rng.standard_normal((rows.shape[1], components + 40)).astype(np.float32)
    for _ in range(2):
        probe = centred.T @ np.linalg.qr(centred @ probe)[0]
    directions = np.linalg.qr(probe)[0]
    _, values, right = np.linalg.svd(centred @ directions, full_matrices=False)
    basis = (right @ directions.T)[:components]
    return Subspace(mean, basis.astype(np.float32), (values[:components] / len(rows) ** 0.5).astype(np.float32))
