"""Five points of a face, and the similarity between two sets of points; for numpy arrays and torch tensors."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

Array = TypeVar("Array")


def five_points(landmarks: Array) -> Array:
    """Centres of the eyes, tip of the nose and corners of the mouth, the picture's left first.

    Args:
        landmarks: ...,68,2 in 300-W order, or ...,5,2, which are returned as they are.

    Returns:
        ...,5,2.
    """
    points: Any = landmarks
    if points.shape[-2] == 5:
        return landmarks
    found = [points[..., 36:42, :].mean(-2), points[..., 42:48, :].mean(-2), *(points[..., k, :] for k in (30, 48, 54))]
    if isinstance(points, np.ndarray):
        return np.stack(found, -2)  # type: ignore[return-value]
    import torch  # takes seconds, and importers do not need it

    return torch.stack(found, -2)  # type: ignore[return-value]


def similarity(source: Any, target: Any) -> tuple[Any, Any]:
    """The similarity (rotation, scale, shift) that brings points nearest to others in the least squares sense.

    Args:
        source: complex x + iy, N or ...,N.
        target: the same.

    Returns:
        a and b of z -> a z + b, which maps ``source`` near ``target``.
    """
    centred = source - source.mean(-1)[..., None]
    a = ((target - target.mean(-1)[..., None]) * centred.conj()).sum(-1) / (abs(centred) ** 2).sum(-1)
    return a, target.mean(-1) - a * source.mean(-1)
