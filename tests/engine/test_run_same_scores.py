"""Scores do not depend on what must not matter: batch size, order of the images, how their files are stored."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from made import Finished, encode_picture, run, write_files, write_zip
from PIL import Image

from fsrbench.datasets import open_dataset
from fsrbench.datasets.sample import PACK

pytestmark = pytest.mark.heavy  # whole runs

METRICS = ("psnr", "psnr_y", "ssim", "ms_ssim", "gmsd", "entropy", "detection", "landmark_nme", "landmark_nme_dlib")
"""All that score image by image and need no download, and two of pyiqa's."""
COUNT = 5


@pytest.fixture(scope="module")
def pictures() -> list[Image.Image]:
    if not PACK.exists():
        pytest.skip("the built-in sample is not there")
    samples = open_dataset("sample").samples[: 3 * COUNT : 3]
    return [Image.open(io.BytesIO(s.hr.read())).convert("RGB") for s in samples if s.hr]


def stored(pictures: list[Image.Image], format: str) -> dict[str, bytes]:
    return {f"{i}.{format.lower()}": encode_picture(p, format) for i, p in enumerate(pictures)}


def scored(source: Path, out: Path, *options: object) -> Finished:
    finished = run(source, out, "--metrics", ",".join(METRICS), *options)
    assert finished.code == 0
    assert {finished.status("bicubic", metric) for metric in METRICS} == {"ok"}
    return finished


@pytest.fixture(scope="module")
def plain(pictures: list[Image.Image], tmp_path_factory: pytest.TempPathFactory) -> Finished:
    path = tmp_path_factory.mktemp("plain")
    return scored(write_files(path / "data", stored(pictures, "PNG")), path / "out")


def test_batch_size_does_not_matter(plain: Finished, pictures: list[Image.Image], tmp_path: Path) -> None:
    other = scored(write_files(tmp_path / "data", stored(pictures, "PNG")), tmp_path / "out", "--batch-size", 2)
    for metric in METRICS:
        assert other.values("bicubic", metric) == pytest.approx(plain.values("bicubic", metric), abs=1e-3), metric


def test_the_kind_of_file_does_not_matter(plain: Finished, pictures: list[Image.Image], tmp_path: Path) -> None:
    files = dict(reversed(stored(pictures, "BMP").items()))  # nor the order in which they lie in a zip
    other = scored(write_zip(tmp_path / "data.zip", files), tmp_path / "out")
    for metric in METRICS:
        assert other.values("bicubic", metric) == plain.values("bicubic", metric), metric
        assert other.values("hr", metric) == plain.values("hr", metric), metric


def test_the_order_of_images_does_not_matter(plain: Finished, pictures: list[Image.Image], tmp_path: Path) -> None:
    other = scored(write_files(tmp_path / "data", stored(pictures[::-1], "PNG")), tmp_path / "out")
    for metric in METRICS:
        back = {str(COUNT - 1 - int(i)): value for i, value in other.values("bicubic", metric).items()}
        assert back == pytest.approx(plain.values("bicubic", metric), abs=1e-3), metric
