"""Head pose against rotations that SciPy makes, and against its own least squares."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

from fsrbench.faces.pose import MEAN_FACE, head_pose

RNG = np.random.RandomState(0)
ANGLES = RNG.uniform([-40, -60, -30], [40, 60, 30], (50, 3))
"""Roll, yaw and pitch in degrees; yaw and pitch as rotations about axes that point down and to the right."""


def turned(angles: np.ndarray, scale: float = 30.0) -> np.ndarray:
    """The mean face as a camera far away sees it: N,5,2."""
    seen: np.ndarray = np.array([rotation.apply(MEAN_FACE) for rotation in Rotation.from_euler("ZYX", angles, True)])
    return seen[..., :2] * scale + [40, 50]


def test_a_turned_face_has_the_angles_that_it_was_turned_by() -> None:
    found = head_pose(turned(ANGLES))
    np.testing.assert_allclose(found.roll, ANGLES[:, 0], atol=0.01)
    np.testing.assert_allclose(found.yaw, -ANGLES[:, 1], atol=0.01)
    np.testing.assert_allclose(found.pitch, -ANGLES[:, 2], atol=0.01)
    np.testing.assert_allclose(found.eye_distance, 30, atol=0.01)


def test_signs_are_those_of_the_picture() -> None:
    """The tip of the nose moves to where the face looks."""
    straight = MEAN_FACE[:, :2]
    right, up = straight.copy(), straight.copy()
    right[2, 0] += 0.2
    up[2, 1] -= 0.2
    clockwise = straight @ Rotation.from_euler("z", 20, True).as_matrix()[:2, :2].T
    found = head_pose(np.array([right, up, clockwise]))
    assert found.yaw[0] > 10
    assert found.pitch[1] > 10
    assert found.roll[2] == pytest.approx(20)


def test_turning_the_picture_changes_roll_alone() -> None:
    points = turned(ANGLES[:5])
    quarter = head_pose(points @ np.array([[0, 1], [-1, 0]]))
    before = head_pose(points)
    np.testing.assert_allclose([quarter.yaw, quarter.pitch], [before.yaw, before.pitch], atol=0.01)
    np.testing.assert_allclose((quarter.roll - before.roll) % 360, 90, atol=0.01)


def test_of_noisy_points_it_is_the_least_squares_fit() -> None:
    noisy = turned(ANGLES[:8]) + RNG.normal(0, 1.5, (8, 5, 2))
    found = head_pose(noisy)
    centre = MEAN_FACE - MEAN_FACE.mean(0)

    def misses(numbers: np.ndarray, points: np.ndarray) -> np.ndarray:
        seen = numbers[3] * Rotation.from_euler("ZYX", numbers[:3], True).apply(centre)[:, :2]
        return (seen - points + points.mean(0)).ravel()

    for k, points in enumerate(noisy):
        own = np.array([found.roll[k], -found.yaw[k], -found.pitch[k], found.eye_distance[k]])
        best = least_squares(misses, own, args=(points,), xtol=1e-12, ftol=1e-12)
        assert (misses(own, points) ** 2).sum() == pytest.approx(2 * best.cost, rel=1e-4)
        start = least_squares(misses, np.append(ANGLES[k], 30), args=(points,))
        assert best.cost <= start.cost * (1 + 1e-6)  # and no start from the truth finds a better one


def test_68_points_count_by_their_eyes_nose_and_mouth() -> None:
    points = RNG.uniform(0, 64, (3, 68, 2))
    five = np.stack([points[:, 36:42].mean(1), points[:, 42:48].mean(1), *(points[:, k] for k in (30, 48, 54))], axis=1)
    np.testing.assert_array_equal(head_pose(points).yaw, head_pose(five).yaw)


def test_invalid_points_have_no_pose() -> None:
    points = turned(ANGLES[:3])
    points[0, 2, 0] = np.nan
    points[1] = 7
    found = head_pose(points)
    assert np.isnan([found.yaw[0], found.roll[0], found.pitch[1], found.eye_distance[1]]).all()
    assert np.isfinite(found.yaw[2])
    assert head_pose(np.empty((0, 5, 2))).yaw.shape == (0,)
