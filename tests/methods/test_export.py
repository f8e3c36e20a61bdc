"""An exported file gives its method's SR and describes itself; a file that would not is not written."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from unittest import mock

import pytest
import torch
from made import call, run
from made.packages import skip_file_without
from torch.onnx._internal.exporter._registration import ONNXRegistry

from fsrbench.errors import Unavailable
from fsrbench.methods import export as exporting
from fsrbench.methods.names import load_method
from fsrbench.methods.timing import Effort
from fsrbench.provenance.file_hashes import file_hash
from fsrbench.tasks import TASKS

onnxruntime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
skip_file_without("onnxscript")
CPU = torch.device("cpu")
MODULE = """
import torch
from torch.nn.functional import interpolate


def overshooting(lr):
    return interpolate(lr * 3 - 1, scale_factor=4)


def random(lr):
    return interpolate(torch.rand_like(lr), scale_factor=4)


def batchwise(lr):
    return windows((lr - lr.mean(0, keepdim=True)).abs())


def windows(lr):
    size = lr.shape[-1] // 2
    cut = lr.unfold(2, size, size).unfold(3, size, size).permute(0, 2, 3, 1, 4, 5).reshape(-1, 3, size, size)
    count = int(cut.shape[0] / 4)  # as window attention does; tracing makes it a number
    whole = cut.reshape(count, 2, 2, 3, size, -1).permute(0, 3, 1, 4, 2, 5).reshape(count, 3, 2 * size, -1)
    return interpolate(whole, scale_factor=4)
"""


@pytest.fixture(scope="module", autouse=True)
def _brief() -> Iterator[None]:
    """Few measurements, as times do not matter here; LR of a part of the sample and torch's operators, made once."""
    faces = exporting._faces
    some = mock.patch.object(exporting, "_faces", cache(lambda task: faces(task)[:24]))
    made_once = cache(ONNXRegistry.from_torchlib)
    operators = mock.patch.object(ONNXRegistry, "from_torchlib", staticmethod(made_once))
    with some, operators, mock.patch.object(exporting, "EFFORT", Effort(queries=2, seconds=0, most_seconds=1)):
        yield


@pytest.fixture(autouse=True)
def _module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Functions to export, importable; and everything happens in a folder of its own."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "made_exported.py").write_text(MODULE)
    yield
    sys.modules.pop("made_exported", None)


