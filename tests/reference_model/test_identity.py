"""The identity loss: nothing for the same face, gradients that reach the face alone."""

from pathlib import Path

import pytest
import torch
from made.networks import save_pooling_onnx

from fsrbench.errors import UserError
from reference_model.fan import FAN
from reference_model.identity import IdentityLoss

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
