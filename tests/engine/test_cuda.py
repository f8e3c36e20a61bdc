"""Runs on a GPU: the CPU's scores within a tolerance, its own exactly. Skipped where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from made import Finished, run

from fsrbench.process.torch_state import standardise

METHODS = "bicubic,ours,scgan"
PSNR, SSIM = 0.01, 1e-4
"""How far a score may be from the CPU's: a rounding of the network's output moves pixels by one grey level."""

needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")


def on(device: str, out: Path, *options: object) -> Finished:
    return run("sample", out, "--limit", 40, "--device", device, *options, methods=METHODS)


@needs_cuda
def test_scores_are_the_cpus(tmp_path: Path) -> None:
    cpu, cuda = on("cpu", tmp_path / "cpu"), on("cuda", tmp_path / "cuda")
    for method in METHODS.split(","):
        for metric, tolerance in (("psnr", PSNR), ("ssim", SSIM)):
            assert cuda.values(method, metric) == pytest.approx(cpu.values(method, metric), abs=tolerance), method


@needs_cuda
def test_scores_are_the_same_again_and_for_other_batches(tmp_path: Path) -> None:
    first, again = on("cuda", tmp_path / "first"), on("cuda", tmp_path / "again")
    assert first.scores.equals(again.scores)
    single = on("cuda", tmp_path / "single", "--batch-size", 1)
    for method in METHODS.split(","):
        assert single.values(method) == pytest.approx(first.values(method), abs=PSNR), method


def test_arithmetic_is_exact_and_repeatable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", True)
    standardise(0)
    assert not torch.backends.cudnn.allow_tf32
    assert not torch.backends.cuda.matmul.allow_tf32
    assert not torch.backends.cudnn.benchmark
    assert torch.backends.cudnn.deterministic
