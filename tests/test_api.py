"""The benchmark from Python: what is given by name and as it is, what comes back, and that the command line is it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from made import picture_files, run, write_files
from torch import Tensor, nn
from torch.nn import functional as F

import fsrbench
from fsrbench.datasets import Dataset, open_dataset
from fsrbench.errors import UserError
from fsrbench.metrics.base import ImageMetric

QUIET: dict[str, Any] = {"progress": False, "device": "cpu"}


def blocks(lr: Tensor) -> Tensor:
    return F.interpolate(lr, scale_factor=4)


GAIN = 1.0
NETWORK = nn.Conv2d(3, 3, 1)
HANDLE = object()


def scaled(lr: Tensor) -> Tensor:
    return blocks(lr) * GAIN


def convolved(lr: Tensor) -> Tensor:
    with torch.no_grad():
        return blocks(NETWORK(lr)).sigmoid()


def handled(lr: Tensor) -> Tensor:
    return blocks(lr) * (HANDLE is not None) * GAIN


class Blocks(fsrbench.Method):
    """Every LR pixel becomes a block."""

    def __init__(self, factor: float = 1.0) -> None:
        self.factor = factor

    def upscale(self, lr: Tensor) -> Tensor:
        return blocks(lr) * self.factor


class Brightness(ImageMetric):
    """The mean of the picture."""

    name, title, direction, protocol = "brightness", "Brightness", "none", "mean of all pixels and channels"

    def __init__(self, power: float = 1.0) -> None:
        self.power = power

    def score(self, sr: Tensor, hr: Tensor | None) -> Tensor:
        return sr.mean(dim=(1, 2, 3)) ** self.power


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    files = picture_files([f"{i // 2}/{i}.png" for i in range(6)])
    return write_files(tmp_path_factory.mktemp("data"), files)


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plots and the grid are slow, and most tests do not look at them."""
    monkeypatch.setattr("fsrbench.reports.plots.draw.write_plots", lambda *_: [])
    monkeypatch.setattr("fsrbench.gallery.keep.write_grid", lambda _: None)


def test_the_command_line_gives_the_same(data: Path, tmp_path: Path) -> None:
    found = fsrbench.evaluate(["bicubic", "nearest"], data, ["psnr", "ssim"], degradation="realworld", seed=3, **QUIET)
    flags = ("--degradation", "realworld", "--seed", 3)
    theirs = run(data, tmp_path / "out", *flags, methods="bicubic,nearest")
    pd.testing.assert_frame_equal(found.scores, theirs.scores, check_exact=True)
    assert found.summary["value"].tolist() == [float(value) for value in theirs.summary["value"]]
    assert not found.failed


def test_functions_classes_objects_and_networks_are_methods(data: Path) -> None:
    network = nn.Upsample(scale_factor=4)
    found = fsrbench.evaluate([blocks, Blocks, network, "nearest"], data, ["psnr"], **QUIET)
    assert found.methods == ["blocks", "Blocks", "Upsample", "nearest"]
    psnr = found.per_image("psnr")
    for name in found.methods[:3]:
        pd.testing.assert_series_equal(psnr[name], psnr["nearest"], check_names=False, check_exact=True)


def test_a_mapping_names_methods(data: Path) -> None:
    methods = {"full": Blocks(), "dark": Blocks(0.5), "nearest": "nearest", "cells": "nearest"}
    found = fsrbench.evaluate(methods, data, ["psnr"], **QUIET)
    psnr = found.per_image("psnr")
    assert (psnr["full"] == psnr["nearest"]).all()
    assert (psnr["cells"] == psnr["nearest"]).all()
    assert (psnr["dark"] < psnr["full"]).all()


def test_metrics_are_given_as_they_are(data: Path) -> None:
    found = fsrbench.evaluate(
        ["bicubic"],
        data,
        [
            "psnr",
            Brightness,
        ],
        **QUIET,
    )
    assert found.metrics == ["psnr", "brightness"]
    squared = fsrbench.evaluate(["bicubic"], data, [Brightness(2.0)], **QUIET)
    one, other = (r.per_image("brightness")["bicubic"] for r in (found, squared))
    np.testing.assert_allclose(one**2, other, rtol=1e-5)
    assert found.metric("brightness").title == "Brightness"
    assert "hr" in found.rows


def test_a_dataset_is_given_as_it_is(data: Path) -> None:
    whole = open_dataset(str(data))
    part = Dataset("the first", whole.samples[:3])
    found = fsrbench.evaluate(["nearest"], part, ["psnr"], **QUIET)
    assert found.manifest["dataset"]["n"] == 3
    assert list(found.per_image("psnr").index) == [sample.id for sample in part]


