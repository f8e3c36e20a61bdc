"""Memory and time of runs of 1,000, 10,000 and 100,000 images, made as they are read."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from bench import Row

SIZES = tuple(int(n) for n in os.environ.get("FSRBENCH_SIZES", "1000,10000,100000").split(","))
RUN = """
import resource, sys, time
sys.path.insert(0, sys.argv[1])
import made_faces
made_faces.install(int(sys.argv[2]))
from fsrbench.console import Reporter
from fsrbench.pipeline import run
from fsrbench.spec import parse_spec
metrics = ("psnr", "ssim", "fid_face", "kid_face")
start = time.perf_counter()
run(parse_spec(methods=("bicubic",), data="made", metrics=metrics, out=sys.argv[3], device="cpu"), Reporter())
print("TOLD", time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
"""


def measure() -> list[Row]:
    """A row a size."""
    return [_row(size) for size in SIZES]


def _row(size: int) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", RUN, str(Path(__file__).parent), str(size), f"{folder}/run"]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"TOLD (\S+) (\S+)", told)
    assert found is not None
    seconds, gigabytes = map(float, found.groups())
    how = f"bicubic; psnr, ssim, fid_face, kid_face on descriptors that cost nothing; {seconds:.0f} s in all"
    value = f"{gigabytes:.2f} GiB, {1000 * seconds / size:.1f} ms an image"
    return Row(f"{size:,} images", value, "under 2.5 GiB, flat", how)
