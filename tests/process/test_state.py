"""A run leaves its process as it was."""

from __future__ import annotations

import logging
import random
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from made import rude
from made.process import QUIET, backends, same, snapshot
from PIL import Image, ImageFile
from torch import nn

import fsrbench
from fsrbench.errors import UserError
from fsrbench.methods.export import export
from fsrbench.photo.command import Request, upscale
from fsrbench.process.state import preserved


@pytest.fixture(params=["as torch starts", "high", "newer settings", "mixed", "others"])
def caller(request: pytest.FixtureRequest) -> Iterator[None]:
    """Somebody's process, with settings of its own."""
    with preserved():
        if request.param in ("high", "mixed"):
            torch.set_float32_matmul_precision("high")
        if request.param == "newer settings":
            torch._C._set_fp32_precision_setter("generic", "all", "tf32")
            torch._C._set_fp32_precision_setter("cuda", "conv", "ieee")
        if request.param == "mixed":
            backends.cuda.matmul.allow_tf32 = False
        if request.param == "others":
            backends.cudnn.benchmark = True
            torch.use_deterministic_algorithms(True)
            torch.set_default_dtype(torch.float64)
            torch.set_num_threads(2)
            random.seed(7)
            np.random.seed(7)
            torch.manual_seed(7)
            np.seterr(divide="raise")
            ImageFile.LOAD_TRUNCATED_IMAGES = True
            Image.MAX_IMAGE_PIXELS = 1000
            warnings.simplefilter("error", ResourceWarning)
            logging.root.setLevel(logging.DEBUG)
        yield


def test_evaluate_leaves_the_process_as_it_was(caller: None) -> None:
    network = nn.Sequential(nn.Conv2d(3, 48, 3, padding=1), nn.Dropout(), nn.PixelShuffle(4), nn.Sigmoid()).float()
    weights = {name: value.clone() for name, value in network.state_dict().items()}
    before = snapshot()
    found = fsrbench.evaluate(
        {"mine": network, "bicubic": "bicubic", "rude": rude.changes_everything},
        metrics=["psnr", "ssim", "params"],
        limit=4,
        **QUIET,
    )
    same(before, snapshot())
    assert network.training
    assert all(torch.equal(value, weights[name]) for name, value in network.state_dict().items())
    assert set(found.summary["status"]) <= {"ok", "invalid"}
    # Whatever the caller has set, the number is that of a process of its own
    assert found.per_image("psnr")["bicubic"].mean() == pytest.approx(23.0038, abs=1e-4)


@pytest.mark.parametrize("data", ["nowhere/at/all", "sample"])
def test_errors_leave_the_process_as_it_was_too(data: str, tmp_path: Path) -> None:
    def broken(lr: torch.Tensor) -> torch.Tensor:
        torch.set_float32_matmul_precision("high")
        raise RuntimeError("no")

    before = snapshot()
    if data == "sample":
        found = fsrbench.evaluate({"broken": broken}, data, ["psnr", "latency_ms"], limit=2, **QUIET)
        assert set(found.summary.query("method == 'broken'")["status"]) == {"failed"}
    else:
        with pytest.raises(UserError):
            fsrbench.evaluate({"broken": broken}, data, ["psnr"], **QUIET)
    with pytest.raises(UserError):
        export("bicubic", "x5", "onnx", None)
    with pytest.raises((UserError, OSError)):
        upscale(Request(tmp_path / "none.png"), fsrbench.machine.console.Reporter())
    same(before, snapshot())


def test_random_numbers_of_the_caller_go_on_as_without_it() -> None:
    torch.manual_seed(3)
    random.seed(3)
    wanted = torch.rand(2).tolist(), random.random()
    torch.manual_seed(3)
    random.seed(3)
    fsrbench.evaluate({"noisy": rude.noisy}, metrics=["psnr"], limit=2, **QUIET)
    assert (torch.rand(2).tolist(), random.random()) == wanted


@pytest.mark.heavy
def test_imports_change_nothing() -> None:
    """In a process of its own, with the libraries imported before."""
    code = """
import logging, os, signal, sys, warnings, pkgutil, importlib
import torch, torchvision, numpy, scipy.stats, PIL.Image, PIL.ImageFile, pandas, matplotlib.pyplot, rich, pydantic
import safetensors.torch, typer, yaml, psutil, pooch, torch.utils.flop_counter, torchmetrics
def state():
    return dict(filters=list(warnings.filters), env=dict(os.environ), pil=(PIL.Image.MAX_IMAGE_PIXELS,
        PIL.ImageFile.LOAD_TRUNCATED_IMAGES), threads=torch.get_num_threads(), tf32=torch.backends.cudnn.allow_tf32,
        rng=torch.get_rng_state().tolist(), int=signal.getsignal(2), level=logging.root.level,
        handlers=list(logging.root.handlers), err=numpy.geterr(), rc=dict(matplotlib.rcParams), path=list(sys.path))
before = state()
import fsrbench
for module in pkgutil.walk_packages(fsrbench.__path__, "fsrbench."):
    if "cluster" not in module.name and "remote" not in module.name and "dispatch" not in module.name:
        importlib.import_module(module.name)
after = state()
print([name for name in before if before[name] != after[name]])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_first_import_draws_no_random_numbers() -> None:
    code = "import random; s = random.getstate(); import fsrbench; fsrbench.evaluate; print(random.getstate() == s)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"
