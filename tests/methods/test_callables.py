"""Plain functions as methods: by name on the command line, or handed over by a program."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from made import draw_picture, encode_picture, run, write_files
from torch import Tensor, nn
from torch.nn.functional import interpolate

from fsrbench.errors import UserError
from fsrbench.methods.base import Method, describe
from fsrbench.methods.callables import as_method
from fsrbench.methods.names import find_method, load_method
from fsrbench.tasks import TASKS

CPU = torch.device("cpu")
MODULE = '''
from torch import nn
from torch.nn.functional import interpolate


def blocks(lr):
    """Every pixel a block.

    More of it.
    """
    return interpolate(lr, scale_factor=4)


def eightfold(lr):
    return interpolate(lr, scale_factor=8)


class Wide(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Conv2d(3, 48, 3, padding=1)

    def forward(self, lr):
        return nn.functional.pixel_shuffle(self.layer(lr).sigmoid(), 4)


network = Wide()
text = "text"
'''


def blocks(lr: Tensor) -> Tensor:
    return interpolate(lr, scale_factor=4)


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file that can be imported as ``made_functions``."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "made_functions.py").write_text(MODULE)
    yield tmp_path / "made_functions.py"
    sys.modules.pop("made_functions", None)


def test_function_by_name_is_a_method(module: Path) -> None:
    found = find_method("python:made_functions:blocks")
    assert issubclass(found, Method)
    assert describe(found) == "Every pixel a block."
    lr = torch.rand(2, 3, 16, 16)
    method = load_method("python:made_functions:blocks", TASKS["x4"], CPU)
    assert torch.equal(method.upscale(lr), interpolate(lr, scale_factor=4))
    assert method.training == "unknown: a Python function"
    assert method.count_parameters() is None


def test_function_runs_and_a_wrong_size_is_its_failure(module: Path, tmp_path: Path) -> None:
    data = write_files(tmp_path / "data", {"a.png": encode_picture(draw_picture())})
    names = ["python:made_functions:blocks", "python:made_functions:eightfold", "nearest"]
    done = run(data, tmp_path / "out", "--metrics", "psnr,params", methods=",".join(names))
    assert done.values(names[0]) == done.values("nearest")
    assert done.status(names[1]) == "failed"
    assert "returned (1, 3, 128, 128)" in done.note(names[1])


def test_network_by_name_has_its_parameters_counted(module: Path) -> None:
    method = load_method("python:made_functions:network", TASKS["x4"], CPU)
    assert method.count_parameters() == 48 * 27 + 48
    assert method.training == "unknown: a PyTorch network"
    assert method.upscale(torch.rand(1, 3, 16, 16)).shape == (1, 3, 64, 64)


def test_what_is_not_a_function_is_refused(module: Path) -> None:
    with pytest.raises(UserError, match=r"python:made_functions:text is not an fsrbench\.Method"):
        find_method("python:made_functions:text")


def test_fingerprint_of_a_function_is_that_of_its_file(module: Path) -> None:
    first, again, other = (as_method(find_function(n))().fingerprint() for n in ("blocks", "blocks", "eightfold"))
    assert first == again != other
    module.write_text(MODULE.replace("scale_factor=4", "scale_factor=2"))
    assert as_method(find_function("blocks"))().fingerprint() != first


def test_a_function_has_one_fingerprint_and_is_known_only_by_its_settings(module: Path) -> None:
    module.write_text(MODULE + "\nhandle = object()\ndef odd(lr):\n    return lr, handle, network\n")
    found = find_function("odd")
    first = as_method(found)()
    assert first.fingerprint() == as_method(found)().fingerprint()  # every process of a cluster finds the same
    assert not first.is_known()
    found.settings = "second version"
    assert as_method(found)().is_known()
    assert as_method(found)().fingerprint() != first.fingerprint()


@pytest.mark.slow  # importing torch.compile takes seconds
def test_a_function_that_reads_a_compiled_network_runs(module: Path, tmp_path: Path) -> None:
    module.write_text("import torch\nfast = torch.compile(torch.nn.Upsample(scale_factor=4), backend='eager')\n"
                      "def up(lr):\n    return fast(lr)\n")  # fmt: skip
    data = write_files(tmp_path / "data", {"a.png": encode_picture(draw_picture())})
    names = ["python:made_functions:up", "python:made_functions:fast", "nearest"]
    done = run(data, tmp_path / "out", "--metrics", "psnr", methods=",".join(names))
    assert done.code == 0
    assert done.values(names[0]) == done.values(names[1]) == done.values("nearest")


def find_function(name: str) -> Any:
    return getattr(__import__("made_functions"), name)


@pytest.mark.parametrize("function", [lambda lr: lr, nn.Upsample(scale_factor=4), blocks])
def test_a_live_object_is_never_taken_for_that_of_an_earlier_run(function: Any) -> None:
    assert not as_method(function)().is_known()


def test_function_handed_over_is_known_by_its_file() -> None:
    assert as_method(blocks)().fingerprint() == as_method(blocks)().fingerprint()
    assert Path(__file__) in as_method(blocks)().files()
