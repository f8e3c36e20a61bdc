"""Counting parameters: the learned numbers of a torch network or an ONNX file."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from fsrbench.errors import Invalid


def in_network(network: nn.Module) -> int:
    """Parameters of a network, each shared one counted once."""
    return sum(tensor.numel() for tensor in learned_tensors(network))


def learned_tensors(network: nn.Module) -> Iterator[Tensor]:
    """Each parameter once, and the tensors that quantising or freezing a network hides."""
    yield from network.parameters()
    for module in network.modules():
        yield from _packed(module)
        yield from _frozen(module)


def _packed(module: nn.Module) -> Iterator[Tensor]:
    """Weight and bias of a quantised layer, which has methods for them instead of parameters."""
    if isinstance(module, torch.jit.ScriptModule) or not hasattr(module, "_packed_params"):
        return
    for name in ("weight", "bias"):
        given = getattr(module, name, None)
        tensor = given() if callable(given) else None
        if isinstance(tensor, Tensor):
            yield tensor


def _frozen(module: nn.Module) -> Iterator[Tensor]:
    """Tensors, except scalars, that ``torch.jit.freeze`` turned into constants of a scripted network's graph."""
    if not isinstance(module, torch.jit.ScriptModule) or not hasattr(module, "graph"):
        return
    graph: Any = module.graph
    for node in graph.findAllNodes("prim::Constant"):
        value = node.output().toIValue()
        if isinstance(value, Tensor) and value.is_floating_point() and value.ndim:
            yield value


def in_onnx(path: Path) -> int:
    """Learned numbers in an ONNX file, wherever it keeps them.

    Counts the floating-point tensors, and the integer weights of quantised layers, among initializers and ``Constant``
    nodes of the graph, its subgraphs and its functions. A ``Constant`` scalar is a setting and does not count.

    Raises:
        Invalid: onnx is not installed.
    """
    try:
        import onnx
    except ImportError:
        raise Invalid("counting an ONNX file's parameters needs `pip install 'fsrbench[onnx]'`") from None
    model = onnx.load(str(path), load_external_data=False)
    bodies = [body for top in (model.graph, *model.functions) for body in _with_subgraphs(top)]
    return sum(_size(tensor) for body in bodies for tensor in _tensors(body))


def _with_subgraphs(body: Any) -> Iterator[Any]:
    yield body
    for node in body.node:
        for attribute in node.attribute:
            for graph in (*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs):
                yield from _with_subgraphs(graph)


def _tensors(body: Any) -> Iterator[Any]:
    """The tensors that one graph or function holds itself."""
    yield from getattr(body, "initializer", ())
    yield from (sparse.values for sparse in getattr(body, "sparse_initializer", ()))
    for node in body.node:
        if node.op_type == "Constant":
            (attribute,) = (a for a in node.attribute if a.name.startswith(("value", "sparse_value")))
            yield from _constant(attribute)


def _constant(attribute: Any) -> Iterator[Any]:
    from onnx import TensorProto

    if attribute.name == "value" and attribute.t.dims:
        yield attribute.t
    elif attribute.name == "sparse_value":
        yield attribute.sparse_tensor.values
    elif attribute.name == "value_floats":
        yield TensorProto(dims=[len(attribute.floats)], data_type=TensorProto.FLOAT)


def _size(tensor: Any) -> int:
    """How many learned numbers a tensor holds: 0 if its integers are sizes, indices or zero points."""
    from onnx import TensorProto

    kind = TensorProto.DataType.Name(tensor.data_type)
    floating = kind == "DOUBLE" or kind.startswith(("FLOAT", "BFLOAT"))
    weights = kind in ("INT8", "UINT8", "INT4", "UINT4") and len(tensor.dims) > 1
    return math.prod(tensor.dims) if floating or weights else 0
