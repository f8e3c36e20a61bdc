"""Pictures of 256 px and more: the same faces as in smaller ones, the largest of several, and no aliasing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from fsrbench.faces.alignment import SIDE, TEMPLATE, alignment_grid
from fsrbench.metrics.detection import Detection, DetectionRetinaface
from fsrbench.metrics.extractors.base import EXTRACTORS, Features
from fsrbench.metrics.extractors.descriptors import aligned_chips
from fsrbench.metrics.extractors.detectors import Mtcnn, choose_face
from fsrbench.metrics.facts import Facts
from fsrbench.pictures.decode import to_tensor, to_uint8
from fsrbench.tasks import Task

LARGE = 512


@pytest.fixture(scope="module")
def both(faces: Callable[[int, int], Tensor]) -> dict[int, Tensor]:
    """The same two faces at 128 px, and enlarged to 512 px."""
    small = faces(2, 128)
    return {128: small, LARGE: to_tensor(to_uint8(F.interpolate(small, (LARGE, LARGE), mode="bicubic").clamp(0, 1)))}


def seen(name: str, images: Tensor) -> Features:
    extractor = EXTRACTORS.get(name)()
    extractor.check()
    guide: dict[str, np.ndarray] = {}
    for needed in extractor.requires:
        guide |= seen(needed, images)
    return extractor.extract(images, guide)


@pytest.fixture(scope="module")
def boxes(both: dict[int, Tensor]) -> dict[int, Features]:
    return {side: seen("mtcnn", images) for side, images in both.items()}


def test_a_face_is_found_in_the_same_place(boxes: dict[int, Features]) -> None:
    scale = LARGE / 128
    for small, large in zip(boxes[128]["box"] * scale, boxes[LARGE]["box"], strict=True):
        assert np.abs(small - large).max() < 0.1 * LARGE
    assert (boxes[LARGE]["confidence"] > 0.9).all()


@pytest.mark.parametrize(("name", "most"), [("fan", 0.002), ("dlib-landmarks", 0.03)])
def test_landmarks_scale_with_the_picture(name, most, both, boxes) -> None:
    extractor = EXTRACTORS.get(name)()
    extractor.check()
    guide = {128: {"box": boxes[128]["box"]}, LARGE: {"box": (boxes[128]["box"] + 0.5) * LARGE / 128 - 0.5}}
    found = {side: extractor.extract(images, guide[side])["landmarks"] for side, images in both.items()}
    fractions = {side: (points + 0.5) / side for side, points in found.items()}
    assert np.linalg.norm(fractions[128] - fractions[LARGE], axis=2).mean() < most


def test_dlibs_descriptor_hardly_changes_with_the_size(both, boxes) -> None:
    extractor = EXTRACTORS.get("dlib")()
    extractor.check()
    found = {}
    for side, images in both.items():
        found[side] = extractor.extract(images, {"box": (boxes[128]["box"] + 0.5) * side / 128 - 0.5})["descriptor"]
    apart = np.linalg.norm(found[128] - found[LARGE], axis=1)
    strangers = np.linalg.norm(found[128][0] - found[128][1])
    assert apart.max() < 0.5 * strangers


def test_the_largest_of_several_faces_is_chosen_in_large_pictures(both) -> None:
    """A small copy of the face in the corner of a picture."""
    picture = both[LARGE][:1].clone()
    face = F.interpolate(picture, (384, 384), mode="bicubic", antialias=True).clamp(0, 1)
    small = F.interpolate(picture, (128, 128), mode="bicubic", antialias=True).clamp(0, 1)
    canvas = torch.full((1, 3, LARGE, LARGE), 0.5)
    canvas[:, :, 128:, 128:], canvas[:, :, :128, :128] = face, small
    x0, _, x1, _ = Mtcnn().extract(to_tensor(to_uint8(canvas)), {})["box"][0]
    assert x1 - x0 > 150
    assert (x0 + x1) / 2 > 200


@pytest.mark.parametrize(
    ("side", "confidences", "chosen"),
    [(512, [0.999, 0.91], 1), (512, [0.999, 0.89], 0), (512, [0.5, 0.6], 1), (128, [0.999, 0.91], 0)],
)
def test_a_large_box_is_chosen_if_it_is_sure(side, confidences, chosen) -> None:
    boxes = np.array([[0, 0, 10, 10], [20, 20, 60, 70.0]])
    assert choose_face(boxes, np.array(confidences), side) == chosen


# --- chips


def points_at(scale: float, centre: float) -> Tensor:
    """The template's five points, scaled by a factor, about a centre."""
    return ((TEMPLATE - TEMPLATE.mean(0)) * scale + centre)[None]


def plain_chips(images: Tensor, points: Tensor) -> Tensor:
    grid = alignment_grid(points, images.shape[-1])
    return F.grid_sample(images, grid, mode="bicubic", padding_mode="border", align_corners=False).clamp(0, 1)


def smooth(side: int) -> Tensor:
    y, x = torch.meshgrid(*[(torch.arange(side) + 0.5) / side] * 2, indexing="ij")
    return torch.stack([x, y, (torch.sin(6 * x) * torch.cos(5 * y) + 1) / 2])[None]


def test_chips_of_large_pictures_show_the_same_place() -> None:
    points = points_at(3.6, 250)
    chips = aligned_chips(smooth(LARGE), points)
    assert chips.shape == (1, 3, SIDE, SIDE)
    assert (chips - plain_chips(smooth(LARGE), points)).abs().max() < 0.02


def test_chips_of_small_pictures_are_sampled_directly() -> None:
    images, points = torch.rand(2, 3, 128, 128, generator=torch.manual_seed(0)), points_at(1.1, 60).repeat(2, 1, 1)
    assert torch.equal(aligned_chips(images, points), plain_chips(images, points))


def test_noise_of_single_pixels_does_not_reach_the_chip() -> None:
    points = points_at(3.6, 250)
    noisy = (smooth(LARGE) + 0.2 * torch.randn(1, 3, LARGE, LARGE, generator=torch.manual_seed(0))).clamp(0, 1)
    calm = aligned_chips(noisy, points) - aligned_chips(smooth(LARGE), points)
    aliased = plain_chips(noisy, points) - plain_chips(smooth(LARGE), points)
    assert calm.std() < 0.5 * aliased.std()


# --- what protocols say


@pytest.mark.parametrize("metric", [Detection, DetectionRetinaface])
def test_protocol_says_what_is_done_to_large_pictures(metric) -> None:
    small, large = (metric().configured(Facts(Task(side, 1), 5, True, False)).protocol for side in (128, LARGE))
    assert small == metric().protocol
    assert "the most confident box is a hit" in small
    assert "the largest box of confidence >= 0.9" in large