@pytest.fixture(scope="module")
def exported(_brief: None, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The file of ``ours``, and what was printed."""
    path = tmp_path_factory.mktemp("exported") / "ours.onnx"
    result = call("export", "ours", "--out", path)
    assert result.exit_code == 0, result.stderr
    return path, result.stdout


@pytest.mark.heavy
def test_exported_method_scores_as_the_method(exported: tuple[Path, str], tmp_path: Path) -> None:
    name = f"onnx:{exported[0]}"
    done = run("sample", tmp_path / "out", "--limit", 4, "--metrics", "psnr,ssim,params", methods=f"ours,{name}")
    for metric in ("psnr", "ssim"):
        assert done.values(name, metric) == pytest.approx(done.values("ours", metric), abs=1e-3)
    parameters = done.summary.query("metric == 'params'")["value"].tolist()
    assert parameters[0] == parameters[1] > 0
    entry, original = (done.manifest["methods"][method] for method in (name, "ours"))
    assert entry["training"] == original["training"]
    assert entry["description"].startswith("ours as ONNX; onnxruntime on the CPU")


@pytest.mark.heavy
def test_difference_and_times_are_printed(exported: tuple[Path, str]) -> None:
    path, printed = exported
    assert printed.startswith(f"{path}\nlargest difference ")
    assert re.search(r"latency at batch 1: \d+\.\d\d ms in torch, \d+\.\d\d ms in onnxruntime", printed)


@pytest.mark.heavy
def test_file_says_what_it_is(exported: tuple[Path, str]) -> None:
    session = onnxruntime.InferenceSession(str(exported[0]), providers=["CPUExecutionProvider"])
    metadata = session.get_modelmeta().custom_metadata_map
    method = load_method("ours", TASKS["x4"], CPU)
    assert method.weights is not None
    assert metadata["fsrbench.weights_sha256"] == file_hash(method.weights)
    assert (metadata["fsrbench.method"], metadata["fsrbench.task"], metadata["fsrbench.range"]) == ("ours", "x4", "0,1")
    assert session.get_inputs()[0].shape == ["n", 3, 16, 16]
    assert session.get_outputs()[0].shape == ["n", 3, 64, 64]
    with pytest.raises(Unavailable, match=r"ours\.onnx was exported for task x4, not x8"):
        load_method(f"onnx:{exported[0]}", TASKS["x8"], CPU)


@pytest.mark.heavy
def test_output_of_the_file_is_clipped() -> None:
    name = "python:made_exported:overshooting"
    assert call("export", name, "--out", "it.onnx").exit_code == 0
    lr = torch.rand(7, 3, 16, 16)
    expected = load_method(name, TASKS["x4"], CPU).upscale(lr).clamp(0, 1)
    torch.testing.assert_close(load_method("onnx:it.onnx", TASKS["x4"], CPU).upscale(lr), expected)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        pytest.param(["bicubic"], "cannot be exported, it does something outside torch", marks=pytest.mark.heavy),
        (["scgan", "--task", "x8"], "scgan does x4, not x8"),
        (["ours", "--task", "x3"], "unknown task 'x3'; write x4, x8 or LRxSCALE"),
        (["ours", "--format", "tflite"], "unknown format 'tflite'; known: onnx"),
        (["ours", "--out", "nowhere/it.onnx"], "nowhere is not a folder"),
        (["oours"], "unknown method 'oours'; did you mean ours"),
    ],
)
def test_what_cannot_be_exported_leaves_one_line_and_no_file(tmp_path: Path, arguments: list[str], reason: str) -> None:
    result = call("export", *arguments)
    assert result.exit_code == 2
    assert re.fullmatch(f"fsrbench: .*{reason}.*\n", result.stderr)
    assert not [path.name for path in tmp_path.iterdir() if path.suffix == ".onnx"]


def test_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    assert "onnxscript is missing; `pip install 'fsrbench[onnx]'`" in call("export", "ours").stderr


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("random", "the method is random: its SR differs from call to call"),
        ("batchwise", "depends on the other faces of its batch"),
    ],
)
def test_the_reason_for_a_difference_is_given(tmp_path: Path, name: str, reason: str) -> None:
    result = call("export", f"python:made_exported:{name}", "--out", tmp_path / "x.onnx")
    assert result.exit_code == 2
    differs = r"the file's SR differs by \S+ from the method's, more than 1e-04"
    assert re.fullmatch(f"fsrbench: .*{differs}: .*{reason}.*\n", result.stderr)
    assert not (tmp_path / "x.onnx").exists()


def agrees(method: str, path: Path) -> str:
    """Export a method and compare the file with it in batches of several sizes; what was printed."""
    result = call("export", method, "--out", path)
    assert result.exit_code == 0, result.stderr
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    original = load_method(method, TASKS["x4"], CPU)
    for count in (1, 2, 5):
        lr = torch.rand(count, 3, 16, 16, generator=torch.Generator().manual_seed(count))
        with torch.inference_mode():
            expected = original.upscale(lr).clamp(0, 1)
        [sr] = session.run(None, {"lr": lr.numpy()})
        assert sr.shape == (count, 3, 64, 64)
        assert abs(torch.from_numpy(sr) - expected).max() < 1e-5
    return result.stdout


@pytest.mark.heavy
def test_a_batch_size_that_the_code_fixes_is_no_obstacle(tmp_path: Path) -> None:
    agrees("python:made_exported:windows", tmp_path / "windows.onnx")


@pytest.mark.heavy
@pytest.mark.filterwarnings("ignore:torch.meshgrid")
def test_swinir_with_shifted_windows_is_exported(tmp_path: Path) -> None:
    swinir = pytest.importorskip("spandrel.architectures.SwinIR", reason="spandrel is not installed")
    torch.manual_seed(0)
    sizes = {"img_size": 16, "window_size": 8, "depths": [2], "embed_dim": 12, "num_heads": [2], "mlp_ratio": 2}
    network = swinir.SwinIR(**sizes, upscale=4, upsampler="pixelshuffle", resi_connection="1conv")
    torch.save({"params": network.state_dict()}, tmp_path / "swin.pth")
    printed = agrees(f"checkpoint:{tmp_path / 'swin.pth'}", tmp_path / "swin.onnx")
    assert "faces go through it one at a time" in printed
