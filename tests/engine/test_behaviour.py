"""Methods whose pictures depend on the batch or on chance are found and reported; no number depends on a batch size."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from made import Finished, call, picture_files, run, write_files
from made.places import TESTS
from made.unsteady import batch_statistics, dropout, needs_two, noisy, steady
from torch import Tensor

from fsrbench.datasets.inputs import Inputs
from fsrbench.engine.behaviour import BATCH_DEPENDENT, RANDOM, CheckedMethods, check
from fsrbench.engine.pictures import Batch, Outcome, outcomes
from fsrbench.methods.base import Method
from fsrbench.methods.names import load_method
from fsrbench.pictures.decode import to_tensor
from fsrbench.tasks import TASKS

CPU = torch.device("cpu")
LR = torch.rand(4, 3, 16, 16, generator=torch.manual_seed(0)).mul(255).round().div(255)
IDS = ["a", "b", "c", "d"]


class Called(Method):
    """Counts its calls."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def upscale(self, lr: Tensor) -> Tensor:
        self.sizes.append(len(lr))
        return steady(lr)


def found(function: Any, batch: int = 4, count: int = 4) -> Any:
    def upscale(lr: Tensor, ids: Sequence[str]) -> list[Outcome]:
        try:
            return list(function(lr))
        except ValueError as error:
            return [str(error)] * len(lr)

    made = (function(LR[:count])[0].permute(1, 2, 0).clamp(0, 1) * 255).round().byte().numpy()
    return check(upscale, LR[:count], IDS[:count], made, batch)


@pytest.mark.parametrize(
    ("function", "kind", "text"),
    [
        (
            batch_statistics,
            BATCH_DEPENDENT,
            "depends on the batch: an image alone and in a batch of 4 differs by up",
        ),
        (dropout, RANDOM, "random: the same image twice differs by up to "),
        (needs_two, "", "cannot make a picture alone (Expected more than 1 value per channel"),
        (steady, "", ""),
        (noisy, "", ""),
    ],
)
def test_what_a_method_does_is_found(function: Any, kind: str, text: str) -> None:
    behaviour = found(function)
    assert behaviour.kind == kind
    assert behaviour.text.startswith(text)
    assert bool(behaviour.text) == bool(text)


def test_it_is_found_where_images_come_one_by_one_too() -> None:
    alone = (batch_statistics(LR[:1])[0].permute(1, 2, 0) * 255).round().byte().numpy()
    behaviour = check(lambda lr, ids: list(batch_statistics(lr)), LR, IDS, alone, 1)
    assert behaviour.kind == BATCH_DEPENDENT
    assert "in a batch of 2" in behaviour.text


def test_one_image_depends_on_no_other() -> None:
    assert found(batch_statistics, count=1, batch=1).kind == ""


def checked(method: Method, times: int = 1, batch: int = 2) -> Any:
    pixels = (LR.permute(0, 2, 3, 1) * 255).round().byte().numpy()
    inputs = Inputs(lr=pixels, hr=None, ids=IDS, degraded={}, problems={}, notes={})
    methods, size = CheckedMethods(), Batch(batch)
    for _ in range(times):
        made = methods.super_resolve(
            "m", lambda lr, ids: outcomes(method, lr, ids, 64), inputs, 64, size, CPU
        )  # fmt: skip
    return made


def test_the_check_costs_two_images_once() -> None:
    method = Called()
    checked(method, times=3)
    assert method.sizes == [2, 2, 1, 1, 2, 2, 2, 2]


def test_random_numbers_are_drawn_as_without_the_check() -> None:
    class Drawing(Method):
        def upscale(self, lr: Tensor) -> Tensor:
            return dropout(lr)

    torch.manual_seed(3)
    made = checked(Drawing(), times=2)
    torch.manual_seed(3)
    lr = to_tensor((LR.permute(0, 2, 3, 1) * 255).round().byte().numpy())
    parts = [dropout(lr[i : i + 2]) for _ in range(2) for i in (0, 2)]
    expected = (torch.cat(parts[2:]).permute(0, 2, 3, 1) * 255).round().byte().numpy()
    np.testing.assert_array_equal(made.pixels, expected)


@pytest.mark.parametrize(
    "name", ["nearest", "bilinear", "bicubic", "lanczos", "ours", "ours-psnr", "ours-paper", "ours-short", "scgan"]
)
def test_honest_methods_raise_no_alarm(name: str) -> None:
    assert checked(load_method(name, TASKS["x4"], CPU), batch=4).behaviour == ""


# --- whole runs


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_files(tmp_path_factory.mktemp("data"), picture_files([f"{i}.png" for i in range(7)]))


ODD = "python:made.unsteady:batch_statistics"


def command(data: Path, out: Path, *options: object, methods: str = ODD, metrics: str = "psnr") -> Finished:
    return run(data, out, "--metrics", metrics, *options, methods=methods)


def test_numbers_do_not_depend_on_the_batch_size(data: Path, tmp_path: Path) -> None:
    runs = [command(data, tmp_path / str(size), "--batch-size", size) for size in (1, 3, 7)]
    assert runs[0].values(ODD) == runs[1].values(ODD) == runs[2].values(ODD)
    for done in runs:
        assert "super-resolved one by one" in done.manifest["methods"][ODD]["behaviour"]
        assert "super-resolved one by one" in done.stderr
        assert "depends on the batch" in (done.path / "table.md").read_text(encoding="utf-8")


def test_what_was_found_is_told_by_later_commands_that_make_no_picture(data: Path, tmp_path: Path) -> None:
    first = command(data, tmp_path / "out")
    second = command(data, tmp_path / "out", metrics="psnr,ssim")
    assert second.manifest["methods"][ODD]["behaviour"] == first.manifest["methods"][ODD]["behaviour"] != ""
    assert second.values(ODD) == first.values(ODD)


@pytest.mark.heavy
def test_isolated_methods_are_checked_alike(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(TESTS))
    here = command(data, tmp_path / "here")
    apart = command(data, tmp_path / "apart", "--isolate")
    assert apart.values(ODD) == pytest.approx(here.values(ODD), abs=0.005)
    assert apart.manifest["methods"][ODD]["behaviour"] == here.manifest["methods"][ODD]["behaviour"]


def test_random_methods_are_told_and_pictures_made_elsewhere_are_not_checked(data: Path, tmp_path: Path) -> None:
    random = "python:made.unsteady:dropout"
    sr = f"images:{data}"
    done = command(data, tmp_path / "out", methods=f"{random},{sr},bicubic")
    behaviour = {name: entry["behaviour"] for name, entry in done.manifest["methods"].items()}
    assert behaviour[random].startswith("random: ")
    assert (behaviour[sr], behaviour["bicubic"]) == ("", "")
    page = tmp_path / "page.html"
    assert call("report", done.path, "--out", page).exit_code == 0
    assert "random: the same image twice" in page.read_text(encoding="utf-8")
