"""``fsrbench run``: what its flags leave open."""

from __future__ import annotations

from pathlib import Path

import pytest
from made import call


def test_without_out_the_run_is_in_runs_latest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = call("run", "--methods", "bicubic", "--limit", 2, "--metrics", "psnr", "--device", "cpu")
    assert result.exit_code == 0
    assert (tmp_path / "runs" / "latest" / "summary.csv").is_file()
    assert "run folder: runs/latest" in result.output