def test_a_part_of_a_dataset_keeps_its_name() -> None:
    found = fsrbench.evaluate(["nearest"], open_dataset("sample").head(4), ["psnr"], **QUIET)
    assert found.manifest["dataset"]["name"] == "sample"
    assert found.manifest["dataset"]["n"] == 4


def test_without_a_folder_nothing_is_left(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    found = fsrbench.evaluate(["nearest"], data, ["psnr"], **QUIET)
    assert (found.path / "scores.parquet").exists()
    assert not (found.path / "plots").exists()
    del found
    assert list(tmp_path.iterdir()) == []


def test_with_a_folder_it_holds_what_the_command_writes(data: Path, tmp_path: Path) -> None:
    found = fsrbench.evaluate(["nearest"], data, ["psnr"], out=tmp_path / "out", **QUIET)
    assert found.path == tmp_path / "out"
    for name in ("table.md", "grid.png", "plots", "manifest.json", "images/nearest/0/0.png"):
        assert (found.path / name).exists(), name


@pytest.mark.usefixtures("undrawn")
def test_a_changed_object_is_never_taken_for_the_one_before(data: Path, tmp_path: Path) -> None:
    for factor, expected in ((1.0, 22.7), (0.5, 10.8)):
        named = {"mine": lambda lr, factor=factor: blocks(lr) * factor}
        found = fsrbench.evaluate(named, data, ["psnr"], out=tmp_path / "out", **QUIET)
        alone = fsrbench.evaluate({"mine": Blocks(factor)}, data, ["psnr"], out=tmp_path / "objects", **QUIET)
        assert alone.per_image("psnr")["mine"].mean() == pytest.approx(expected, abs=0.1)
        pd.testing.assert_frame_equal(found.scores, alone.scores, check_exact=True)


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("function", [scaled, handled])
def test_a_changed_number_that_a_function_reads_counts(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: Any
) -> None:
    for gain, expected in ((1.0, 22.7), (0.5, 10.8)):
        monkeypatch.setitem(globals(), "GAIN", gain)
        found = fsrbench.evaluate({"mine": function}, data, ["psnr"], out=tmp_path / "out", **QUIET)
        assert found.per_image("psnr")["mine"].mean() == pytest.approx(expected, abs=0.1)


@pytest.mark.usefixtures("undrawn")
def test_a_trained_network_that_a_function_reads_counts(data: Path, tmp_path: Path) -> None:
    def measured() -> pd.Series:
        return fsrbench.evaluate([convolved], data, ["psnr"], out=tmp_path / "out", **QUIET).per_image("psnr")[
            "convolved"
        ]

    before = measured()
    scored = sorted((tmp_path / "out" / "cache" / "scores").iterdir())
    pd.testing.assert_series_equal(measured(), before, check_exact=True)
    assert sorted((tmp_path / "out" / "cache" / "scores").iterdir()) == scored  # the same pictures, made anew
    with torch.no_grad():
        NETWORK.weight += 0.5
    assert (measured() != before).all()


def test_a_network_stays_as_its_owner_left_it(data: Path) -> None:
    network = nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3), nn.Upsample(scale_factor=4)).train()
    network[0].weight.requires_grad_(True)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    called = []
    network.register_forward_hook(lambda module, *_: called.append(module))
    fsrbench.evaluate({"mine": network}, data, ["psnr"], **QUIET)
    assert network.training
    assert all(layer.training for layer in network)
    assert {value.device for value in network.state_dict().values()} == {torch.device("cpu")}
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert network[0].weight.requires_grad
    assert called
    assert all(module is not network for module in called)  # a copy was called


@pytest.mark.usefixtures("undrawn")
def test_an_object_with_settings_is_recognised(data: Path, tmp_path: Path) -> None:
    calls = []

    class Counted(Blocks):
        def upscale(self, lr: Tensor) -> Tensor:
            calls.append(self.settings)
            return super().upscale(lr)

    seen = []
    for settings in ("full", "full", "half"):
        method = Counted(0.5 if settings == "half" else 1.0)
        method.settings = settings
        calls.clear()
        fsrbench.evaluate({"mine": method}, data, ["psnr"], out=tmp_path / "out", **QUIET)
        seen.append(set(calls))
    assert seen == [{"full"}, set(), {"half"}]


