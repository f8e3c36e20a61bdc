"""Networks in ONNX files: any batch and size that they take, conventions from their metadata, one line for others."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from made import picture_files, run, write_files
from made.networks import save_enlarging_onnx, save_fussy_onnx, save_pooling_onnx, save_summing_onnx
from torch import Tensor
from torch.nn.functional import interpolate

from fsrbench.errors import Unavailable, UserError
from fsrbench.methods.names import load_method
from fsrbench.methods.onnx_files import OnnxMethod
from fsrbench.tasks import TASKS

pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
CPU = torch.device("cpu")


def load(path: Path, task: str = "x4") -> OnnxMethod:
    method = load_method(f"onnx:{path}", TASKS[task], CPU)
    assert isinstance(method, OnnxMethod)
    return method


def lr(count: int = 5) -> Tensor:
    return torch.rand(count, 3, 16, 16, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("batch", ["n", 1, 2, 8])
@pytest.mark.parametrize("side", ["s", 16])
def test_every_batch_and_size_that_fits(tmp_path: Path, batch: Any, side: Any) -> None:
    method = load(save_enlarging_onnx(tmp_path / "m.onnx", batch=batch, side=side))
    assert torch.equal(method.upscale(lr()), interpolate(lr(), scale_factor=4))
    assert method.description == "a network in an ONNX file; onnxruntime on the CPU"
    assert method.training == "unknown: m.onnx"


def test_every_axis_may_be_free(tmp_path: Path) -> None:
    method = load(save_enlarging_onnx(tmp_path / "m.onnx", batch="a", channels="b", side="c"))
    assert torch.equal(method.upscale(lr()), interpolate(lr(), scale_factor=4))


@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize("least", [1, 24, 33])
def test_what_the_graph_wants_and_the_file_does_not_say(tmp_path: Path, batch: int, least: int) -> None:
    method = load(save_fussy_onnx(tmp_path / "m.onnx", batch=batch, least=least))
    for count in (1, 4, 5):
        assert torch.equal(method.upscale(lr(count)), interpolate(lr(count), scale_factor=4))
    assert f"in batches of {batch}, the only ones with correct results" in method.description
    assert ("LR padded to" in method.description) == (least > 16)


def test_what_depends_on_the_batch_gets_one_picture_at_a_time(tmp_path: Path) -> None:
    method = load(save_fussy_onnx(tmp_path / "m.onnx", mixes=True))
    one = lr(1)
    expected = interpolate(one, scale_factor=4) - 0.1 * one.mean()
    assert torch.allclose(method.upscale(lr())[:1], expected, atol=1e-6)
    assert "in batches of 1" in method.description


def test_a_least_size_and_a_larger_task(tmp_path: Path) -> None:
    """For x8 the network gets 32 px, as without a least size, and needs no padding."""
    method = load(save_fussy_onnx(tmp_path / "m.onnx", least=24), "x8")
    plain = load(save_enlarging_onnx(tmp_path / "plain.onnx"), "x8")
    assert torch.equal(method.upscale(lr()), plain.upscale(lr()))
    assert "padded" not in method.description


@pytest.mark.parametrize(("output", "gain"), [("large", 1), ("y", 0.5)])
def test_the_output_that_the_file_names_is_taken(tmp_path: Path, output: str, gain: float) -> None:
    metadata = {"fsrbench.output": output}
    file = save_enlarging_onnx(tmp_path / "m.onnx", gain=0.5, outputs=("large", "y"), metadata=metadata)
    assert torch.equal(load(file).upscale(lr()), gain * interpolate(lr(), scale_factor=4))
    assert f"output {output}" in load(file).description


@pytest.mark.parametrize(
    ("network", "task", "words"),
    [
        ({"scale": 2}, "x4", "resized LR 16 to 32 px before the network"),
        ({"scale": 4}, "x8", "resized LR 16 to 32 px before the network"),
        ({"scale": 8}, "x4", "resized SR 128 to 64 px after the network"),
        ({"scale": 1, "side": 512}, "x4", "resized LR 16 to 512 px before and SR 512 to 64 px after the network"),
    ],
)
def test_other_sizes_are_resized_and_say_so(tmp_path: Path, network: dict[str, Any], task: str, words: str) -> None:
    method = load(save_enlarging_onnx(tmp_path / "m.onnx", **network), task)
    side = TASKS[task].hr_size
    assert method.upscale(lr()).shape == (5, 3, side, side)
    assert words in method.description


@pytest.mark.parametrize(("range_", "low", "high"), [("-1,1", -1, 1), ("0,255", 0, 255)])
def test_conventions_are_read_from_the_metadata(tmp_path: Path, range_: str, low: float, high: float) -> None:
    metadata = {"fsrbench.range": range_, "fsrbench.order": "BGR", "fsrbench.training": "none, a test"}
    method = load(save_enlarging_onnx(tmp_path / "m.onnx", gain=0.5, metadata=metadata))
    expected = ((lr() * (high - low) + low) * 0.5 - low) / (high - low)
    torch.testing.assert_close(method.upscale(lr()), interpolate(expected, scale_factor=4))
    assert f"{range_} BGR" in method.description
    assert method.training == "none, a test"


def test_bgr_reaches_the_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    method = load(save_enlarging_onnx(tmp_path / "m.onnx", metadata={"fsrbench.order": "BGR"}))
    seen, ran = [], method._run
    monkeypatch.setattr(method, "_run", lambda images: (seen.append(images), ran(images))[1])
    assert torch.equal(method.upscale(lr()), interpolate(lr(), scale_factor=4))
    assert torch.equal(seen[0], lr()[:, [2, 1, 0]])


def test_parameters_are_the_files_numbers(tmp_path: Path) -> None:
    assert load(save_enlarging_onnx(tmp_path / "m.onnx")).count_parameters() == 5
    declaring = save_enlarging_onnx(tmp_path / "t.onnx", metadata={"fsrbench.parameters": "12"})
    assert load(declaring).count_parameters() == 12


def test_what_cannot_be_counted_is_invalid_and_not_0(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = write_files(tmp_path / "data", picture_files(["a.png"]))
    name = f"onnx:{save_enlarging_onnx(tmp_path / 'm.onnx')}"
    monkeypatch.setitem(sys.modules, "onnx", None)
    done = run(data, tmp_path / "out", "--metrics", "psnr,params,flops,peak_memory", methods=f"nearest,{name}")
    assert done.values(name) == done.values("nearest")
    assert [done.status(name, metric) for metric in ("params", "flops", "peak_memory")] == ["invalid"] * 3
    assert "pip install 'fsrbench[onnx]'" in done.note(name, "params")


def test_threads_are_torchs(tmp_path: Path) -> None:
    options = load(save_enlarging_onnx(tmp_path / "m.onnx"))._session.get_session_options()
    assert options.intra_op_num_threads == torch.get_num_threads()


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        ({"channels": 1}, r"takes x tensor\(float\) \['n', 1, 's', 's'\], not float N,3,h,w"),
        ({"channels": 4}, "not float N,3,h,w"),
        ({"outputs": ()}, "gives nothing; its metadata"),
        ({"outputs": ("large", "y")}, "gives large, y; its metadata fsrbench.output must name"),
        ({"metadata": {"fsrbench.output": "sr"}}, "gives y, but no 'sr', which its metadata fsrbench.output names"),
        ({"metadata": {"fsrbench.range": "0,2"}}, "metadata fsrbench.range is '0,2', not one of"),
        ({"metadata": {"fsrbench.task": "x8"}}, "was exported for task x8, not x4"),
    ],
)
def test_other_networks_are_one_line(tmp_path: Path, network: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unavailable, match=reason) as caught:
        load(save_enlarging_onnx(tmp_path / "m.onnx", **network))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("inputs", [(), ("a", "b")])
def test_a_network_that_takes_not_one_picture_is_one_line(tmp_path: Path, inputs: tuple[str, ...]) -> None:
    with pytest.raises(Unavailable, match=r"^m\.onnx takes .*, not one picture$"):
        load(save_summing_onnx(tmp_path / "m.onnx", *inputs))


def test_network_that_gives_no_pictures(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"m\.onnx gives \(2, 147\) for 112 px, not N,3,H,W"):
        load(save_pooling_onnx(tmp_path / "m.onnx"))


def test_missing_file_and_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match=r"gone\.onnx: no such file"):
        load(tmp_path / "gone.onnx")
    file = save_enlarging_onnx(tmp_path / "m.onnx")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(Unavailable, match=r"onnxruntime is missing; `pip install 'fsrbench\[onnx\]'`"):
        load(file)
