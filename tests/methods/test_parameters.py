"""Counted parameters: each once, wherever a network or an ONNX file keeps it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from made import picture_files, run, write_files
from made.networks import save_enlarging_onnx
from torch import nn

from fsrbench.methods.callables import copied
from fsrbench.methods.parameters import in_network, in_onnx

CONV = 5 * 3 * 9 + 5
"""A convolution from 3 to 5 channels with a bias."""


def conv() -> nn.Conv2d:
    torch.manual_seed(0)
    return nn.Conv2d(3, 5, 3)


def test_a_shared_parameter_counts_once() -> None:
    first, second = conv(), conv()
    second.weight = first.weight
    assert in_network(nn.Sequential(first, second)) == CONV + 5


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
@pytest.mark.parametrize(
    ("made", "count"),
    [
        (lambda: nn.utils.parametrizations.weight_norm(conv()), CONV + 5),
        (lambda: nn.utils.parametrizations.spectral_norm(conv()), CONV),
        (lambda: nn.utils.spectral_norm(conv()), CONV),
        (lambda: torch.jit.script(conv()), CONV),
        (lambda: torch.jit.freeze(torch.jit.script(conv().eval())), CONV),
        (lambda: torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.Linear(7, 3)), {nn.Linear}), 24),
    ],
    ids=["weight norm", "spectral norm", "old spectral norm", "scripted", "frozen", "quantised"],
)
def test_parameters_of_networks_that_keep_them_elsewhere(made: Any, count: int) -> None:
    assert in_network(made()) == count


@pytest.mark.filterwarnings("ignore:.*weight_norm:FutureWarning")
def test_a_network_with_the_old_weight_norm_is_copied() -> None:
    network = nn.utils.weight_norm(conv())
    image = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    copy = copied(network)
    assert torch.equal(copy(image), network(image))
    with torch.no_grad():
        copy.weight_g.mul_(2)  # type: ignore[operator]
    assert isinstance(network.bias, torch.Tensor)
    bias = network.bias[:, None, None]
    torch.testing.assert_close(copy(image) - bias, 2 * (network(image) - bias))


# --- ONNX files


@pytest.fixture
def onnx() -> Any:
    return pytest.importorskip("onnx", reason="onnx is not installed")


def weights(onnx: Any) -> Any:
    return onnx.numpy_helper.from_array(np.ones((4, 3, 3, 3), np.float32), "w")


def saved(onnx: Any, path: Path, nodes: list[Any], tensors: list[Any] = [], functions: list[Any] = []) -> Path:  # noqa: B006
    """A file from pictures ``x`` to pictures ``y``."""
    shapes = [onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, [1, None, 8, 8]) for n in "xy"]
    graph = onnx.helper.make_graph(nodes, "made", shapes[:1], shapes[1:], tensors)
    opsets = [onnx.helper.make_opsetid("", 13), onnx.helper.make_opsetid("own", 1)]
    onnx.save(onnx.helper.make_model(graph, opset_imports=opsets, functions=functions), str(path))
    return path


def constant(onnx: Any, **value: Any) -> Any:
    return onnx.helper.make_node("Constant", [], ["w"], **value)


def test_constant_nodes_hold_parameters(tmp_path: Path, onnx: Any) -> None:
    conv = onnx.helper.make_node("Conv", ["x", "w"], ["y"])
    assert in_onnx(saved(onnx, tmp_path / "a.onnx", [conv], [weights(onnx)])) == 108
    assert in_onnx(saved(onnx, tmp_path / "b.onnx", [constant(onnx, value=weights(onnx)), conv])) == 108
    add = onnx.helper.make_node("Add", ["x", "w"], ["y"])
    assert in_onnx(saved(onnx, tmp_path / "c.onnx", [constant(onnx, value_floats=[1.0, 2.0, 3.0]), add])) == 3
    assert in_onnx(saved(onnx, tmp_path / "d.onnx", [constant(onnx, value_float=2.0), add])) == 0
    sizes = onnx.numpy_helper.from_array(np.array([1, 3, 8, 8]), "w")
    reshape = onnx.helper.make_node("Reshape", ["x", "w"], ["y"])
    assert in_onnx(saved(onnx, tmp_path / "e.onnx", [constant(onnx, value=sizes), reshape])) == 0


def test_subgraphs_and_functions_hold_parameters(tmp_path: Path, onnx: Any) -> None:
    make, conv = onnx.helper, onnx.helper.make_node("Conv", ["x", "w"], ["y"])
    out = make.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1, None, 8, 8])
    branch = make.make_graph([conv], "branch", [], [out], [weights(onnx)])
    other = make.make_graph([constant(onnx, value=weights(onnx)), conv], "other", [], [out])
    yes = onnx.numpy_helper.from_array(np.array(True), "yes")
    choice = make.make_node("If", ["yes"], ["y"], then_branch=branch, else_branch=other)
    assert in_onnx(saved(onnx, tmp_path / "if.onnx", [choice], [yes])) == 216
    opsets = [make.make_opsetid("", 13)]
    own = make.make_function("own", "Own", ["x"], ["y"], [constant(onnx, value=weights(onnx)), conv], opsets)
    called = make.make_node("Own", ["x"], ["y"], domain="own")
    assert in_onnx(saved(onnx, tmp_path / "own.onnx", [called], functions=[own])) == 108


def test_weights_beside_the_file_and_integers_are_counted(tmp_path: Path, onnx: Any) -> None:
    conv = onnx.helper.make_node("Conv", ["x", "w"], ["y"])
    path = saved(onnx, tmp_path / "a.onnx", [conv], [weights(onnx)])
    onnx.save(
        onnx.load(str(path)), str(tmp_path / "b.onnx"), save_as_external_data=True, location="b", size_threshold=0
    )
    assert in_onnx(tmp_path / "b.onnx") == 108
    small = onnx.numpy_helper.from_array(np.ones((4, 3, 3, 3), np.int8), "q")
    scale = onnx.numpy_helper.from_array(np.float32(1), "s")
    wide = onnx.helper.make_node("DequantizeLinear", ["q", "s"], ["w"])
    assert in_onnx(saved(onnx, tmp_path / "c.onnx", [wide, conv], [small, scale])) == 109


def test_a_file_whose_parameters_are_constants_is_counted_and_timed_in_a_run(tmp_path: Path, onnx: Any) -> None:
    model = onnx.load(str(save_enlarging_onnx(tmp_path / "i.onnx")))
    nodes = [onnx.helper.make_node("Constant", [], [t.name], value=t) for t in model.graph.initializer]
    del model.graph.initializer[:]
    nodes += model.graph.node
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.save(model, str(tmp_path / "c.onnx"))
    names = [f"onnx:{tmp_path / file}" for file in ("i.onnx", "c.onnx")]
    data = write_files(tmp_path / "data", picture_files(["a.png"]))
    done = run(data, tmp_path / "out", "--metrics", "psnr,params,latency_ms", methods=",".join(names))
    counted = done.summary[done.summary["metric"] == "params"].set_index("method")["value"]
    assert counted.to_dict() == dict.fromkeys(names, 5e-06)
    assert [done.status(name, "latency_ms") for name in names] == ["ok", "ok"]
