"""The identity loss: nothing for the same face, gradients that reach the face alone."""

from pathlib import Path
from typing import Any

import pytest
import torch
from made.networks import save_pooling_onnx

from fsrbench.errors import UserError
from reference_model.fan import FAN
from reference_model.identity import IdentityLoss, with_fast_gradients

CPU = torch.device("cpu")


@pytest.fixture
def teacher(tmp_path: Path) -> Path:
    """A network that averages over blocks of 16 px."""
    return save_pooling_onnx(tmp_path / "teacher.onnx")


def test_same_face_costs_nothing_and_another_something(teacher: Path) -> None:
    torch.manual_seed(0)
    fan = FAN()
    loss = IdentityLoss(teacher, fan, 2.0, CPU)
    hr = torch.nn.functional.interpolate(torch.rand(2, 3, 8, 8), scale_factor=8, mode="bilinear")
    assert float(loss(hr, hr)["identity"]) == pytest.approx(0, abs=1e-5)
    sr = hr.flip(3).requires_grad_()
    worse = loss(sr, hr)["identity"]
    assert 0 < worse.item() < 4
    worse.backward()
    assert sr.grad is not None
    assert float(sr.grad.abs().sum()) > 0
    assert all(p.grad is None for p in fan.parameters())


def test_a_file_that_is_no_network_is_one_line(tmp_path: Path) -> None:
    pytest.importorskip("onnx2torch")
    (tmp_path / "x.onnx").write_bytes(b"nothing")
    with pytest.raises(UserError, match="cannot be used as a teacher"):
        IdentityLoss(tmp_path / "x.onnx", FAN(), 1.0, CPU)


def test_layers_with_fast_gradients_compute_the_same() -> None:
    onnx2torch = pytest.importorskip("onnx2torch")
    torch.manual_seed(0)
    layers = torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 3, padding=1),
        torch.nn.PReLU(8),
        torch.nn.Conv2d(8, 8, 3, stride=2, padding=1, groups=8),
        torch.nn.PReLU(1),
    )
    with torch.no_grad():
        layers[1].weight.uniform_(-1, 1)
    network = onnx2torch.convert(_as_onnx(layers))
    fast = with_fast_gradients(onnx2torch.convert(_as_onnx(layers)))
    assert not any("OnnxPReLU" in str(type(layer)) for layer in fast.modules())
    gradients = []
    for each in (network, fast):
        x = torch.linspace(-1, 1, 2 * 3 * 9 * 8).reshape(2, 3, 9, 8).sin().requires_grad_()
        y = each(x)
        y.square().sum().backward()
        assert x.grad is not None
        gradients.append((y, x.grad))
    for expected, value in zip(*gradients, strict=True):
        torch.testing.assert_close(value, expected, rtol=1e-5, atol=1e-6)


def _as_onnx(layers: torch.nn.Sequential) -> Any:
    """Convolutions and PReLUs as an ONNX model for inputs of 9 x 8 px."""
    onnx = pytest.importorskip("onnx", reason="onnx, which comes with onnx2torch, is not installed")
    nodes, constants, name = [], [], "x"
    for i, layer in enumerate(layers):
        weights = {f"{key}{i}": value.detach().numpy() for key, value in layer.named_parameters()}
        if isinstance(layer, torch.nn.Conv2d):
            settings = {"kernel_shape": [3, 3], "pads": [1] * 4, "strides": list(layer.stride), "group": layer.groups}
            nodes.append(onnx.helper.make_node("Conv", [name, *weights], [f"y{i}"], **settings))
        else:
            weights = {key: value.reshape(-1, 1, 1) for key, value in weights.items()}
            nodes.append(onnx.helper.make_node("PRelu", [name, *weights], [f"y{i}"]))
        constants += [onnx.numpy_helper.from_array(value, key) for key, value in weights.items()]
        name = f"y{i}"
    ends = [("x", [2, 3, 9, 8]), (name, None)]
    shapes = [onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, s) for n, s in ends]
    graph = onnx.helper.make_graph(nodes, "layers", shapes[:1], shapes[1:], constants)
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)], ir_version=8)
