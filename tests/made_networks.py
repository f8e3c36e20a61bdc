"""Small networks in files, of the shapes that real ones have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

SIDE = 112


def save_pooling_onnx(path: Path, side: int = SIDE, batch: Any = "n") -> Path:
    """A network that averages over blocks of 16 px, as an ONNX file; 147 values at 112 px."""
    onnx = pytest.importorskip("onnx", reason="onnx, which comes with onnx2torch, is not installed")
    size = 3 * (side // 16) ** 2
    named = [("x", [batch, 3, side, side]), ("y", [batch, size])]
    shapes = [onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, s) for n, s in named]
    pool = onnx.helper.make_node("AveragePool", ["x"], ["pooled"], kernel_shape=[16, 16], strides=[16, 16])
    flat = onnx.helper.make_node("Flatten", ["pooled"], ["y"])
    graph = onnx.helper.make_graph([pool, flat], "pooling", shapes[:1], shapes[1:])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, str(path))
    return path
