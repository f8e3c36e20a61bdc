"""One finished run for all trackers, with a grid, plots, pictures and a metric that has no number."""

from __future__ import annotations

from pathlib import Path

import pytest

import fsrbench
from fsrbench import RunData


@pytest.fixture(autouse=True)
def _nothing_leaves(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """MLflow and wandb report their use to their makers, if they may."""
    monkeypatch.setenv("DO_NOT_TRACK", "true")
    monkeypatch.setenv("WANDB_ERROR_REPORTING", "false")
    for name in ("MLFLOW_TRACKING_URI", "WANDB_API_KEY", "WANDB_MODE", "WANDB_DIR", "TENSORBOARD_LOGGING_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunData:
    """FID has no number on six images."""
    out = tmp_path_factory.mktemp("logged") / "faces"
    metrics = ["psnr", "ssim", "kid_face", "grid_artefacts"]
    return fsrbench.evaluate(
        ["bicubic", "nearest"], metrics=metrics, limit=6, out=out, progress=False, device="cpu", save_images=True
    )
