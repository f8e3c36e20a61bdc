"""Memory and time of runs of 1,000, 10,000 and 100,000 images, made as they are read."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from bench import Row

SIZES = tuple(int(n) for n in os.environ.get("FSRBENCH_SIZES", "100,1000,10000,100000").split(","))
WIDE = 40_000
"""Images whose 2048 activations are more than is kept in memory."""
RUN = """
import json, resource, sys, time
sys.path.insert(0, sys.argv[1])
import made_faces
made_faces.install(int(sys.argv[2]))
from fsrbench.machine.console import Reporter
from fsrbench.benchmark import compute
from fsrbench.spec import parse_spec
metrics = sys.argv[4].split(",")
start = time.perf_counter()
compute(parse_spec(methods=("bicubic",), data="made", metrics=metrics, out=sys.argv[3], device="cpu"), Reporter())
seconds = json.load(open(sys.argv[3] + "/manifest.json"))["seconds"]
most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print("TOLD", time.perf_counter() - start, seconds["scoring"], most / 2**20)
"""


def measure() -> list[Row]:
    """A row a size."""
    cheap = "psnr,ssim,fid_face,kid_face"
    rows = [_row(size, cheap, "descriptors that cost nothing") for size in SIZES]
    return [*rows, _row(WIDE, "psnr,ssim,fid,kid", "2048 activations that cost nothing")]


def _row(size: int, metrics: str, features: str) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", RUN, str(Path(__file__).parent), str(size), f"{folder}/run", metrics]
        printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"TOLD (\S+) (\S+) (\S+)", printed)
    assert found is not None
    seconds, scoring, gigabytes = map(float, found.groups())
    how = f"bicubic; {metrics.replace(',', ', ')} on {features}; {seconds:.0f} s in all"
    value = f"{gigabytes:.2f} GiB, {1000 * scoring / size:.1f} ms an image"
    return Row(f"{size:,} images", value, "under 2.5 GiB, flat", how)
