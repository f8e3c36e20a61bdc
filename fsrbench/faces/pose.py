"""Head pose, from the landmarks of a face."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from fsrbench.faces.points import five_points

MEAN_FACE: Final = np.array(
    [[-0.5, 0.0, 0.0], [0.5, 0.0, 0.0], [0.0, 0.62, -0.629], [-0.406, 1.152, -0.102], [0.406, 1.152, -0.102]]
)
"""Centres of the eyes, tip of the nose and corners of the mouth of a mean face, in eye distances; x to the
picture's right, y down, z away from the camera. From MediaPipe's canonical face (Apache-2.0, google/mediapipe,
``modules/face_geometry/data/canonical_face_model.obj``): the six vertices around each eye that 68 landmarks have, their
centre, and the vertices 1, 61 and 291."""
STEPS: Final = 200
"""Maximum steps of the fit; faces that are neither small nor seen from the side take about 20."""
ENOUGH: Final = 1e-6
"""The fit ends when no entry of a rotation moves by more."""
_CENTRED: Final = MEAN_FACE - MEAN_FACE.mean(axis=0)


@dataclass(frozen=True, eq=False)
class Pose:
    """Pose of N heads, in degrees; zeros for one that looks straight into the camera."""

    yaw: np.ndarray
    """N, positive if the face looks to the picture's right; in [-90, 90]."""
    pitch: np.ndarray
    """N, positive if it looks up; relative to the mean face, so that a long nose counts as looking down."""
    roll: np.ndarray
    """N, positive if it is rotated clockwise in the picture."""
    eye_distance: np.ndarray
    """N, in pixels, as if the face looked into the camera."""


def head_pose(landmarks: np.ndarray) -> Pose:
    """The rotation that brings :data:`MEAN_FACE` nearest to the landmarks, in least squares, by weak perspective.

    The camera is far away: it rotates, scales, shifts and drops depth. Starting from the nearest affine camera, depths
    are filled in from the rotated face and the similarity is fitted again (alternating orthographic Procrustes; Horn,
    J. Opt. Soc. Am. A 4, 1987, for each step), which never increases the distance to the landmarks. Rotations are Euler
    angles, roll last: rotating the picture changes roll alone.

    Args:
        landmarks: N,68,2 in 300-W order, or N,5,2 (eyes, nose, mouth corners, the picture's left first), in pixels.

    Returns:
        NaN for a face with a landmark that is not finite, or whose landmarks all coincide.

    Example:
        >>> found = head_pose(MEAN_FACE[None, :, :2] * 30)
        >>> abs(found.yaw.round(3)), abs(found.pitch.round(3)), found.eye_distance.round(3)
        (array([0.]), array([0.]), array([30.]))
    """
    points = five_points(np.asarray(landmarks, dtype=np.float64))
    centred = points - points.mean(axis=1, keepdims=True)
    usable = np.isfinite(centred).all(axis=(1, 2))
    usable &= np.where(usable, np.ptp(np.where(usable[:, None, None], centred, 0), axis=1).max(axis=1), 0) > 0
    turned = np.full((len(points), 3, 3), np.nan)
    scale = np.full(len(points), np.nan)
    if usable.any():
        turned[usable], scale[usable] = _fit(centred[usable])
    return Pose(
        yaw=np.degrees(np.arcsin(np.clip(turned[:, 2, 0], -1, 1))),
        pitch=np.degrees(np.arctan2(-turned[:, 2, 1], turned[:, 2, 2])),
        roll=np.degrees(np.arctan2(turned[:, 1, 0], turned[:, 0, 0])),
        eye_distance=scale,
    )


def _fit(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rotations N,3,3 and scales N of the centred N,5,2 points."""
    affine = np.swapaxes(points, 1, 2) @ np.linalg.pinv(_CENTRED).T
    left, sizes, right = np.linalg.svd(affine, full_matrices=False)
    rows, scale = left @ right, sizes.mean(axis=1)
    turned = np.stack([rows[:, 0], rows[:, 1], np.cross(rows[:, 0], rows[:, 1])], axis=1)
    for _ in range(STEPS):
        depth = scale[:, None] * (turned[:, 2] @ _CENTRED.T)
        before = turned
        turned, scale = _similarity(np.concatenate([points, depth[..., None]], axis=2))
        if np.abs(turned - before).max() < ENOUGH:
            break
    return turned, scale


def _similarity(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rotation and scale that bring the mean face nearest to centred N,5,3 points (Horn's problem, by SVD)."""
    left, sizes, right = np.linalg.svd(np.swapaxes(points, 1, 2) @ _CENTRED)
    sizes = sizes.copy()
    mirrored = np.linalg.det(left @ right) < 0
    left[mirrored, :, 2] *= -1
    sizes[mirrored, 2] *= -1
    return left @ right, sizes.sum(axis=1) / (_CENTRED**2).sum()
