"""Whatever somebody else's code raises to end the program is an error of that code alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from torch import Tensor
from torch.nn import functional as F

import fsrbench
from fsrbench.datasets import DATASETS, Dataset, Picture, Sample, open_dataset
from fsrbench.errors import EndedProgram, UserError
from fsrbench.methods import Method
from fsrbench.metrics.base import Evaluation, FeatureMetric, ImageMetric
from fsrbench.metrics.extractors.base import EXTRACTORS, Extractor
from fsrbench.process.containment import contained, no_exit

ENDINGS = [SystemExit(0), GeneratorExit(), asyncio.CancelledError(), BaseExceptionGroup("two", [SystemExit()])]


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda ending: type(ending).__name__)
def test_what_would_end_the_program_is_an_error(ending: BaseException) -> None:
    with pytest.raises(EndedProgram, match=f"tried to end the program .{type(ending).__name__}"), contained():
        raise ending
    with pytest.raises(EndedProgram), contained(), contained():
        raise ending


@pytest.mark.parametrize("ending", ENDINGS[:2], ids=lambda ending: type(ending).__name__)
def test_known_ways_to_end_it_are_told_from_an_alarm_of_the_caller(ending: BaseException) -> None:
    with pytest.raises(EndedProgram), no_exit(callers_alarm=True):
        raise ending


def closes(*_: Any, **__: Any) -> Any:
    raise GeneratorExit


class InLoad(Method):
    load = closes

    def upscale(self, lr: Tensor) -> Tensor:
        raise AssertionError("never loaded")


class InUpscale(Method):
    upscale = closes


class Blocks(Method):
    def upscale(self, lr: Tensor) -> Tensor:
        return F.interpolate(lr, scale_factor=4)


class InInit(Blocks):
    __init__ = closes


class InFingerprint(Blocks):
    fingerprint = closes


class InFiles(Blocks):
    files = closes


class WhenCounted(Blocks):
    count_parameters = closes


class Score(ImageMetric):
    name = title = "closing_score"
    protocol = "none"
    score = closes


class Check(ImageMetric):
    name = title = "closing_check"
    protocol = "none"
    check = score = closes


class Read(FeatureMetric):
    name = title = "closing_extractor"
    protocol = "none"
    extractor = "closing"

    def evaluate(self, faces: Any, seed: int) -> Evaluation:
        return Evaluation(np.zeros(len(faces.ids)))


class Evaluate(Read):
    name = title = "closing_evaluate"
    extractor = "still"
    evaluate = closes


class Still(Extractor):
    def extract(self, images: Tensor, guide: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {"zero": np.zeros((len(images), 1))}


class Closing(Still):
    extract = closes


def test_methods_and_metrics_that_raise_generator_exit_lose_their_own_rows() -> None:
    methods = [InLoad, InUpscale, InInit, InFingerprint, InFiles, WhenCounted]
    metrics: list[Any] = ["psnr", "params", Score, Check, Read, Evaluate]
    with EXTRACTORS.also({"closing": Closing, "still": Still}):
        found = fsrbench.evaluate(["bicubic", *methods], metrics=metrics, limit=2, progress=False)
    status = found.summary.set_index(["method", "metric"])["status"]
    assert status["bicubic", "psnr"] == status["bicubic", "params"] == "ok"
    assert status["WhenCounted", "psnr"] == "ok"
    assert status["WhenCounted", "params"] == "failed"
    failed = [method.__name__ for method in methods if method is not WhenCounted]
    assert {status[name, "psnr"] for name in failed} == {"failed"}
    assert {status["bicubic", metric.name] for metric in metrics[2:]} == {"failed"}
    notes = found.summary.query("status == 'failed'")["note"]
    assert notes.str.contains("tried to end the program (GeneratorExit)", regex=False).all()


class ClosingFiles:
    """Storage of which one picture cannot be read."""

    def __init__(self, error: BaseException) -> None:
        self._error = error
        self._sample = open_dataset("sample").samples[0]

    def names(self) -> list[str]:
        return ["good", "bad"]

    def read(self, name: str) -> bytes:
        if name == "bad":
            raise self._error
        assert self._sample.hr is not None
        return self._sample.hr.read()


@pytest.mark.parametrize("error", [GeneratorExit(), SystemExit(0), ValueError("torn")], ids=repr)
def test_a_picture_whose_storage_raises_is_left_out(error: BaseException) -> None:
    files = ClosingFiles(error)
    data = Dataset("theirs", tuple(Sample(name, hr=Picture(files, name)) for name in files.names()))
    found = fsrbench.evaluate(["bicubic"], data, metrics=["psnr"], progress=False)
    assert found.result("bicubic", "psnr").n == 1  # type: ignore[union-attr]
    assert type(error).__name__ in found.manifest["dataset"]["left_out"]["bad"]


@pytest.mark.parametrize("make", [closes, lambda: exec("raise SystemExit")])
def test_a_dataset_whose_code_ends_the_program_is_unusable_input(make: Callable[[], Dataset]) -> None:
    with DATASETS.also({"closing": make}), pytest.raises(UserError, match="tried to end the program"):
        fsrbench.evaluate(["bicubic"], "closing", metrics=["psnr"], progress=False)
