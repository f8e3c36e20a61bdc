"""Timings are cached, and repeated if anything differs that speed depends on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from fsrbench.engine import cached_timings
from fsrbench.engine.cached_timings import time_methods
from fsrbench.engine.store import Store
from fsrbench.errors import FsrbenchError
from fsrbench.methods.base import Method
from fsrbench.methods.timing import Effort, Readings

CPU = torch.device("cpu")
LR = np.zeros((2, 4, 4, 3), dtype=np.uint8)
WANTED = ["latency_ms", "throughput", "params"]
EFFORT = Effort(3, 0, 5)


class Doubled(Method):
    """Twice as large."""

    settings = ""

    def upscale(self, lr: Tensor) -> Tensor:
        return torch.nn.functional.interpolate(lr, scale_factor=2)


class Broken(Method):
    """Raises."""

    def upscale(self, lr: Tensor) -> Tensor:
        raise RuntimeError("no")


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was really measured."""
    measured: list[Any] = []
    measure = cached_timings.measure
    monkeypatch.setattr(cached_timings, "measure", lambda *a: measured.append(a) or measure(*a))
    return measured


def readings(tmp_path: Path, methods: Any = None, lr: np.ndarray = LR, wanted: Any = WANTED, effort: Effort = EFFORT):
    return time_methods(Store(tmp_path), methods or {"a": Doubled(), "b": Doubled()}, lr, CPU, wanted, effort)


def test_the_second_time_the_same_numbers_are_read(tmp_path, calls):
    first, second = readings(tmp_path), readings(tmp_path)
    assert len(calls) == 1
    for name in ("a", "b"):
        one, other = first[name], second[name]
        assert isinstance(one, Readings)
        assert isinstance(other, Readings)
        assert one.latency_ms.tolist() == other.latency_ms.tolist()
        assert one.images_per_s == other.images_per_s
        assert (one.parameters, one.flops, one.peak_bytes) == (other.parameters, other.flops, other.peak_bytes)


@pytest.mark.parametrize(
    "change",
    [
        {"methods": {"a": Doubled()}},
        {"methods": {"a": Doubled(), "b": Doubled(), "c": Doubled()}},
        {"lr": LR + 1},
        {"wanted": ["latency_ms"]},
        {"effort": Effort(4, 0, 5)},
    ],
    ids=["fewer", "more", "lr", "metrics", "effort"],
)
def test_whatever_differs_is_measured_anew(tmp_path, calls, change):
    readings(tmp_path)
    readings(tmp_path, **change)
    assert len(calls) == 2


def test_another_machine_is_measured_anew(tmp_path, calls, monkeypatch):
    readings(tmp_path)
    monkeypatch.setattr(cached_timings, "machine", lambda device: {"cpu": "another"})
    readings(tmp_path)
    assert len(calls) == 2


def test_another_version_of_a_package_is_measured_anew(tmp_path, calls, monkeypatch):
    readings(tmp_path)
    monkeypatch.setattr("fsrbench.provenance.versions.version", lambda package: "1.0")
    readings(tmp_path)
    assert len(calls) == 2


def test_what_failed_is_tried_again(tmp_path, calls):
    methods = {"a": Doubled(), "b": Broken()}
    for _ in range(2):
        assert isinstance(readings(tmp_path, methods)["b"], FsrbenchError)
    assert len(calls) == 2


def test_what_may_be_another_method_is_measured_anew(tmp_path, calls):
    unknown = Doubled()
    unknown.settings = None
    unknown.source = iter([])  # what it holds cannot be read
    for _ in range(2):
        readings(tmp_path, {"a": Doubled(), "b": unknown})
    assert len(calls) == 2
