"""The identity loss: alignment against an independent fit, gradients that reach the face alone."""

from pathlib import Path

import numpy as np
import pytest
import torch
from skimage.transform import SimilarityTransform

from fsrbench.alignment import SIDE, TEMPLATE, alignment_grid, five_points
from fsrbench.errors import UserError
from reference_model.fan import FAN
from reference_model.identity import IdentityLoss

CPU = torch.device("cpu")


@pytest.fixture
def teacher(tmp_path: Path) -> Path:
    """A network that averages over blocks of 16 px, as an ONNX file."""
    onnx = pytest.importorskip("onnx", reason="onnx2torch is not installed")
    shapes = [onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, s) for n, s in NAMED_SHAPES]
    pool = onnx.helper.make_node("AveragePool", ["x"], ["pooled"], kernel_shape=[16, 16], strides=[16, 16])
    flat = onnx.helper.make_node("Flatten", ["pooled"], ["y"])
    graph = onnx.helper.make_graph([pool, flat], "teacher", shapes[:1], shapes[1:])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, str(tmp_path / "teacher.onnx"))
    return tmp_path / "teacher.onnx"


NAMED_SHAPES = [("x", ["n", 3, SIDE, SIDE]), ("y", ["n", 147])]


def test_five_points() -> None:
    landmarks = torch.arange(68.0)[None, :, None].expand(1, 68, 2)
    assert five_points(landmarks)[0, :, 0].tolist() == [38.5, 44.5, 30, 48, 54]


def test_alignment_is_the_least_squares_similarity() -> None:
    rng = np.random.RandomState(0)
    points = rng.uniform(10, 50, (3, 5, 2))
    grid = alignment_grid(torch.from_numpy(points), 64)
    for row in range(3):
        # scikit-image fits the same similarity by Umeyama's method; its own pixels here.
        fit = SimilarityTransform.from_estimate(TEMPLATE.double().numpy(), points[row])
        corners = np.array([[0, 0], [SIDE - 1, 0], [0, SIDE - 1], [20, 70]])
        ours = np.stack([(grid[row, y, x].numpy() + 1) / 2 * 64 - 0.5 for x, y in corners])
        assert ours == pytest.approx(fit(corners), abs=1e-4)


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
