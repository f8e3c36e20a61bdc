"""One run on made pictures whose LR is drawn by the seed, and the bundles made of it; shared by all tests here."""

from __future__ import annotations

from pathlib import Path
from unittest import mock

import pytest
from made import picture_files, write_files

from fsrbench import evaluate
from fsrbench.bundle.make import About, write_bundle
from fsrbench.runs.data import RunData

PEOPLE = 12


@pytest.fixture(scope="session")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 pictures of 12 people."""
    names = [f"HR/id{person:02d}/{picture}.png" for person in range(PEOPLE) for picture in range(2)]
    return write_files(tmp_path_factory.mktemp("data") / "faces", picture_files(names))


@pytest.fixture(scope="session")
def finished(faces: Path, tmp_path_factory: pytest.TempPathFactory) -> RunData:
    """A run of a method that sharpens, and of bicubic."""
    from torch import Tensor
    from torch.nn.functional import interpolate

    def mine(lr: Tensor) -> Tensor:
        large = interpolate(lr, scale_factor=4, mode="bicubic")
        blurred = interpolate(interpolate(large, scale_factor=0.5, mode="area"), scale_factor=2, mode="bilinear")
        return (large + 0.5 * (large - blurred)).clamp(0, 1)

    with mock.patch("fsrbench.reports.plots.draw.write_plots"), mock.patch("fsrbench.gallery.keep.write_grid"):
        return evaluate(
            {"mine": mine, "bicubic": "bicubic"},
            faces,
            ["psnr", "ssim", "consistency", "latency_ms", "params"],
            out=tmp_path_factory.mktemp("runs") / "faces",
            progress=False,
            degradation="realworld",
            seed=3,
            device="cpu",
            save_images=True,
        )


@pytest.fixture(scope="session")
def bundle(finished: RunData, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The method's bundle, with its pictures."""
    path = tmp_path_factory.mktemp("bundles") / "mine.zip"
    write_bundle(path, [finished], "mine", About(author="A. Nobody"), with_images=True)
    return path
