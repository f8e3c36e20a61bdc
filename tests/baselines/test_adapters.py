"""The adapters hand the networks what they want, and never pass untrained weights off as results."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

import baselines.progressive
import baselines.scgan
import reference_model
from baselines.progressive import Progressive
from baselines.progressive.network import Generator
from baselines.scgan import SCGAN
from fsrbench.errors import Unavailable
from fsrbench.methods.base import Method
from fsrbench.methods.names import load_method
from fsrbench.tasks import TASKS
from reference_model import Ours, OursPaper, OursPsnr, OursShort

CPU = torch.device("cpu")


class Spy(nn.Module):
    """Returns what it was given, enlarged."""

    def forward(self, x: Tensor, step: int = 2) -> Tensor:
        self.seen = x
        return nn.functional.interpolate(x, scale_factor=2**step)


def spied(method: Method) -> Spy:
    method.network = spy = Spy()
    return spy


def test_scgan_gets_bgr_in_minus_one_to_one() -> None:
    method, lr = SCGAN(), torch.rand(2, 3, 16, 16)
    spy = spied(method)
    sr = method.upscale(lr)
    assert torch.equal(spy.seen, lr[:, [2, 1, 0]] * 2 - 1)
    assert torch.allclose(sr, nn.functional.interpolate(lr, scale_factor=4), atol=1e-6)


def test_progressive_gets_rgb_in_minus_one_to_one() -> None:
    method, lr = Progressive(), torch.rand(2, 3, 16, 16)
    spy = spied(method)
    assert method.upscale(lr).shape == (2, 3, 128, 128)
    assert torch.equal(spy.seen, lr * 2 - 1)


@pytest.mark.parametrize(
    ("module", "name", "task"),
    [
        (baselines.scgan, "scgan", "x4"),
        (baselines.progressive, "progressive", "x8"),
        (reference_model, "ours", "x4"),
        (reference_model, "ours-psnr", "x4"),
    ],
)
def test_without_weights_is_unavailable(
    module: object, name: str, task: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WEIGHTS", tmp_path)
    with pytest.raises(Unavailable, match=r"no weights: .*safetensors"):
        load_method(name, TASKS[task], CPU)


def test_weights_of_another_network_are_unavailable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baselines.scgan, "WEIGHTS", tmp_path)
    save_file({"x": torch.zeros(1)}, tmp_path / "scgan_x4.safetensors")
    with pytest.raises(Unavailable, match="does not fit"):
        load_method("scgan", TASKS["x4"], CPU)


@pytest.mark.parametrize(("method", "task"), [("scgan", "x8"), ("progressive", "x4"), ("ours-psnr", "x8")])
def test_tasks_that_a_method_does_not_do(method: str, task: str) -> None:
    with pytest.raises(Unavailable, match=f"not {task}"):
        load_method(method, TASKS[task], CPU)


def test_outputs_are_clipped_and_the_training_is_stated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baselines.progressive, "WEIGHTS", tmp_path)
    save_file(Generator().state_dict(), tmp_path / "progressive_x8.safetensors", metadata={"training": "none, a test"})
    method = load_method("progressive", TASKS["x8"], CPU)
    sr = method.upscale(torch.rand(1, 3, 16, 16))
    assert sr.shape == (1, 3, 128, 128)
    assert 0 <= sr.min() <= sr.max() <= 1
    assert method.training == "none, a test"


@pytest.mark.parametrize(
    ("method", "task"),
    [
        (Ours, "x4"),
        (Ours, "x8"),
        (OursPsnr, "x4"),
        (OursPaper, "x4"),
        (OursShort, "x4"),
        (SCGAN, "x4"),
        (Progressive, "x8"),
    ],
)
def test_shipped_weights_say_how_they_were_trained(method: type[Method], task: str) -> None:
    loaded = method()
    loaded.load(TASKS[task], CPU)
    assert "images" in loaded.training
    assert loaded.weights is not None
    assert loaded.weights.stat().st_size < 32 * 2**20
