"""Throughput with one process and with two workers of a local cluster."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import Row

FSRBENCH = Path(sys.executable).with_name("fsrbench")
METHODS, METRICS = "ours,scgan,bicubic", "psnr,ssim,detection,landmark_nme,verification"


def measure() -> list[Row]:
    """Images a second, start-up and summary included."""
    rows = []
    for workers in (0, 1, 2):
        with tempfile.TemporaryDirectory() as folder:
            command = [FSRBENCH, "run", "--offline", "--methods", METHODS, "--metrics", METRICS, "--device", "cpu"]
            more = ["--workers", str(workers)] if workers else []
            start = time.perf_counter()
            subprocess.run([*map(str, command), *more, "--out", f"{folder}/run"], check=True, capture_output=True)
            seconds = time.perf_counter() - start
        name = f"{workers} workers" if workers else "One process"
        rows.append(
            Row(name, f"{3 * 192 / seconds:.1f} images/s", "", f"{METHODS} on the sample; {METRICS}; {seconds:.0f} s")
        )
    return rows
