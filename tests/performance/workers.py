"""Throughput of one process and of one and two workers of a local cluster."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import Row

from fsrbench.datasets import open_dataset

FSRBENCH = Path(sys.executable).with_name("fsrbench")
METHODS, METRICS = "ours", "psnr,ssim,detection,landmark_nme,verification"
COPIES = 2
"""Of the sample: six shards, beside which starting processes counts for less."""


def measure() -> list[Row]:
    """SR images a second, start-up and summary included."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        images = len(METHODS.split(",")) * _copy(Path(name) / "data")
        for row, options in (("One process", []), ("One worker", [1]), ("Two workers", [2])):
            seconds = _seconds(Path(name), [f"--workers={count}" for count in options])
            how = f"{METHODS} on {images} images; {METRICS}; start-up and all, {seconds:.0f} s"
            rows.append(Row(row, f"{images / seconds:.1f} images/s", "", how))
    return rows


def _copy(folder: Path) -> int:
    """Copies of the sample under different names, and how many pictures they are."""
    samples = [sample for sample in open_dataset("sample") if sample.hr]
    for copy in range(COPIES):
        for sample in samples:
            path = folder / f"{copy}{sample.id}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            assert sample.hr is not None
            path.write_bytes(sample.hr.read())
    return COPIES * len(samples)


def _seconds(folder: Path, options: list[str]) -> float:
    with tempfile.TemporaryDirectory(dir=folder) as out:
        command = [FSRBENCH, "run", "--offline", "--methods", METHODS, "--metrics", METRICS, "--device", "cpu"]
        start = time.perf_counter()
        subprocess.run(
            [*map(str, command), *options, "--data", f"{folder}/data", "--out", f"{out}/run"],
            check=True,
            capture_output=True,
        )
        return time.perf_counter() - start
