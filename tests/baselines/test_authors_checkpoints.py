"""The authors' checkpoints give what the authors' networks give, written here once more from their description."""

from __future__ import annotations

import math
import tomllib
from pathlib import Path

import pytest
import torch
from made.checkpoints import progressive_authors, scgan_authors
from made.places import ROOT
from torch import Tensor
from torch.nn import functional as F

from fsrbench.errors import Unavailable
from fsrbench.methods import checkpoints
from fsrbench.methods.checkpoints import CheckpointMethod
from fsrbench.methods.names import load_method
from fsrbench.registry import Registry
from fsrbench.tasks import find_task

pytestmark = pytest.mark.heavy

CPU = torch.device("cpu")
SHIPPED = {
    ("ours", "x4"): ROOT / "reference_model" / "weights" / "ours_x4.safetensors",
    ("ours", "x8"): ROOT / "reference_model" / "weights" / "ours_x8.safetensors",
    ("scgan", "x4"): ROOT / "baselines" / "scgan" / "weights" / "scgan_x4.safetensors",
    ("progressive", "x8"): ROOT / "baselines" / "progressive" / "weights" / "progressive_x8.safetensors",
}


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The readers as pyproject.toml registers them, whenever this package was installed."""
    registered = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    monkeypatch.setattr(checkpoints, "READERS", Registry("reader", registered["fsrbench.checkpoints"]))


@pytest.fixture(scope="module")
def scgan_state() -> dict[str, Tensor]:
    return scgan_authors()


@pytest.fixture(scope="module")
def progressive_state() -> dict[str, Tensor]:
    return progressive_authors()


def load(path: Path, value: object, task: str) -> CheckpointMethod:
    torch.save(value, path)
    method = load_method(f"checkpoint:{path}", find_task(task), CPU)
    assert isinstance(method, CheckpointMethod)
    return method


def lr(side: int = 8) -> Tensor:
    """Half as large as the published networks' LR, which they enlarge as well."""
    return torch.rand(2, 3, side, side, generator=torch.Generator().manual_seed(1))


def norm(x: Tensor, state: dict[str, Tensor], name: str) -> Tensor:
    mean, var, weight, bias = (state[f"{name}.{n}"] for n in ("running_mean", "running_var", "weight", "bias"))
    return F.batch_norm(x, mean, var, weight, bias)


def scgan(state: dict[str, Tensor], x: Tensor) -> Tensor:
    """The published network: its residual blocks activate in place, so their skips see activated values too."""

    def block(x: Tensor, name: str) -> Tensor:
        x = F.relu(x)
        change = F.conv2d(x, state[f"{name}.conv1.weight"], padding=1)
        change = F.conv2d(F.relu(change), state[f"{name}.conv2.weight"], padding=1)
        if f"{name}.skip.weight" in state:
            x = F.conv2d(x, state[f"{name}.skip.weight"], state[f"{name}.skip.bias"])
        return x + change

    def enlarge(x: Tensor, name: str) -> Tensor:
        x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)
        x = F.relu(norm(x, state, f"{name}.1"))
        return F.conv_transpose2d(x, state[f"{name}.3.weight"], state[f"{name}.3.bias"])

    x = F.conv2d(x, state["layers_in.weight"], padding=1)
    inner = x
    for i in range(12):
        inner = block(inner, f"layers_set_final.0.{i}")
    x = enlarge(F.relu(x) + inner, "layers_set_final_up.0")
    inner = x
    for i in range(3):
        inner = block(inner, f"layers_set_final.1.{i}")
    x = enlarge(inner + F.conv2d(F.relu(x), state["a1.0.weight"], state["a1.0.bias"]), "layers_set_final_up.1")
    x = F.relu(F.conv2d(x, state["main.0.weight"], padding=1))
    x = F.relu(F.conv2d(x, state["main.2.weight"], state["main.2.bias"]))
    return torch.tanh(F.conv2d(x, state["main.4.weight"], state["main.4.bias"]))