@pytest.mark.usefixtures("undrawn")
def test_a_changed_metric_is_never_taken_for_the_one_before(data: Path, tmp_path: Path) -> None:
    one, other = (
        fsrbench.evaluate(["nearest"], data, [Brightness(power)], out=tmp_path / "out", **QUIET).per_image("brightness")
        for power in (1.0, 2.0)
    )
    np.testing.assert_allclose(one**2, other, rtol=1e-5)


def test_a_failing_method_has_rows_and_no_error(data: Path) -> None:
    found = fsrbench.evaluate({"broken": lambda lr: lr, "nearest": "nearest"}, data, ["psnr"], **QUIET)
    assert found.failed
    result = found.result("broken", "psnr")
    assert result is not None
    assert result.status == "failed"
    assert "expected a tensor of shape (6, 3, 64, 64)" in result.note


def test_progress_is_shown_on_standard_error_or_not_at_all(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fsrbench.evaluate(["nearest"], data, ["psnr"], **QUIET)
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", "")
    fsrbench.evaluate(["nearest"], data, ["psnr"], device="cpu")
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "scoring: 2 of 2" in printed.err


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"methods": "bicubic"}, r"methods: give a list, \['bicubic'\]"),
        ({"methods": []}, "name at least one"),
        ({"methods": ["bicubik"]}, "did you mean bicubic"),
        ({"methods": [lambda lr: lr]}, "give it a name"),
        ({"methods": [Blocks(), Blocks()]}, "two methods are called Blocks"),
        ({"methods": {"bicubic": blocks}}, "a method called bicubic already exists"),
        ({"methods": {"nearest": "bicubic"}}, "nearest is a registered method; call bicubic something else"),
        ({"methods": {"reference": "bicubic"}}, "no method may be called reference"),
        ({"methods": {"a:b": "bicubic"}}, "'a:b' is not a valid name for bicubic"),
        ({"methods": {"a\nb": blocks}}, r"'a\\nb' is not a valid name for a function: letters without"),
        ({"methods": {"": blocks, "nearest": "nearest"}}, "'' is not a valid name for a function"),
        ({"methods": {"a" * 61: blocks}}, "is too long a name for a function: at most 60 letters"),
        ({"methods": ["a=nearest", "a=bicubic"]}, "two methods are called a"),
        ({"methods": {"hr": blocks}}, "no method may be called hr"),
        ({"methods": torch.nn.Upsample(scale_factor=4)}, "methods: give a list"),
        ({"methods": {"mine": 3}}, "mine is not an fsrbench.Method"),
        ({"methods": [blocks], "isolate": True}, "blocks is an object of this process"),
        ({"methods": [blocks], "workers": 2}, "blocks is an object of this process"),
        ({"methods": ["bicubic"], "metrics": "psnr"}, r"metrics: give a list, \['psnr'\]"),
        ({"methods": ["bicubic"], "metrics": ["psnt"]}, "did you mean psnr"),
        ({"methods": ["bicubic"], "task": "x3"}, "task"),
        ({"methods": ["bicubic"], "limits": 3}, "limits"),
        ({"methods": ["bicubic"], "data": "nowhere"}, "nowhere"),
    ],
)
def test_what_cannot_be_done_is_one_line(arguments: dict[str, Any], why: str) -> None:
    with pytest.raises(UserError, match=why) as caught:
        fsrbench.evaluate(**QUIET | arguments)
    assert len(str(caught.value).splitlines()) == 1


def test_names_are_forgotten_afterwards(data: Path) -> None:
    fsrbench.evaluate({"mine": blocks}, data, [Brightness], **QUIET)
    with pytest.raises(UserError, match="unknown method 'mine'"):
        fsrbench.evaluate(["mine"], data, ["psnr"], **QUIET)
    with pytest.raises(UserError, match="unknown metric 'brightness'"):
        fsrbench.evaluate(["nearest"], data, ["brightness"], **QUIET)


def test_importing_it_is_quick() -> None:
    code = (
        "import sys, fsrbench; assert 'torch' not in sys.modules and 'pandas' not in sys.modules; print(dir(fsrbench))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "evaluate" in found.stdout
    with pytest.raises(AttributeError, match="attribute evaluat"):
        fsrbench.evaluat  # noqa: B018


def test_a_network_keeps_its_mode_of_evaluation_and_is_given_float_pictures(data: Path) -> None:
    seen = []

    class Network(nn.Module):
        def forward(self, lr: Tensor) -> Tensor:
            seen.append((self.training, lr.dtype, float(lr.min()) >= 0, float(lr.max()) <= 1, torch.is_grad_enabled()))
            return blocks(lr)

    fsrbench.evaluate([Network()], data, ["psnr"], **QUIET)
    assert set(seen) == {(False, torch.float32, True, True, False)}
