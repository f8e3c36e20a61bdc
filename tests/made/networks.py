"""Small networks in files, of the shapes that real ones have."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

SIDE = 112


def save_random_inception(path: Path) -> Any:
    """Inception with random weights, as a file and as it is: the published file is not the project's to ship."""
    import torch
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    torch.save({}, path)
    torch.manual_seed(0)
    with mock.patch.object(FeatureExtractorInceptionV3, "load_state_dict"):
        network = FeatureExtractorInceptionV3("inception", ["2048"], str(path))
    for layer in network.modules():
        if isinstance(layer, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(layer.weight)  # a signal that reaches the end
    torch.save(network.state_dict(), path)
    return network


def save_pooling_onnx(path: Path, side: int = SIDE, batch: Any = "n", channels: int = 3) -> Path:
    """A network that averages over blocks of 16 px, as an ONNX file; 147 values at 112 px."""
    onnx = pytest.importorskip("onnx", reason="onnx, which comes with onnx2torch, is not installed")
    size = channels * (side // 16) ** 2
    named = [("x", [batch, channels, side, side]), ("y", [batch, size])]
    shapes = [onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, s) for n, s in named]
    pool = onnx.helper.make_node("AveragePool", ["x"], ["pooled"], kernel_shape=[16, 16], strides=[16, 16])
    flat = onnx.helper.make_node("Flatten", ["pooled"], ["y"])
    graph = onnx.helper.make_graph([pool, flat], "pooling", shapes[:1], shapes[1:])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, str(path))
    return path


def save_summing_onnx(path: Path, *inputs: str) -> Path:
    """A network that adds this many inputs, none included, as an ONNX file."""
    onnx = pytest.importorskip("onnx", reason="onnx, which comes with onnx2torch, is not installed")
    helper, single = onnx.helper, onnx.TensorProto.FLOAT
    shapes = [helper.make_tensor_value_info(name, single, [1, 3, SIDE, SIDE]) for name in (*inputs, "y")]
    zero = helper.make_node("Constant", [], ["zero"], value=helper.make_tensor("zero", single, [1], [0.0]))
    graph = helper.make_graph(
        [zero, helper.make_node("Sum", ["zero", *inputs], ["y"])], "sum", shapes[:-1], shapes[-1:]
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), str(path))
    return path


def save_enlarging_onnx(
    path: Path,
    scale: int = 4,
    batch: Any = "n",
    side: Any = "s",
    channels: Any = 3,
    metadata: dict[str, str] | None = None,
    gain: float = 1.0,
    outputs: Sequence[str] = ("y",),
) -> Path:
    """A network that turns every pixel into a block (``large``) and multiplies by ``gain`` (``y``), as an ONNX file."""
    onnx = pytest.importorskip("onnx", reason="onnx is not installed")
    out = side * scale if isinstance(side, int) else "t"
    shapes = [
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [batch, channels, size, size])
        for name, size in (("x", side), *((output, out) for output in outputs))
    ]
    scales = onnx.helper.make_tensor("scales", onnx.TensorProto.FLOAT, [4], [1, 1, scale, scale])
    factor = onnx.helper.make_tensor("factor", onnx.TensorProto.FLOAT, [1], [gain])
    nodes = [
        onnx.helper.make_node("Resize", ["x", "", "scales"], ["large"], mode="nearest", nearest_mode="floor",
                              coordinate_transformation_mode="asymmetric"),
        onnx.helper.make_node("Mul", ["large", "factor"], ["y"]),
    ]  # fmt: skip
    graph = onnx.helper.make_graph(nodes, "enlarging", shapes[:1], shapes[1:], [scales, factor])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)], ir_version=8)
    onnx.helper.set_model_props(model, metadata or {})
    onnx.save(model, str(path))
    return path


def save_fussy_onnx(path: Path, batch: int | None = None, least: int = 1, mixes: bool = False) -> Path:
    """A network that turns every pixel into a block of 4, and whose file does not say what it wants.

    Args:
        path: the file.
        batch: the only batch that a step within the graph takes.
        least: the least side that it runs on.
        mixes: subtracts the mean of the whole batch.
    """
    onnx = pytest.importorskip("onnx", reason="onnx is not installed")
    make, info = onnx.helper.make_node, onnx.helper.make_tensor_value_info
    scales = onnx.helper.make_tensor("scales", onnx.TensorProto.FLOAT, [4], [1, 1, 4, 4])
    shape = onnx.helper.make_tensor("shape", onnx.TensorProto.INT64, [4], [batch or 0, 3, 0, -1])
    zero = onnx.helper.make_tensor("zero", onnx.TensorProto.FLOAT, [1], [0.1 if mixes else 0.0])
    nodes = [
        make("Reshape", ["x", "shape"], ["same"]),
        make("Resize", ["same", "", "scales"], ["large"], mode="nearest", nearest_mode="floor",
             coordinate_transformation_mode="asymmetric"),
        make("AveragePool", ["x"], ["pooled"], kernel_shape=[least, least]),
        make("ReduceMean", ["pooled"], ["mean"], keepdims=0),
        make("Mul", ["mean", "zero"], ["nothing"]),
        make("Sub", ["large", "nothing"], ["y"]),
    ]  # fmt: skip
    shapes = [info(name, onnx.TensorProto.FLOAT, ["n", 3, size, size]) for name, size in (("x", "s"), ("y", "t"))]
    graph = onnx.helper.make_graph(nodes, "fussy", shapes[:1], shapes[1:], [scales, shape, zero])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, str(path))
    return path
