"""Landmarks of a file: what made networks of known output give, read against a plain loop; files that do not fit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from made.networks import save_summing_onnx
from torch import Tensor, nn

from fsrbench import weights
from fsrbench.errors import Unavailable
from fsrbench.metrics.extractors.landmark_files import POINTS, FileLandmarks, points_of_heatmaps

onnx = pytest.importorskip("onnx", reason="onnx is not installed")
pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")


class Shifts(nn.Module):
    """Heatmaps whose peak is the brightest pixel of the picture: red for half of the points, green for the others."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        small = nn.functional.avg_pool2d(x, 4)
        half = self.count // 2
        maps = torch.cat([small[:, :1].repeat(1, half, 1, 1), small[:, 1:2].repeat(1, self.count - half, 1, 1)], 1)
        return 1 - maps, maps  # the last of several is the one to read


class Means(nn.Module):
    """Coordinates: the mean red and green, for each point."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mean((2, 3))[:, None, :2].repeat(1, POINTS, 1)


def save(network: nn.Module, path: Path, **metadata: str) -> Path:
    torch.onnx.export(network, (torch.rand(1, 3, 256, 256),), path, dynamo=False)
    model = onnx.load(path)
    for key, value in metadata.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = f"fsrbench.{key}", value
    onnx.save(model, path)
    return path


def spots(side: int) -> tuple[Tensor, np.ndarray]:
    """Pictures with a red and a green spot, and where they are in [0, 1] of the side."""
    where = np.array([[[0.2, 0.3], [0.7, 0.6]], [[0.55, 0.8], [0.1, 0.45]]])
    y, x = (np.mgrid[:side, :side] + 0.5) / side
    images = np.zeros((2, 3, side, side), np.float32)
    for n, c in np.ndindex(2, 2):
        images[n, c] = np.exp(-((x - where[n, c, 0]) ** 2 + (y - where[n, c, 1]) ** 2) / (2 * 0.03**2))
    return torch.from_numpy(images), where


def looped(heatmap: np.ndarray) -> tuple[float, float]:
    """VQFR's reading of one heatmap away from its border, pixel by pixel."""
    height, width = heatmap.shape
    y, x = max(((y, x) for y in range(height) for x in range(width)), key=lambda at: heatmap[at])
    dx = np.sign(heatmap[y, x + 1] - heatmap[y, x - 1])
    dy = np.sign(heatmap[y + 1, x] - heatmap[y - 1, x])
    return (x + 0.25 * dx + 0.5) / width, (y + 0.25 * dy + 0.5) / height


def test_heatmaps_are_read_as_by_a_plain_loop() -> None:
    maps = np.random.RandomState(0).uniform(size=(2, 5, 20, 24))
    maps[:, :, [0, -1], :], maps[:, :, :, [0, -1]] = 0, 0
    expected = [[looped(m) for m in face] for face in maps]
    np.testing.assert_allclose(points_of_heatmaps(maps), expected)


def test_a_peak_in_a_corner_stays_there() -> None:
    maps = np.zeros((1, 2, 8, 8))
    maps[0, 0, 0, 0] = maps[0, 1, 7, 7] = 1
    np.testing.assert_allclose(points_of_heatmaps(maps), [[[0.5 / 8] * 2, [7.5 / 8] * 2]])


@pytest.fixture(scope="module")
def heatmaps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """99 heatmaps, as AWing gives: the last one is a boundary."""
    return save(Shifts(POINTS + 1), tmp_path_factory.mktemp("maps") / "maps.onnx")


@pytest.mark.parametrize("side", [64, 256, 512])
def test_landmarks_are_in_pixels_of_the_picture_whatever_its_size(heatmaps: Path, side: int) -> None:
    images, where = spots(side)
    with weights.override({"landmarks98": heatmaps}):
        extractor = FileLandmarks()
        extractor.check()
        found = extractor.extract(images, {})["landmarks"]
    assert found.shape == (2, POINTS, 2)
    cell = side / 64  # a heatmap's pixel
    for half, points in enumerate((found[:, : POINTS // 2], found[:, POINTS // 2 :])):
        expected = np.repeat((where[:, half] * side - 0.5)[:, None], points.shape[1], axis=1)
        assert np.abs(points - expected).max() <= 0.5 * cell + 1e-6


@pytest.mark.parametrize("unit", ["fraction", "pixels"])
def test_coordinates_are_fractions_unless_the_file_says_pixels(tmp_path: Path, unit: str) -> None:
    network = Means() if unit == "fraction" else nn.Sequential(Means(), Scaled())
    file = save(network, tmp_path / "points.onnx", **({} if unit == "fraction" else {"landmarks": "pixels"}))
    images, _ = spots(64)
    with weights.override({"landmarks98": file}):
        found = FileLandmarks().extract(images, {})["landmarks"]
    means = images.double().mean((2, 3)).numpy()[:, None, :2]
    fraction = means if unit == "fraction" else (means * 200 + 0.5) / 256
    np.testing.assert_allclose(found, np.repeat(fraction * 64 - 0.5, POINTS, axis=1), atol=0.02)


class Scaled(nn.Module):
    def forward(self, points: Tensor) -> Tensor:
        return points * 200


@pytest.mark.parametrize(
    ("network", "metadata", "said"),
    [
        (Shifts(68), {}, r"gives .*\[1, 68, 64, 64\], neither 98 heatmaps nor 98 coordinates"),
        (nn.Flatten(), {}, "neither 98 heatmaps nor 98 coordinates"),
        (Means(), {"landmarks": "inches"}, "metadata fsrbench.landmarks is 'inches'"),
        (Means(), {"output": "points"}, "but no 'points'"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_with_what_it_gives(tmp_path, network, metadata, said) -> None:
    with (
        weights.override({"landmarks98": save(network, tmp_path / "other.onnx", **metadata)}),
        pytest.raises(Unavailable, match=said),
    ):
        FileLandmarks().check()


@pytest.mark.parametrize("inputs", [(), ("a", "b")])
def test_a_network_that_takes_not_one_picture_is_unavailable(tmp_path, inputs) -> None:
    with (
        weights.override({"landmarks98": save_summing_onnx(tmp_path / "sum.onnx", *inputs)}),
        pytest.raises(Unavailable, match=r"^sum\.onnx takes .*, not one picture"),
    ):
        FileLandmarks().check()


def test_without_a_file_it_says_how_to_name_one(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("FSRBENCH_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(Unavailable, match=r"landmarks98\.onnx not found; .*--weights landmarks98=FILE"):
        FileLandmarks().check()
