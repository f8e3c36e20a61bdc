"""The gate on real runs: weights that were touched, and reruns that must not matter. PSNR and SSIM of a few images."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from made import call, run
from safetensors import safe_open
from safetensors.torch import load_file, save_file

import reference_model
from fsrbench.gate.check import check
from fsrbench.gate.command import check_command
from fsrbench.gate.reference import read
from fsrbench.runs.data import RunData

pytestmark = pytest.mark.heavy

WEIGHTS = reference_model.WEIGHTS / "ours_x4.safetensors"
LIMIT = 24
"""Images: 8 people."""
MAIN_PATH = ("head.weight", "enlarge.0.weight", "enlarge.3.weight", "tail.weight")
"""Layers that everything passes through; the blocks between them only add to it."""
BLOCK = "body.3.conv1.weight"


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gate")
    path = folder / "reference.json"
    assert run("sample", folder / "run", "--limit", LIMIT, methods="ours").code == 0
    assert call("check", folder / "run", "--against", path, "--update").exit_code == 0
    return path


def rerun(out: Path, *options: object) -> Path:
    assert run("sample", out, "--limit", LIMIT, *options, methods="ours").code == 0
    return out


def use_changed(monkeypatch: pytest.MonkeyPatch, folder: Path, layer: str, kind: str, amount: float = 0.03) -> None:
    """Let ``ours`` load weights of which one layer was changed."""
    state = load_file(WEIGHTS)
    weight = state[layer].float()
    noise = torch.randn(weight.shape, generator=torch.Generator().manual_seed(0))
    state[layer] = weight * (1 + amount) if kind == "scaled" else weight + amount * weight.std() * noise
    with safe_open(WEIGHTS, framework="pt") as file:
        metadata = file.metadata()
    save_file(state, folder / WEIGHTS.name, metadata)
    monkeypatch.setattr(reference_model, "WEIGHTS", folder)


@pytest.mark.parametrize("layer", MAIN_PATH)
def test_layer_scaled_by_three_per_cent_is_regressed(
    reference: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layer: str
) -> None:
    use_changed(monkeypatch, tmp_path, layer, "scaled")
    result = call("check", rerun(tmp_path / "run"), "--against", reference)
    assert result.exit_code == 1
    assert "regressed: ours, PSNR: " in result.stdout
    assert "note: ours has other weights: sha256 " in result.stdout


def test_noise_of_three_per_cent_in_a_block_loses_nothing_and_is_noted(
    reference: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PSNR moves by less than 0.005 dB, as often up as down: other weights, but no regression."""
    use_changed(monkeypatch, tmp_path, BLOCK, "noise")
    result = call("check", rerun(tmp_path / "run"), "--against", reference)
    assert result.exit_code == 0
    assert "note: ours has other weights: sha256 " in result.stdout


def test_much_noise_in_a_block_is_regressed(reference: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_changed(monkeypatch, tmp_path, BLOCK, "noise", amount=1.0)
    assert check_command(rerun(tmp_path / "run"), reference) == 1


@pytest.mark.parametrize(
    ("threads", "batch"), [(1, 16), (2, 16), (4, 16), (1, 1), (2, 7), (4, 24)], ids=lambda value: str(value)
)
def test_reruns_hold_whatever_the_threads_and_batches(
    reference: Path, tmp_path: Path, threads: int, batch: int
) -> None:
    torch.set_num_threads(threads)
    try:
        out = rerun(tmp_path / "run", "--batch-size", batch)
    finally:
        torch.set_num_threads(1)
    assert check_command(out, reference) == 0
    done, held = RunData.load(out), read(reference)
    assert not any(check(done, held, reference, seed).red for seed in range(1, 20))
