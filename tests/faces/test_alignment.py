"""Alignment of faces against scikit-image's fit and its warp."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from skimage.transform import SimilarityTransform, warp
from torch.nn import functional as F

from fsrbench.faces.alignment import SIDE, TEMPLATE, alignment_grid
from fsrbench.faces.points import five_points

TARGET = TEMPLATE.double().numpy()


def face_points(turn: float, scale: float, shift: tuple[float, float], jitter: float = 0.0) -> np.ndarray:
    """Five points of a face that is turned (in degrees), scaled and shifted against the template."""
    move = SimilarityTransform(scale=scale, rotation=np.deg2rad(turn), translation=shift)
    moved: np.ndarray = move(TARGET) + np.random.RandomState(0).normal(0, jitter, TARGET.shape)
    return moved


def test_five_points_are_eyes_nose_and_corners_of_the_mouth() -> None:
    landmarks = torch.arange(68.0)[None, :, None].expand(1, 68, 2)
    assert five_points(landmarks)[0, :, 0].tolist() == [38.5, 44.5, 30, 48, 54]


def test_grid_is_the_least_squares_similarity() -> None:
    points = np.random.RandomState(0).uniform(10, 50, (3, 5, 2))
    grid = alignment_grid(torch.from_numpy(points), 64)
    for row in range(3):
        # scikit-image fits the same similarity by Umeyama's method; its own pixels here.
        fit = SimilarityTransform.from_estimate(TARGET, points[row])
        corners = np.array([[0, 0], [SIDE - 1, 0], [0, SIDE - 1], [20, 70]])
        ours = np.stack([(grid[row, y, x].numpy() + 1) / 2 * 64 - 0.5 for x, y in corners])
        assert ours == pytest.approx(fit(corners), abs=1e-4)


@pytest.mark.parametrize("jitter", [0.0, 2.0], ids=["a similarity", "not quite one"])
@pytest.mark.parametrize(("turn", "scale", "shift"), [(0, 0.5, (4, 4)), (25, 0.45, (25, -3)), (-10, 1.1, (-5, 9))])
def test_chip_is_scikit_images_warp(turn: float, scale: float, shift: tuple[float, float], jitter: float) -> None:
    side = 64
    picture = torch.rand(1, 3, 9, 9, generator=torch.manual_seed(1), dtype=torch.float64)
    picture = F.interpolate(picture, (side, side), mode="bicubic")
    points = face_points(turn, scale, shift, jitter)
    grid = alignment_grid(torch.from_numpy(points)[None], side)
    chip = F.grid_sample(picture, grid, mode="bilinear", padding_mode="border", align_corners=False)[0]
    fit = SimilarityTransform.from_estimate(TARGET, points)
    reference = warp(picture[0].permute(1, 2, 0).numpy(), fit, output_shape=(SIDE, SIDE), order=1, mode="edge")
    np.testing.assert_allclose(chip.permute(1, 2, 0).numpy(), reference, atol=1e-4)


def test_points_in_the_template_are_left_where_they_are() -> None:
    grid = alignment_grid(TEMPLATE[None].double(), SIDE)
    identity = F.affine_grid(torch.eye(2, 3, dtype=torch.float64)[None], [1, 3, SIDE, SIDE], align_corners=False)
    torch.testing.assert_close(grid, identity)