def progressive(state: dict[str, Tensor], x: Tensor, step: int, alpha: float = 1) -> Tensor:
    """The published generator up to a step."""

    def layer(x: Tensor, name: str) -> Tensor:
        weight = state[f"{name}.conv.weight_orig"]
        gain = math.sqrt(2 / weight[0].numel())
        return F.conv2d(x, weight * gain, state[f"{name}.conv.bias"], padding=1)

    def picture(x: Tensor, step: int) -> Tensor:
        return F.conv2d(x, state[f"to_rgb.{step - 1}.weight"], state[f"to_rgb.{step - 1}.bias"])

    x = F.relu(norm(F.conv2d(x, state["step1.0.weight"], state["step1.0.bias"], padding=1), state, "step1.1"))
    for k in range(1, step + 1):
        before, first = x, 3 if k == 1 else 0
        name = f"step{k}.{first}.conv"
        inner = F.relu(norm(layer(x, f"{name}.0"), state, f"{name}.1"))
        x = x + F.relu(norm(layer(inner, f"{name}.3"), state, f"{name}.4"))
        up = f"step{k}.{first + 1}"
        x = F.conv_transpose2d(x, state[f"{up}.weight"], state[f"{up}.bias"], stride=2, padding=1)
        x = F.relu(norm(x, state, f"step{k}.{first + 2}"))
    faded = F.interpolate(picture(before, step - 1), scale_factor=2) if alpha < 1 else torch.zeros(())
    return (1 - alpha) * faded + alpha * picture(x, step)


@pytest.fixture(scope="module")
def scgan_sr(scgan_state: dict[str, Tensor]) -> Tensor:
    """What the authors' network makes of BGR in [-1, 1], as RGB in [0, 1]."""
    return (scgan(scgan_state, lr().flip(1) * 2 - 1).flip(1) + 1) / 2


@pytest.mark.parametrize(("key", "prefix"), [("G_l2h", ""), ("G_RLS", ""), ("G_RLS", "module.")])
def test_scgan_of_its_authors(
    scgan_state: dict[str, Tensor], scgan_sr: Tensor, tmp_path: Path, key: str, prefix: str
) -> None:
    renamed = {prefix + name: tensor for name, tensor in scgan_state.items()}
    method = load(tmp_path / "theirs.pth", {key: renamed}, "8x4")
    assert scgan_sr.std() > 0.01
    torch.testing.assert_close(method.upscale(lr()), scgan_sr, atol=1e-5, rtol=0)
    assert method.description == "SCGAN (its authors' file format), x4"
    assert method.training == "unknown: theirs.pth"
    assert method.count_parameters() == 15_476_323


@pytest.mark.parametrize(
    ("task", "step", "alpha"), [("8x8", 3, 1.0), ("8x8", 3, 0.25), ("8x8", 3, -1), ("8x4", 2, 1.0), ("8x4", 2, 0.5)]
)
def test_progressive_of_its_authors(
    progressive_state: dict[str, Tensor], tmp_path: Path, task: str, step: int, alpha: float
) -> None:
    held = {"model_state_dict": progressive_state, "step": step, "alpha": alpha, "iteration": 200_000}
    method = load(tmp_path / "theirs.pth", held, task)
    expected = (progressive(progressive_state, lr() * 2 - 1, step, 1 if alpha < 0 else alpha) + 1) / 2
    torch.testing.assert_close(method.upscale(lr()), expected.clamp(0, 1), atol=1e-5, rtol=0)
    assert (
        method.description == f"progressive face super-resolution (its authors' file format), step {step}, x{2**step}"
    )


def test_progressive_of_another_scale_is_resized(progressive_state: dict[str, Tensor], tmp_path: Path) -> None:
    method = load(tmp_path / "t.pth", {"model_state_dict": progressive_state, "step": 3, "alpha": 1}, "8x4")
    assert method.upscale(lr()).shape == (2, 3, 32, 32)
    assert "resized SR 64 to 32 px after" in method.description


def test_a_step_that_does_not_exist(progressive_state: dict[str, Tensor], tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"t\.pth: step 4 is none of \(1, 2, 3\)"):
        load(tmp_path / "t.pth", {"model_state_dict": progressive_state, "step": 4, "alpha": 1}, "x8")


def test_a_tensor_too_few_is_told_in_one_line(scgan_state: dict[str, Tensor], tmp_path: Path) -> None:
    state = {name: tensor for name, tensor in scgan_state.items() if name != "main.4.bias"}
    with pytest.raises(Unavailable, match=r"t\.pth does not fit its network: RuntimeError") as caught:
        load(tmp_path / "t.pth", {"G_l2h": state}, "x4")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("name", "task"), SHIPPED)
def test_our_own_weights_are_known_by_their_file(name: str, task: str) -> None:
    file = SHIPPED[name, task]
    method, named = (load_method(by, find_task(task), CPU) for by in (f"checkpoint:{file}", name))
    assert torch.equal(method.upscale(lr(16)), named.upscale(lr(16)))
    assert method.training == named.training
