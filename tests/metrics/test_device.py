"""Networks of metrics compute on the run's device; without a GPU, torch's meta device shows it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from fsrbench.engine.measures import Measures
from fsrbench.metrics import resolve
from fsrbench.metrics.extractors import base
from fsrbench.metrics.extractors.base import EXTRACTORS, Extractor, extract
from fsrbench.metrics.pyiqa_metric import pyiqa_metric

META = torch.device("meta")
CPU = torch.device("cpu")
ON_CPU = {
    *("dlib", "dlib-landmarks", "arcface", "arcface-given", "arcface-whole"),
    *("vqfr", "restoreformer", "adaface", "adaface-by-file", "colour"),
}
"""Extractors with networks of dlib and onnxruntime, and one with none."""


@pytest.mark.parametrize("name", EXTRACTORS.names())
def test_extractors_with_a_network_of_torch_take_the_runs_device(name: str) -> None:
    extractor: Extractor = EXTRACTORS.get(name)()
    assert extractor.device == CPU
    extractor.use(META)
    assert (extractor.device == META) == extractor.on_gpu == (name not in ON_CPU)


def test_the_network_is_moved() -> None:
    fan = EXTRACTORS.get("fan")()
    fan.use(META)
    assert {parameter.device for parameter in fan._network.parameters()} == {META}
    mtcnn = EXTRACTORS.get("mtcnn")()
    mtcnn.use(META)
    with pytest.raises((NotImplementedError, RuntimeError), match="meta"):  # its network has no numbers there
        mtcnn.extract(torch.rand(1, 3, 64, 64), {})


def test_measures_hand_the_device_to_metrics_and_extractors() -> None:
    measures = Measures(resolve(["psnr", "landmark_nme", "gmsd"]), META)
    assert measures.extractor("fan").device == META
    assert {metric.name: metric.device for metric in measures.metrics} == {
        "psnr": CPU,
        "landmark_nme": CPU,
        "gmsd": META,
    }


class Recorder(torch.nn.Module):
    def __init__(self, **options: Any) -> None:
        super().__init__()
        self.options, self.batches = options, []

    def forward(self, sr: torch.Tensor, hr: torch.Tensor | None = None) -> torch.Tensor:
        self.batches.append((len(sr), sr.device))
        return torch.zeros(len(sr)) if sr.device == META else sr.mean((1, 2, 3))


def test_pyiqas_network_is_loaded_for_the_device_and_scores_several_at_once(monkeypatch) -> None:
    import pyiqa

    made = []
    monkeypatch.setattr(pyiqa, "create_metric", lambda name, device: made.append((name, device)) or Recorder())
    kind = pyiqa_metric("gmsd")
    assert kind is not None
    metric, pictures = kind(), torch.rand(5, 3, 8, 8)
    assert torch.equal(metric.score(pictures, pictures), pictures.mean((1, 2, 3)))
    assert metric._network.batches == [(1, CPU)] * 5
    moved = metric.on(META)
    assert metric.on(CPU) is metric
    assert moved.on(CPU).device == CPU
    assert len(moved.score(pictures, pictures)) == 5
    assert moved._network.batches == [(5, META)]
    assert made == [("gmsd", CPU), ("gmsd", META)]


class Sizes(Extractor):
    on_gpu = True

    def extract(self, images, guide):
        return {"size": np.full(len(images), len(images))}


def test_batches_are_larger_on_a_gpu(monkeypatch) -> None:
    monkeypatch.setattr(base, "GPU_BATCH", 32)
    extractor, images = Sizes(), torch.zeros(40, 3, 2, 2)
    assert list(dict.fromkeys(extract(extractor, images, {})["size"])) == [16, 8]
    extractor.use(META)
    assert list(dict.fromkeys(extract(extractor, images, {})["size"])) == [32, 8]
