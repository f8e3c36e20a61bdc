"""Throughput of one process and of one and two workers of a local cluster."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import Row

FSRBENCH = Path(sys.executable).with_name("fsrbench")
METHODS, METRICS = "ours,scgan,bicubic", "psnr,ssim,detection,landmark_nme,verification"
IMAGES = 3 * 192


def measure() -> list[Row]:
    """SR images a second, start-up and summary included."""
    rows = []
    for name, options in (("One process", []), ("One worker", ["--workers", "1"]), ("Two workers", ["--workers", "2"])):
        seconds = _seconds(options)
        how = f"{METHODS} on the sample; {METRICS}; start-up and all, {seconds:.0f} s"
        rows.append(Row(name, f"{IMAGES / seconds:.1f} images/s", "", how))
    return rows


def _seconds(options: list[str]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        command = [FSRBENCH, "run", "--offline", "--methods", METHODS, "--metrics", METRICS, "--device", "cpu"]
        start = time.perf_counter()
        subprocess.run([*map(str, command), *options, "--out", f"{folder}/run"], check=True, capture_output=True)
        return time.perf_counter() - start
