"""Runs under the records on made pictures of 512 px, with stand-ins for the networks that nobody ships."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from made.extractors import use_colours
from made.networks import save_pooling_onnx
from made.textured import textured_pair
from PIL import Image
from torch import Tensor, nn

from fsrbench import weights
from fsrbench.metrics.base import ImageMetric
from fsrbench.metrics.extractors.landmark_files import POINTS
from fsrbench.metrics.extractors.point_files import COLUMNS
from fsrbench.protocols import measures

SIDE = 512
SUBSETS = ("CelebA", "LFW-Test", "CelebChild-Test", "WebPhoto-Test", "Wider-Test")
SHARES = {"clipiqa": (1, 0, 0), "maniqa": (0, 1, 0), "musiq": (0, 0, 100), "qalign": (2, 2, 1)}
"""What stands in for pyiqa's networks: a weighed mean of R, G and B."""
FACE = np.array([[203.0, 258], [308, 258], [256, 321], [210, 380], [296, 385]])


@dataclass(frozen=True)
class Pictures:
    """Pictures in folders, and as arrays by id."""

    folder: Path
    sr: dict[str, np.ndarray]
    hr: dict[str, np.ndarray]
    lr: dict[str, np.ndarray]


class StandIn(ImageMetric):
    """A weighed mean of the channels in place of a network."""

    title, protocol = "made up", "a weighed mean"

    def __init__(self, name: str) -> None:
        self.name, self.needs = name, frozenset({"hr"} if name.startswith(("lpips", "ssim")) else ())

    def score(self, sr: Tensor, hr: Tensor | None) -> Tensor:
        shares = torch.tensor(SHARES.get(self.name, (1, 1, 1)), dtype=torch.float64)
        picture = sr if hr is None else (sr - hr).abs()
        return picture.double().mean(dim=(2, 3)) @ shares


class Corners(nn.Module):
    """98 landmarks: the mean red and green of the picture, all at one place."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mean((2, 3))[:, None, :2].repeat(1, POINTS, 1)


def save(picture: np.ndarray, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(file, compress_level=1)


@pytest.fixture(scope="module", autouse=True)
def _nothing_drawn() -> Iterator[None]:
    """Runs of 512 px pictures are measured, and neither plotted nor kept as pictures."""
    with pytest.MonkeyPatch.context() as patch:
        for function in ("reports.plots.draw.write_plots", "gallery.keep.keep_pictures", "gallery.keep.write_grid"):
            patch.setattr(f"fsrbench.{function}", lambda *_: None)
        yield


@pytest.fixture(scope="session")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Pictures:
    """A picture of each subset of NTIRE's test set, with HR in ``paired/`` and without in ``blind/``."""
    folder = tmp_path_factory.mktemp("faces")
    made: dict[str, dict[str, np.ndarray]] = {"sr": {}, "hr": {}, "lr": {}}
    for seed, subset in enumerate(SUBSETS):
        image = f"{subset}/face{seed}"
        sr, hr = textured_pair(SIDE, SIDE, seed)
        lr = np.asarray(Image.fromarray(hr).reduce(8).resize((SIDE, SIDE), Image.Resampling.BILINEAR))
        for side, picture in (("sr", sr), ("hr", hr), ("lr", lr)):
            made[side][image] = picture
        save(sr, folder / "SR" / f"{image}.png")
        save(lr, folder / "blind" / "LR" / f"{image}.png")
        if seed < 2:
            save(lr, folder / "paired" / "LR" / f"{image}.png")
            save(hr, folder / "paired" / "HR" / f"{image}.png")
            save(sr, folder / "FFHQ" / f"{image}.png")
            save(hr[::-1], folder / "FFHQ" / f"{image}-b.png")
    return Pictures(folder, **made)


@pytest.fixture(scope="session")
def judges(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files in place of the scripts' networks, by their names."""
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    folder = tmp_path_factory.mktemp("judges")
    for name in ("resnet18_110", "arcface_resnet18"):
        save_pooling_onnx(folder / f"{name}.onnx", side=128, batch=1, channels=1)
    save_pooling_onnx(folder / "adaface.onnx", batch=1)
    torch.onnx.export(Corners(), (torch.rand(1, 3, 256, 256),), folder / "landmarks98.onnx", dynamo=False)
    rows = [f"face{n},{name},{','.join(map(str, FACE.ravel()))}" for n, name in enumerate(SUBSETS)]
    (folder / "face_points.csv").write_text("\n".join([f"filename,dataset,{','.join(COLUMNS)}", *rows]))
    rng = np.random.RandomState(0)
    root = rng.normal(size=(36, 36))
    np.savez(folder / "niqe.npz", mu_pris_param=rng.uniform(size=(1, 36)), cov_pris_param=root @ root.T + np.eye(36))
    return {path.stem: path for path in folder.iterdir()}


@contextmanager
def standing_in(judges: Mapping[str, Path]) -> Iterator[None]:
    """Inside, these files are the scripts' networks, and Inception and pyiqa's networks see colours."""
    with pytest.MonkeyPatch.context() as patch, weights.override(judges):
        use_colours(patch, "inception", "inception-resized")
        patch.setattr(measures, "pyiqa_metric", lambda name: lambda: StandIn(name))
        yield
