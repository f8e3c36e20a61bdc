"""A run imports what its metrics need, and no more: imports are a third of the time of a small run."""

from __future__ import annotations

from pathlib import Path

import pytest
from made.forked import run_python

UNNEEDED = (
    "distributed", "dlib", "huggingface_hub", "onnxruntime", "pyiqa", "skimage", "sklearn", "spandrel",
    "torch._dynamo", "torch_fidelity",
)  # fmt: skip
CODE = """
import sys
from fsrbench.cli.app import app
app(sys.argv[1:], standalone_mode=False)
print("imported:", *sorted(sys.modules))
"""


@pytest.mark.heavy
def test_metrics_without_networks_import_none_of_their_packages(tmp_path: Path) -> None:
    command = ["run", "--offline", "--methods", "nearest", "--metrics", "psnr,ssim", "--limit", "2", "--device", "cpu"]
    done = run_python(CODE, *command, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    imported = done.stdout.partition("imported:")[2].split()
    assert "torch" in imported
    assert [name for name in UNNEEDED if name in imported] == []
