"""A run that is asked for again, and one to which a metric is added."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import Row

FSRBENCH = Path(sys.executable).with_name("fsrbench")


def measure() -> list[Row]:
    """Seconds of whole commands."""
    with tempfile.TemporaryDirectory() as folder:
        first = _run(folder, "psnr,ssim,detection,verification")
        again = min(_run(folder, "psnr,ssim,detection,verification") for _ in range(3))
        added = _run(folder, "psnr,ssim,detection,verification,landmark_nme")
    how = "ours and scgan on the sample; psnr, ssim, detection, verification"
    return [
        Row("An unchanged finished run again", f"{again:.1f} s", "under 3 s", f"{how}; the first time {first:.0f} s"),
        Row("One metric added", f"{added:.1f} s", "", "the same and landmark_nme"),
    ]


def _run(folder: str, metrics: str) -> float:
    command = [FSRBENCH, "run", "--offline", "--methods", "ours,scgan", "--metrics", metrics, "--device", "cpu"]
    start = time.perf_counter()
    subprocess.run([*map(str, command), "--out", f"{folder}/run"], check=True, capture_output=True)
    return time.perf_counter() - start
