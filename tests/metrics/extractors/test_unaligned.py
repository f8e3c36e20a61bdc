"""Descriptors without a detector: the whole picture, and given points in pixels of another side."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from made.networks import SIDE, save_pooling_onnx
from skimage.transform import resize

from fsrbench import weights
from fsrbench.datasets.importers.importing import FACE_POINT_COLUMNS
from fsrbench.errors import FsrbenchError
from fsrbench.faces.alignment import TEMPLATE
from fsrbench.metrics.extractors.point_files import COLUMNS, IDS, points_at
from fsrbench.metrics.extractors.unaligned import ArcfaceGiven, ArcfaceWhole

pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Path]:
    """A made network, and the template's points in pixels of a picture of 224 px."""
    at = (TEMPLATE.double() + 0.5) * 2 - 0.5
    row = ",".join(f"{value:.6f}" for value in at.ravel().tolist())
    (tmp_path / "points.csv").write_text(f"filename,{','.join(COLUMNS)},side\nprobe/7/a,{row},224\n", encoding="utf-8")
    with weights.override(
        {"arcface": save_pooling_onnx(tmp_path / "made.onnx"), "face_points": tmp_path / "points.csv"}
    ):
        yield tmp_path


def blocks(picture: np.ndarray) -> np.ndarray:
    """The made network's outputs for a picture 3,112,112 in [0, 1] and its mirror image, added, at unit length."""
    x = picture * 2 - 1
    summed = sum(y.reshape(3, 7, 16, 7, 16).mean(axis=(2, 4)).ravel() for y in (x, x[:, :, ::-1]))
    found: np.ndarray = summed / np.linalg.norm(summed)
    return found


def test_the_whole_picture_is_enlarged_and_described(files: Path) -> None:
    picture = torch.rand(1, 3, 56, 56, generator=torch.manual_seed(0))
    found = ArcfaceWhole().extract(picture, {})["descriptor"][0]
    enlarged = resize(picture[0].permute(1, 2, 0).double().numpy(), (SIDE, SIDE), order=3).transpose(2, 0, 1)
    np.testing.assert_allclose(found, blocks(enlarged), atol=0.02)  # another cubic kernel
    whole = torch.rand(1, 3, SIDE, SIDE, generator=torch.manual_seed(1))
    exact = ArcfaceWhole().extract(whole, {})["descriptor"][0]
    np.testing.assert_allclose(exact, blocks(whole[0].double().numpy()), atol=1e-5)


def test_given_points_are_scaled_to_the_picture(files: Path) -> None:
    picture = torch.rand(1, 3, SIDE, SIDE, generator=torch.manual_seed(0))
    found = ArcfaceGiven().extract(picture, {IDS: np.array(["probe/7/a"])})["descriptor"][0]
    np.testing.assert_allclose(found, blocks(picture[0].double().numpy()), atol=1e-4)
    at = points_at(files / "points.csv", "probe/7/a", SIDE)
    np.testing.assert_allclose(at, TEMPLATE.numpy(), atol=1e-5)


def test_a_picture_without_points_is_reported(files: Path) -> None:
    with pytest.raises(FsrbenchError, match=r"points.csv lists no points of b"):
        ArcfaceGiven().extract(torch.zeros(1, 3, 64, 64), {IDS: np.array(["probe/7/b"])})


def test_imported_lists_have_the_columns_that_are_read() -> None:
    assert FACE_POINT_COLUMNS == COLUMNS
