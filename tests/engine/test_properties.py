"""Properties of a run's images: of its LR pictures, and of landmarks that came with the data or that a metric found."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from made import draw_picture, encode_picture, run, write_files
from PIL import Image

from fsrbench.datasets import open_dataset
from fsrbench.faces.pose import head_pose
from fsrbench.metrics.extractors.base import EXTRACTORS, Extractor
from fsrbench.pictures.properties import signal_properties
from fsrbench.runs.columns import PROPERTY_COLUMNS
from fsrbench.runs.data import RunData

FACE = np.array([[25.0, 30], [40, 30], [36, 39], [27, 46], [38, 46]])
"""In a picture of 64 px, looking to its right."""
EYES = [36, 37, 38, 39, 40, 41], [42, 43, 44, 45, 46, 47]


def whole_face(five: np.ndarray) -> np.ndarray:
    """68 points with these eyes, nose and corners of the mouth."""
    points = np.zeros((68, 2))
    for eye, place in zip(EYES, five[:2], strict=True):
        points[eye] = place
    points[[30, 48, 54]] = five[2:]
    return points


class Landmarks(Extractor):
    """Finds the same face in every picture."""

    def extract(self, images: Any, guide: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {"landmarks": np.repeat(whole_face(FACE)[None] * images.shape[-1] / 64, len(images), axis=0)}


def read(path: Path) -> pd.DataFrame:
    return RunData.load(path).properties


def test_the_samples_own_landmarks_are_used_and_lr_is_what_methods_saw(tmp_path: Path) -> None:
    done = run("sample", tmp_path / "out", "--limit", 3, "--save-images")
    found = read(done.path)
    samples = open_dataset("sample").samples[:3]
    assert list(found.index) == [sample.id for sample in samples]
    pose = head_pose(np.array([sample.landmarks for sample in samples]))
    np.testing.assert_allclose(found["yaw"], pose.yaw, rtol=1e-3)
    np.testing.assert_allclose(found["eye_distance"], pose.eye_distance / 128 * 16, rtol=1e-3)  # stored at 128 px
    for image in found.index:
        lr = np.asarray(Image.open(done.path / "images" / "lr" / f"{image}.png"))
        for name, value in signal_properties(lr).items():
            assert found.loc[image, name] == pytest.approx(value, rel=1e-4)
    again = run("sample", tmp_path / "out", "--limit", 3, "--metrics", "psnr")  # inputs come from the cache now
    pd.testing.assert_frame_equal(read(again.path), found)


def test_landmarks_that_a_metric_found_in_hr_are_used_and_native_sizes_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = {f"HR/{i}.png": encode_picture(draw_picture(i, 64)) for i in range(2)}
    pictures |= {f"LR/{i}.png": encode_picture(draw_picture(i, 12 + 12 * i)) for i in range(2)}
    data = write_files(tmp_path / "data", pictures)
    assert read(run(data, tmp_path / "none").path)[["yaw", "eye_distance"]].isna().all(axis=None)
    monkeypatch.setitem(EXTRACTORS._objects, "fan", Landmarks)
    found = read(run(data, tmp_path / "out", "--metrics", "landmark_nme").path)
    assert list(found["lr_size"]) == [12, 24]
    pose = head_pose(FACE[None])
    assert pose.yaw > 10
    np.testing.assert_allclose(found["yaw"], pose.yaw[0], rtol=1e-3)
    np.testing.assert_allclose(found["eye_distance"], pose.eye_distance[0] / 64 * found["lr_size"], rtol=1e-3)


def test_every_usable_image_has_a_row_and_no_other(tmp_path: Path) -> None:
    broken = {"HR/c.png": b"no picture"} | {f"HR/{n}.png": encode_picture(draw_picture(1)) for n in "ab"}
    done = run(write_files(tmp_path / "data", broken), tmp_path / "out")
    text = (done.path / "properties.csv").read_text()
    assert text.splitlines()[0] == ",".join(PROPERTY_COLUMNS)
    assert list(pd.read_csv(io.StringIO(text))["image"]) == ["a", "b"]
