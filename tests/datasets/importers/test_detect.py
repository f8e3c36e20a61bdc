"""Landmarks that are found: pictures in which nothing can be looked for."""

from pathlib import Path

import pytest
from made import encode_picture, write_files
from made.archives import draw_photo
from made.imports import do_import, pictures, table
from PIL import Image

from fsrbench.datasets import open_dataset
from fsrbench.datasets.importers.detect import LandmarkFinder
from fsrbench.faces.mtcnn import MTCNN_SIDE
from fsrbench.pictures.decode import BadImage


@pytest.mark.parametrize("size", [(18, 18), (1, 1), (300, 19), (2600, 38)])
def test_picture_that_is_or_becomes_too_small_for_mtcnn(size: tuple[int, int]) -> None:
    with pytest.raises(BadImage, match="too small for MTCNN"):
        LandmarkFinder().find(Image.new("RGB", size))


def test_smallest_picture_is_looked_at() -> None:
    with pytest.raises(BadImage, match="finds no face"):
        LandmarkFinder().find(Image.new("RGB", (MTCNN_SIDE, MTCNN_SIDE)))


def test_import_continues_after_a_small_picture(tmp_path: Path) -> None:
    face = open_dataset("sample").samples[0].hr
    assert face is not None
    files = {"face.png": face.read(), "icon.png": encode_picture(draw_photo(0, 18, 18))}
    do_import("folder", write_files(tmp_path / "src", files), tmp_path / "out", "--align", "detect", "--size", 64)
    assert list(pictures(tmp_path / "out")) == ["face"]
    assert table(tmp_path / "out" / "left_out.csv") == [{"source": "icon.png", "reason": "too small for MTCNN"}]
