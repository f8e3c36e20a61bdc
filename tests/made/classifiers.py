"""Attribute classifiers that see the strongest colour of a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np

COLOURS = ("red", "green", "blue")


def strongest(pictures: np.ndarray) -> list[str]:
    """Of uint8 N,H,W,3 in RGB."""
    return [COLOURS[place] for place in pictures.mean(axis=(1, 2)).argmax(axis=1)]


class Strongest:
    """The same as an object."""

    def __call__(self, pictures: np.ndarray) -> np.ndarray:
        return np.array(strongest(pictures))


def too_few(pictures: np.ndarray) -> list[str]:
    """One label for all."""
    return ["red"]


def broken(pictures: np.ndarray) -> list[str]:
    """Raises."""
    raise ValueError("no such picture\nat all")


number = 5


def write_onnx(
    path: Path, classes: str = "red,green,blue", other: tuple[float, float] = (900.0, -900.0), **metadata: str
) -> Path:
    """A network that gives the mean of each channel of N,3,8,8, after two scores of another head."""
    import onnx
    from onnx import TensorProto, helper

    nodes = [
        helper.make_node("GlobalAveragePool", ["x"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["scores"]),
        helper.make_node("Concat", ["other", "scores"], ["both"], axis=1),
    ]
    head = helper.make_tensor("other", TensorProto.FLOAT, [1, 2], list(other))
    graph = helper.make_graph(
        nodes,
        "colours",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 8, 8])],
        [helper.make_tensor_value_info("both", TensorProto.FLOAT, [1, 5])],
        [head],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    helper.set_model_props(model, {f"fsrbench.{key}": text for key, text in ({"classes": classes} | metadata).items()})
    onnx.save(model, str(path))
    return path
