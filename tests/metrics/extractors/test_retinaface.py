"""RetinaFace, with random weights: which box is taken, and where in the picture it lies."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from fsrbench import weights
from fsrbench.errors import Unavailable
from fsrbench.metrics.extractors import detectors
from fsrbench.metrics.extractors.detectors import RETINAFACE_SIDE, Retinaface


class Answers:
    """Stands in for the network: gives the same boxes for every picture, and keeps what it was shown."""

    def __init__(self, *found: dict[str, Any]) -> None:
        self.found, self.shown = list(found), []

    def predict_jsons(self, image: np.ndarray, confidence_threshold: float) -> list[dict[str, Any]]:
        self.shown.append((image.shape, confidence_threshold))
        return self.found


def answering(*found: dict[str, Any]) -> tuple[Retinaface, Answers]:
    extractor, answers = Retinaface(), Answers(*found)
    extractor.__dict__["_detector"] = answers
    return extractor, answers


@pytest.mark.parametrize("side", [64, 128, 256])
def test_box_of_the_enlarged_picture_is_brought_back(side):
    extractor, answers = answering({"bbox": [32, 64, 128, 256], "score": 0.97}, {"bbox": [0, 0, 9, 9], "score": 0.3})
    found = extractor.extract(torch.rand(2, 3, side, side), {})
    assert answers.shown == [((RETINAFACE_SIDE, RETINAFACE_SIDE, 3), 0.02)] * 2
    assert found["box"].tolist() == [[v * side / 256 for v in (32, 64, 128, 256)]] * 2
    assert found["confidence"].tolist() == [0.97] * 2


@pytest.mark.parametrize("answer", [[], [{"bbox": [], "score": -1}]], ids=["nothing", "an empty box"])
def test_no_face_is_no_box(answer):
    found = answering(*answer)[0].extract(torch.rand(1, 3, 64, 64), {})
    assert np.isnan(found["box"]).all()
    assert found["confidence"].tolist() == [0]


def test_the_package_is_needed(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "retinaface", None)
    with pytest.raises(Unavailable, match=r"retinaface-pytorch is missing; `pip install 'fsrbench\[retinaface\]'`"):
        Retinaface().check()


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A zip as it is published, with random weights."""
    package = pytest.importorskip("retinaface.predict_single", reason="retinaface-pytorch is not installed")
    torch.manual_seed(0)
    buffer = io.BytesIO()
    torch.save(package.Model(max_size=RETINAFACE_SIDE).model.state_dict(), buffer)
    path = tmp_path_factory.mktemp("weights") / "retinaface.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("retinaface_resnet50.pth", buffer.getvalue())
    return path


@pytest.mark.heavy
def test_a_published_archive_is_read_and_asked(archive, monkeypatch):
    monkeypatch.setattr(detectors, "RETINAFACE_LEAST", 0.0)  # random weights are sure of nothing
    pictures = torch.rand(2, 3, 64, 64)
    with weights.override({"retinaface": archive}):
        extractor = Retinaface()
        extractor.check()
        together = extractor.extract(pictures, {})
        single = extractor.extract(pictures[1:], {})
    assert ((together["confidence"] > 0) & (together["confidence"] < 1)).all()
    assert ((together["box"] > -128) & (together["box"] < 192)).all()  # pixels of the small picture
    np.testing.assert_array_equal(together["box"][1:], single["box"])
